"""What customers were told of their visits and asked for, how they want to be told, and calendar feeds."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit.db import Base, Tenanted, tenant_fk


class VisitMessage(Base, Tenanted):
    """A customer was told something of a visit, once for each kind, mark and channel. `mark`: the time it is about."""

    __tablename__ = "visit_messages"
    job_id: Mapped[int] = mapped_column(BigInteger)
    visit_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)  # booked, changed, reminder, cancelled, on_the_way, summary
    mark: Mapped[str] = mapped_column(Text, default="")
    channel: Mapped[str] = mapped_column(Text)  # email, sms
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    told_start: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # the arrival window told
    told_end: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("uq_visit_messages_once", "tenant_id", "visit_id", "kind", "mark", "channel", unique=True),
        Index("ix_visit_messages_job_id", "tenant_id", "job_id"),
        Index("ix_visit_messages_message_id", "tenant_id", "message_id"),
        CheckConstraint("channel in ('email', 'sms')", name="channel"),
        tenant_fk("job_id", table="dispatch_jobs"),
        tenant_fk("visit_id", table="visits"),
        tenant_fk("message_id", table="messages"),
    )


class VisitRequest(Base, Tenanted):
    """What a customer asked for on a link: another time, or that the visit is cancelled."""

    __tablename__ = "visit_requests"
    job_id: Mapped[int] = mapped_column(BigInteger)
    visit_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)  # move, cancel
    note: Mapped[str] = mapped_column(Text, default="")
    from_start: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    to_start: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    status: Mapped[str] = mapped_column(Text)  # done by itself, open until the office decides, decided
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_visit_requests_job_id", "tenant_id", "job_id"),
        Index("ix_visit_requests_visit_id", "tenant_id", "visit_id"),
        Index("ix_visit_requests_open", "tenant_id", "id", postgresql_where=text("status = 'open'")),
        CheckConstraint("kind in ('move', 'cancel')", name="kind"),
        CheckConstraint("status in ('done', 'open', 'decided')", name="status"),
        tenant_fk("job_id", table="dispatch_jobs"),
        tenant_fk("visit_id", table="visits"),
    )


class ContactChoice(Base, Tenanted):
    """How a customer wants to be told of visits; the latest one holds. Without one: by mail and by text message."""

    __tablename__ = "contact_choices"
    customer_id: Mapped[int] = mapped_column(BigInteger)
    email: Mapped[bool] = mapped_column(Boolean, default=True)
    sms: Mapped[bool] = mapped_column(Boolean, default=True)
    chosen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    chosen_by: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_contact_choices_customer_id", "tenant_id", "customer_id", "id"),
        tenant_fk("customer_id", table="customers"),
    )


class CalendarFeed(Base, Tenanted):
    """A secret address at which a calendar program reads visits: a technician's, or the company's (None)."""

    __tablename__ = "calendar_feeds"
    technician_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text, default="")
    token_hash: Mapped[bytes] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text, default="")
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("uq_calendar_feeds_token", "tenant_id", "token_hash", unique=True),
        Index("ix_calendar_feeds_technician_id", "tenant_id", "technician_id"),
        tenant_fk("technician_id", table="technicians"),
    )

"""Promises by the clock: holidays, policies, each job's clocks, and those that ran out."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit.db import Base, Stamped, Tenanted, related, tenant_fk


class Holiday(Base, Tenanted):
    """A day without business hours."""

    __tablename__ = "holidays"
    on_date: Mapped[date] = mapped_column(Date)
    name: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index("uq_holidays_on_date", "tenant_id", "on_date", unique=True),)


class SlaPolicy(Base, Tenanted, Stamped):
    """How soon a job must be answered and done. The first by `position` that fits a job is its policy."""

    __tablename__ = "sla_policies"
    name: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer)
    priority: Mapped[str | None] = mapped_column(Text)  # None: any
    job_type: Mapped[str | None] = mapped_column(Text)
    response_minutes: Mapped[int | None] = mapped_column(Integer)  # to acknowledged
    resolution_minutes: Mapped[int | None] = mapped_column(Integer)  # to completed
    business_hours: Mapped[bool] = mapped_column(Boolean, default=True)  # count only those
    warn_percent: Mapped[int] = mapped_column(SmallInteger, default=80)  # of the time gone
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    __table_args__ = (
        Index("ix_sla_policies_position", "tenant_id", "position", "id"),
        Index("ix_sla_policies_updated_at", "tenant_id", "updated_at"),
        CheckConstraint("response_minutes > 0 and resolution_minutes > 0", name="minutes"),
        CheckConstraint("num_nonnulls(response_minutes, resolution_minutes) > 0", name="something"),
        CheckConstraint("warn_percent between 1 and 99", name="warn"),
    )


class SlaClock(Base):
    """The two clocks of a job. Both pause while it is on hold; each stops when it is met."""

    __tablename__ = "sla_clocks"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    policy_id: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    response_warn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    response_due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    response_met_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resolution_warn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resolution_due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resolution_met_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    paused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    paused_minutes: Mapped[int] = mapped_column(Integer, default=0)  # as the policy counts minutes
    warned: Mapped[list[str]] = mapped_column(JSONB, default=list)  # response, resolution
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # cancelled
    policy = related("SlaPolicy", "SlaClock.policy_id")
    __table_args__ = (
        Index("ix_sla_clocks_policy_id", "tenant_id", "policy_id"),
        Index("ix_sla_clocks_response_due_at", "tenant_id", "response_due_at",
              postgresql_where=text("response_met_at is null and ended_at is null")),
        Index("ix_sla_clocks_resolution_due_at", "tenant_id", "resolution_due_at",
              postgresql_where=text("resolution_met_at is null and ended_at is null")),
        Index("ix_sla_clocks_response_warn_at", "tenant_id", "response_warn_at",
              postgresql_where=text("response_met_at is null and ended_at is null")),
        Index("ix_sla_clocks_resolution_warn_at", "tenant_id", "resolution_warn_at",
              postgresql_where=text("resolution_met_at is null and ended_at is null")),
        Index("ix_sla_clocks_started_at", "tenant_id", "started_at", "job_id"),
        tenant_fk("job_id", table="dispatch_jobs"),
        tenant_fk("policy_id", table="sla_policies"),
    )  # fmt: skip


class SlaViolation(Base, Tenanted):
    """A clock that ran out."""

    __tablename__ = "sla_violations"
    job_id: Mapped[int] = mapped_column(BigInteger)
    policy_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)  # response, resolution
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    breached_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # when it was noticed
    met_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    late_minutes: Mapped[int | None] = mapped_column(Integer)  # known once met
    technician_id: Mapped[int | None] = mapped_column(BigInteger)
    excused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    excuse: Mapped[str] = mapped_column(Text, default="")
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    policy = related("SlaPolicy", "SlaViolation.policy_id")
    job = related("DispatchJob", "SlaViolation.job_id")
    __table_args__ = (
        Index("uq_sla_violations_job", "tenant_id", "job_id", "kind", "due_at", unique=True),
        Index("ix_sla_violations_due_at", "tenant_id", "due_at", "id"),
        Index("ix_sla_violations_policy_id", "tenant_id", "policy_id"),
        Index("ix_sla_violations_technician_id", "tenant_id", "technician_id"),
        Index("ix_sla_violations_updated_at", "tenant_id", "updated_at"),
        CheckConstraint("kind in ('response', 'resolution')", name="kind"),
        tenant_fk("job_id", table="dispatch_jobs"),
        tenant_fk("policy_id", table="sla_policies"),
        tenant_fk("technician_id", table="technicians"),
    )

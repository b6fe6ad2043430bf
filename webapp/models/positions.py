"""Where technicians are and who is told: positions, customers' links, push subscriptions, found addresses."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit.db import Base, Tenanted, tenant_fk


class TechnicianPosition(Base):
    """Where a technician was last seen, while clocked in and with consent."""

    __tablename__ = "technician_positions"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    technician_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    latitude: Mapped[Any] = mapped_column(Numeric(9, 6))
    longitude: Mapped[Any] = mapped_column(Numeric(9, 6))
    speed_tenths: Mapped[int | None] = mapped_column(Integer)  # of a mile an hour
    heading: Mapped[int | None] = mapped_column(SmallInteger)  # degrees from north
    accuracy_metres: Mapped[int | None] = mapped_column(Integer)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    visit_id: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (
        Index("ix_technician_positions_visit_id", "tenant_id", "visit_id"),
        tenant_fk("technician_id", table="technicians"),
        tenant_fk("visit_id", table="visits"),
    )


class PositionReport(Base, Tenanted):
    """The trail of a day, kept 30 days."""

    __tablename__ = "position_reports"
    technician_id: Mapped[int] = mapped_column(BigInteger)
    latitude: Mapped[Any] = mapped_column(Numeric(9, 6))
    longitude: Mapped[Any] = mapped_column(Numeric(9, 6))
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_position_reports_technician_id", "tenant_id", "technician_id", "seen_at"),
        Index("ix_position_reports_seen_at", "tenant_id", "seen_at"),
        tenant_fk("technician_id", table="technicians"),
    )


class VisitLink(Base, Tenanted):
    """A customer's link to one visit: confirm, move, and follow the technician. Dead once `ends_at` has passed."""

    __tablename__ = "visit_links"
    visit_id: Mapped[int] = mapped_column(BigInteger)
    purpose: Mapped[str] = mapped_column(Text)  # visit (confirm, move), track, summary
    token_hash: Mapped[bytes] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("uq_visit_links_token", "tenant_id", "token_hash", unique=True),
        Index("ix_visit_links_visit_id", "tenant_id", "visit_id"),
        CheckConstraint("purpose in ('visit', 'track', 'summary')", name="purpose"),
        tenant_fk("visit_id", table="visits"),
    )


class PushSubscription(Base, Tenanted):
    """A browser that wants to be told (Web Push, RFC 8030). Keys and address are encrypted."""

    __tablename__ = "push_subscriptions"
    user_id: Mapped[int] = mapped_column(BigInteger)
    endpoint_hash: Mapped[bytes] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    user_agent: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    failed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("uq_push_subscriptions_endpoint", "tenant_id", "endpoint_hash", unique=True),
        Index("ix_push_subscriptions_user_id", "tenant_id", "user_id"),
        tenant_fk("user_id", table="users"),
    )


class PushKey(Base):
    """The key pair by which push services know the company (VAPID, RFC 8292). The private key is encrypted."""

    __tablename__ = "push_keys"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    public_key: Mapped[str] = mapped_column(Text)  # the point, base64url: what browsers subscribe with
    sealed: Mapped[bytes] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Geocode(Base):
    """Where an address is, as once found out."""

    __tablename__ = "geocodes"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    address_hash: Mapped[bytes] = mapped_column(primary_key=True)
    latitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))  # None: the geocoder does not know it
    longitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    source: Mapped[str] = mapped_column(Text)
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

"""When and from where technicians work: shifts, on-call turns, blocks on their lanes; and planned routes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit.db import Base, Stamped, Tenanted, related, tenant_fk


class DispatchProfile(Base, Stamped):
    """How a technician is dispatched: where the day starts and ends, lunch, and consent to positions."""

    __tablename__ = "dispatch_profiles"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    technician_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    start_address: Mapped[str] = mapped_column(Text, default="")
    latitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))  # of the start
    longitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    end_address: Mapped[str] = mapped_column(Text, default="")  # empty: where the day started
    end_latitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    end_longitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    lunch_minutes: Mapped[int] = mapped_column(Integer, default=30)  # 0: none
    lunch_from: Mapped[int] = mapped_column(SmallInteger, default=660)  # minutes after midnight, local
    lunch_until: Mapped[int] = mapped_column(SmallInteger, default=840)
    dispatched: Mapped[bool] = mapped_column(Boolean, default=True)  # has a lane on the board
    position: Mapped[int] = mapped_column(Integer, default=0)  # of the lane
    consent_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True)
    )  # to positions while clocked in
    consent_withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    technician = related("Technician", "DispatchProfile.technician_id")
    __table_args__ = (
        CheckConstraint("lunch_minutes between 0 and 240", name="lunch"),
        CheckConstraint("lunch_from between 0 and 1440 and lunch_until between lunch_from and 1440",
                        name="lunch_window"),
        tenant_fk("technician_id", table="technicians"),
    )  # fmt: skip


class Shift(Base, Tenanted, Stamped):
    """Working hours: every week on a weekday from a day until a day, or instead of those on one day."""

    __tablename__ = "shifts"
    technician_id: Mapped[int] = mapped_column(BigInteger)
    weekday: Mapped[int | None] = mapped_column(SmallInteger)  # 0 Monday … 6 Sunday
    on_date: Mapped[date | None] = mapped_column(Date)  # this day only, in place of the weekly ones
    starts_minute: Mapped[int] = mapped_column(SmallInteger)  # after midnight, local time
    ends_minute: Mapped[int] = mapped_column(
        SmallInteger
    )  # past 1440: into the next day; equal: off that day
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)  # inclusive
    technician = related("Technician", "Shift.technician_id")
    __table_args__ = (
        Index("ix_shifts_technician_id", "tenant_id", "technician_id", "weekday"),
        Index("ix_shifts_on_date", "tenant_id", "on_date"),
        CheckConstraint("weekday between 0 and 6", name="weekday"),
        CheckConstraint("num_nonnulls(weekday, on_date) = 1", name="when"),
        CheckConstraint("starts_minute between 0 and 1440 and ends_minute between starts_minute and 2880",
                        name="minutes"),
        tenant_fk("technician_id", table="technicians"),
    )  # fmt: skip


class OnCallTurn(Base, Tenanted, Stamped):
    """Who answers emergencies outside business hours."""

    __tablename__ = "on_call_turns"
    technician_id: Mapped[int] = mapped_column(BigInteger)
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    note: Mapped[str] = mapped_column(Text, default="")
    technician = related("Technician", "OnCallTurn.technician_id")
    __table_args__ = (
        Index("ix_on_call_turns_starts_at", "tenant_id", "starts_at"),
        Index("ix_on_call_turns_technician_id", "tenant_id", "technician_id", "starts_at"),
        CheckConstraint("ends_at > starts_at", name="order"),
        tenant_fk("technician_id", table="technicians"),
    )


class LaneBlock(Base, Tenanted, Stamped):
    """Time on a technician's lane that is no job: lunch, a parts run, a meeting, time off."""

    __tablename__ = "lane_blocks"
    technician_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text, default="")
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    status: Mapped[str] = mapped_column(Text, default="approved")  # requested, approved, declined (time off)
    note: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(Integer, default=1)
    technician = related("Technician", "LaneBlock.technician_id")
    __table_args__ = (
        Index("ix_lane_blocks_technician_id", "tenant_id", "technician_id", "starts_at"),
        Index("ix_lane_blocks_starts_at", "tenant_id", "starts_at"),
        CheckConstraint(
            "kind in ('lunch', 'parts_run', 'meeting', 'training', 'time_off', 'other')", name="kind"
        ),
        CheckConstraint("status in ('requested', 'approved', 'declined')", name="status"),
        CheckConstraint("ends_at > starts_at", name="order"),
        tenant_fk("technician_id", table="technicians"),
    )


class RoutePlan(Base, Tenanted, Stamped):
    """A proposed day: what it would change and save, accepted whole or per technician, or not at all."""

    __tablename__ = "route_plans"
    on_date: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(
        Text, default="queued"
    )  # queued, planning, ready, accepted, discarded, failed
    request: Mapped[dict[str, Any]] = mapped_column(
        JSONB, default=dict
    )  # technicians, from when, what to keep
    proposal: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB
    )  # per technician: stops, minutes, metres; unassigned
    before_minutes: Mapped[int | None] = mapped_column(Integer)  # of driving
    after_minutes: Mapped[int | None] = mapped_column(Integer)
    before_metres: Mapped[int | None] = mapped_column(Integer)
    after_metres: Mapped[int | None] = mapped_column(Integer)
    engine: Mapped[str] = mapped_column(Text, default="")
    error: Mapped[str] = mapped_column(Text, default="")
    job_id: Mapped[int | None] = mapped_column(BigInteger)  # the work that plans it, for its progress
    base_seq: Mapped[int | None] = mapped_column(BigInteger)  # the journal's event it was planned from
    accepted_for: Mapped[list[int]] = mapped_column(JSONB, default=list)  # technician ids
    asked_by: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_route_plans_on_date", "tenant_id", "on_date", "id"),
        Index("ix_route_plans_updated_at", "tenant_id", "updated_at"),
        CheckConstraint(
            "status in ('queued', 'planning', 'ready', 'accepted', 'discarded', 'failed')", name="status"
        ),
    )

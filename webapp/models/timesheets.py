"""When technicians work: time entries, breaks, corrections, time sheets, and the time each visit took."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Index,
    Integer,
    Numeric,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit.db import Base, Stamped, Tenanted, related, tenant_fk


class TimeSheet(Base, Tenanted, Stamped):
    """A technician's week, submitted and approved as a whole."""

    __tablename__ = "time_sheets"
    technician_id: Mapped[int] = mapped_column(BigInteger)
    week_start: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(Text, default="open")  # open, submitted, approved
    minutes: Mapped[int | None] = mapped_column(Integer)  # worked, frozen with the approval
    submitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    note: Mapped[str] = mapped_column(Text, default="")  # why it was sent back
    technician = related("Technician", "TimeSheet.technician_id")
    __table_args__ = (
        Index("uq_time_sheets_week", "tenant_id", "technician_id", "week_start", unique=True),
        Index("ix_time_sheets_week_start", "tenant_id", "week_start"),
        Index("ix_time_sheets_decided_by", "tenant_id", "decided_by"),
        CheckConstraint("status in ('open', 'submitted', 'approved')", name="status"),
        tenant_fk("technician_id", table="technicians"),
        tenant_fk("decided_by", table="users"),
    )


class TimeEntry(Base, Tenanted, Stamped):
    """From clocking in to clocking out; `clock_out` None means still in. Minutes are (out - in) - breaks."""

    __tablename__ = "time_entries"
    technician_id: Mapped[int] = mapped_column(BigInteger)
    clock_in: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    clock_out: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    break_minutes: Mapped[int] = mapped_column(Integer, default=0)  # unpaid, ended breaks
    break_started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    latitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))  # where they clocked in
    longitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    out_latitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    out_longitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    notes: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(Text, default="phone")  # phone, api, office, correction
    flag: Mapped[str] = mapped_column(Text, default="")  # missing_clock_out, clock_skew, long_day
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # by an approved correction
    technician = related("Technician", "TimeEntry.technician_id")
    __table_args__ = (
        Index("ix_time_entries_technician_id", "tenant_id", "technician_id", "clock_in"),
        Index("ix_time_entries_clock_in", "tenant_id", "clock_in", "id"),
        Index("ix_time_entries_updated_at", "tenant_id", "updated_at"),
        Index("uq_time_entries_open", "tenant_id", "technician_id", unique=True,
              postgresql_where=text("clock_out is null and removed_at is null")),
        CheckConstraint("clock_out > clock_in", name="order"),
        CheckConstraint("break_minutes >= 0", name="breaks"),
        tenant_fk("technician_id", table="technicians"),
    )  # fmt: skip


class TimeBreak(Base, Tenanted):
    """A break within an entry."""

    __tablename__ = "time_breaks"
    entry_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text, default="lunch")  # lunch, rest
    paid: Mapped[bool] = mapped_column(Boolean, default=False)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_time_breaks_entry_id", "tenant_id", "entry_id"),
        CheckConstraint("kind in ('lunch', 'rest')", name="kind"),
        CheckConstraint("ended_at >= started_at", name="order"),
        tenant_fk("entry_id", table="time_entries", ondelete="CASCADE"),
    )


class TimeCorrection(Base, Tenanted, Stamped):
    """What somebody asks to be changed about their time, and what was decided. No entry: one that is missing."""

    __tablename__ = "time_corrections"
    technician_id: Mapped[int] = mapped_column(BigInteger)
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    clock_in: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # None with remove
    clock_out: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    break_minutes: Mapped[int] = mapped_column(Integer, default=0)
    remove: Mapped[bool] = mapped_column(Boolean, default=False)
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, default="pending")  # pending, approved, rejected
    requested_by: Mapped[int | None] = mapped_column(BigInteger)
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decision_note: Mapped[str] = mapped_column(Text, default="")
    technician = related("Technician", "TimeCorrection.technician_id")
    __table_args__ = (
        Index("ix_time_corrections_technician_id", "tenant_id", "technician_id"),
        Index("ix_time_corrections_entry_id", "tenant_id", "entry_id"),
        Index("ix_time_corrections_status", "tenant_id", "status", "id"),
        Index("ix_time_corrections_requested_by", "tenant_id", "requested_by"),
        Index("ix_time_corrections_decided_by", "tenant_id", "decided_by"),
        CheckConstraint("status in ('pending', 'approved', 'rejected')", name="status"),
        CheckConstraint("clock_out > clock_in", name="order"),
        CheckConstraint("break_minutes >= 0", name="breaks"),
        tenant_fk("technician_id", table="technicians"),
        tenant_fk("entry_id", table="time_entries"),
        tenant_fk("requested_by", table="users"),
        tenant_fk("decided_by", table="users"),
    )


class JobTime(Base, Tenanted):
    """What a visit's statuses say a technician did: travel, then work."""

    __tablename__ = "job_times"
    visit_id: Mapped[int] = mapped_column(BigInteger)
    technician_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)  # travel, work
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_job_times_visit_id", "tenant_id", "visit_id"),
        Index("ix_job_times_technician_id", "tenant_id", "technician_id", "started_at"),
        CheckConstraint("kind in ('travel', 'work')", name="kind"),
        CheckConstraint("ended_at >= started_at", name="order"),
        tenant_fk("visit_id", table="visits"),
        tenant_fk("technician_id", table="technicians"),
    )

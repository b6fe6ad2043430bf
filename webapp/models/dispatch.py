"""Jobs, their visits, who is sent, and everything that became of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit import ids
from webapp.kit.db import Base, Stamped, Tenanted, related, tenant_fk

STATUSES = "('pending', 'dispatched', 'acknowledged', 'en_route', 'on_site', 'in_progress', 'completed', 'cancelled')"


class DispatchJob(Base, Tenanted, Stamped):
    """Work for a customer at an address. It has one visit from the start and may need more.

    `status`, `scheduled_*` and `technician_id` (the lead) repeat those of its current visit, the first that is not
    over, so that lists need no join. `window_*` is the arrival window promised to the customer.
    """

    __tablename__ = "dispatch_jobs"
    public_id: Mapped[UUID] = mapped_column(Uuid, default=lambda: ids.uuid4())
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    job_type: Mapped[str] = mapped_column(Text, default="repair")
    priority: Mapped[str] = mapped_column(Text, default="normal")
    status: Mapped[str] = mapped_column(Text, default="pending")
    customer_id: Mapped[int | None] = mapped_column(BigInteger)
    property_id: Mapped[int | None] = mapped_column(BigInteger)
    customer_name: Mapped[str] = mapped_column(Text, default="")
    customer_phone: Mapped[str] = mapped_column(Text, default="")  # E.164
    customer_email: Mapped[str] = mapped_column(Text, default="")
    service_address: Mapped[str] = mapped_column(Text, default="")
    service_unit: Mapped[str] = mapped_column(Text, default="")
    service_city: Mapped[str] = mapped_column(Text, default="")
    service_state: Mapped[str] = mapped_column(Text, default="")
    service_zip: Mapped[str] = mapped_column(Text, default="")
    latitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    longitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    place_source: Mapped[str] = mapped_column(Text, default="")  # zip, geocoder, property, person
    zone_id: Mapped[int | None] = mapped_column(BigInteger)
    expected_minutes: Mapped[int] = mapped_column(Integer, default=60)
    window_start: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    window_end: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    scheduled_start: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    scheduled_end: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    technician_id: Mapped[int | None] = mapped_column(BigInteger)
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # by the customer
    held_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    hold_reason: Mapped[str] = mapped_column(Text, default="")
    hold_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # come back to it then
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancel_reason: Mapped[str] = mapped_column(Text, default="")
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str] = mapped_column(Text, default="")  # what was done, for the after-visit summary
    optional: Mapped[bool] = mapped_column(Boolean, default=False)  # a route plan may leave it out
    price_cents: Mapped[int | None] = mapped_column(BigInteger)  # told to the customer to expect
    tags: Mapped[list[str]] = mapped_column(JSONB, default=list)
    reference: Mapped[str | None] = mapped_column(Text)  # the number another system gave it
    source: Mapped[str] = mapped_column(Text, default="web")  # web, api, phone, recurring, portal
    recurring_id: Mapped[int | None] = mapped_column(BigInteger)
    occurrence_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True)
    )  # when its rule wanted it, wherever it was moved since
    copied_from_id: Mapped[int | None] = mapped_column(BigInteger)
    created_by: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(Integer, default=1)  # counts changes: who saw an older one is told
    customer = related("Customer", "DispatchJob.customer_id")
    technician = related("Technician", "DispatchJob.technician_id")
    zone = related("ServiceZone", "DispatchJob.zone_id")
    __table_args__ = (
        Index("ix_dispatch_jobs_scheduled_start", "tenant_id", "scheduled_start", "id"),
        Index("ix_dispatch_jobs_status", "tenant_id", "status", "scheduled_start"),
        Index("ix_dispatch_jobs_waiting", "tenant_id", "id",
              postgresql_where=text("status = 'pending' or held_at is not null")),
        Index("ix_dispatch_jobs_updated_at", "tenant_id", "updated_at"),
        Index("ix_dispatch_jobs_customer_id", "tenant_id", "customer_id", "id"),
        Index("ix_dispatch_jobs_property_id", "tenant_id", "property_id"),
        Index("ix_dispatch_jobs_technician_id", "tenant_id", "technician_id", "scheduled_start"),
        Index("ix_dispatch_jobs_zone_id", "tenant_id", "zone_id"),
        Index("ix_dispatch_jobs_recurring_id", "tenant_id", "recurring_id"),
        Index("uq_dispatch_jobs_occurrence", "tenant_id", "recurring_id", "occurrence_at", unique=True,
              postgresql_where=text("occurrence_at is not null")),
        Index("ix_dispatch_jobs_copied_from_id", "tenant_id", "copied_from_id"),
        Index("uq_dispatch_jobs_reference", "tenant_id", "reference", unique=True,
              postgresql_where=text("reference is not null")),
        CheckConstraint("job_type in ('repair', 'installation', 'maintenance', 'inspection')", name="job_type"),
        CheckConstraint("priority in ('low', 'normal', 'high', 'urgent')", name="priority"),
        CheckConstraint(f"status in {STATUSES}", name="status"),
        CheckConstraint("expected_minutes between 1 and 1440", name="expected_minutes"),
        CheckConstraint("window_end > window_start", name="window"),
        CheckConstraint("scheduled_end > scheduled_start", name="schedule"),
        CheckConstraint("(window_start is null) = (window_end is null)", name="whole_window"),
        CheckConstraint("(scheduled_start is null) = (scheduled_end is null)", name="whole_schedule"),
        CheckConstraint("price_cents >= 0", name="price"),
        tenant_fk("customer_id", table="customers"),
        tenant_fk("property_id", table="properties"),
        tenant_fk("zone_id", table="service_zones"),
        tenant_fk("technician_id", table="technicians"),
        tenant_fk("recurring_id", table="recurring_jobs"),
        tenant_fk("copied_from_id", table="dispatch_jobs"),
    )  # fmt: skip


class Visit(Base, Tenanted, Stamped):
    """One trip for a job. Its status moves as the contract says; each `*_at` is when that status was reached."""

    __tablename__ = "visits"
    job_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(Integer, default=0)
    status: Mapped[str] = mapped_column(Text, default="pending")
    scheduled_start: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    scheduled_end: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    pinned: Mapped[bool] = mapped_column(Boolean, default=False)  # a route plan leaves it where it is
    reason: Mapped[str] = mapped_column(Text, default="")  # why a further visit is needed
    dispatched_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    acknowledged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    en_route_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    on_site_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    in_progress_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(Integer, default=1)
    job = related("DispatchJob", "Visit.job_id")
    technicians = related("VisitTechnician", "VisitTechnician.visit_id", many=True)
    __table_args__ = (
        Index("uq_visits_position", "tenant_id", "job_id", "position", unique=True),
        Index("ix_visits_scheduled_start", "tenant_id", "scheduled_start", "id"),
        Index("ix_visits_updated_at", "tenant_id", "updated_at"),
        CheckConstraint(f"status in {STATUSES}", name="status"),
        CheckConstraint("scheduled_end > scheduled_start", name="schedule"),
        CheckConstraint("(scheduled_start is null) = (scheduled_end is null)", name="whole_schedule"),
        tenant_fk("job_id", table="dispatch_jobs"),
    )


class VisitTechnician(Base):
    """Somebody sent on a visit. The times repeat the visit's, so that a technician's day is one index range."""

    __tablename__ = "visit_technicians"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    visit_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    technician_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    lead: Mapped[bool] = mapped_column(Boolean, default=True)
    starts_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    override_reason: Mapped[str] = mapped_column(Text, default="")  # why a clash was accepted
    technician = related("Technician", "VisitTechnician.technician_id")
    __table_args__ = (
        Index("ix_visit_technicians_technician_id", "tenant_id", "technician_id", "starts_at"),
        Index(
            "uq_visit_technicians_lead", "tenant_id", "visit_id", unique=True, postgresql_where=text("lead")
        ),
        tenant_fk("visit_id", table="visits", ondelete="CASCADE"),
        tenant_fk("technician_id", table="technicians"),
    )


class JobSkill(Base):
    """A skill a job needs, at least at this level (1 to 5)."""

    __tablename__ = "job_skills"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    skill_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(SmallInteger, default=1)
    skill = related("Skill", "JobSkill.skill_id")
    __table_args__ = (
        Index("ix_job_skills_skill_id", "tenant_id", "skill_id"),
        CheckConstraint("level between 1 and 5", name="level"),
        tenant_fk("job_id", table="dispatch_jobs", ondelete="CASCADE"),
        tenant_fk("skill_id", table="skills"),
    )


class JobStatusChange(Base, Tenanted):
    """A step of a visit, or of the whole job (held, released, reopened): the status history."""

    __tablename__ = "job_status_changes"
    job_id: Mapped[int] = mapped_column(BigInteger)
    visit_id: Mapped[int | None] = mapped_column(BigInteger)
    from_status: Mapped[str] = mapped_column(Text, default="")
    to_status: Mapped[str] = mapped_column(Text)  # a status, or held, released
    passed_over: Mapped[list[str]] = mapped_column(JSONB, default=list)
    happened_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True)
    )  # on the phone, perhaps without signal
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    technician_id: Mapped[int | None] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(Text, default="")
    actor_name: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    latitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    longitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    source: Mapped[str] = mapped_column(Text, default="web")
    __table_args__ = (
        Index("ix_job_status_changes_job_id", "tenant_id", "job_id", "id"),
        Index("ix_job_status_changes_visit_id", "tenant_id", "visit_id"),
        Index("ix_job_status_changes_technician_id", "tenant_id", "technician_id", "happened_at"),
        tenant_fk("job_id", table="dispatch_jobs"),
        tenant_fk("visit_id", table="visits"),
        tenant_fk("technician_id", table="technicians"),
    )


class RecurringJob(Base, Tenanted, Stamped):
    """A job that comes again by an RFC 5545 rule; each occurrence is a job of its own, made ahead.

    The rule is by the wall clock of the company's zone: 9 in the morning stays 9 in the morning across daylight saving.
    """

    __tablename__ = "recurring_jobs"
    title: Mapped[str] = mapped_column(Text)
    template: Mapped[dict[str, Any]] = mapped_column(JSONB)  # what each job is made from
    rule: Mapped[str] = mapped_column(Text)  # FREQ=MONTHLY;BYDAY=1MO
    starts_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True)
    )  # the first one, in the company's zone
    weeks_ahead: Mapped[int] = mapped_column(SmallInteger, default=4)  # how early each job is made
    skipped: Mapped[list[str]] = mapped_column(JSONB, default=list)  # local times left out: 2026-12-25T09:00
    made_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    customer_id: Mapped[int | None] = mapped_column(BigInteger)
    active: Mapped[bool] = mapped_column(Boolean, default=True)  # False: paused, or ended
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_recurring_jobs_customer_id", "tenant_id", "customer_id"),
        Index("ix_recurring_jobs_updated_at", "tenant_id", "updated_at"),
        CheckConstraint("weeks_ahead between 1 and 52", name="weeks_ahead"),
        tenant_fk("customer_id", table="customers"),
    )

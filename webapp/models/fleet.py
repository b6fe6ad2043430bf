"""Where technicians work and with what: service zones, skills, vehicles."""

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
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit.db import Base, Stamped, Tenanted, related, tenant_fk


class ServiceZone(Base, Tenanted, Stamped):
    """An area: a list of ZIP codes (in `zone_zips`), or a polygon drawn on the map. The first by `position` wins."""

    __tablename__ = "service_zones"
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)  # zip, polygon
    polygon: Mapped[list[list[float]] | None] = mapped_column(JSONB)  # [[longitude, latitude], …], not closed
    color: Mapped[str] = mapped_column(Text, default="#2563eb")
    notes: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(Integer, default=0)
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    __table_args__ = (
        Index("uq_service_zones_name", "tenant_id", text("lower(name)"), unique=True,
              postgresql_where=text("not archived")),
        Index("ix_service_zones_position", "tenant_id", "position", "id"),
        Index("ix_service_zones_updated_at", "tenant_id", "updated_at"),
        CheckConstraint("kind in ('zip', 'polygon')", name="kind"),
    )  # fmt: skip


class ZoneZip(Base):
    """A ZIP code of a zone."""

    __tablename__ = "zone_zips"
    tenant_id: Mapped[Any] = mapped_column(Uuid, primary_key=True)
    zip: Mapped[str] = mapped_column(Text, primary_key=True)  # five digits
    zone_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    __table_args__ = (
        Index("ix_zone_zips_zone_id", "tenant_id", "zone_id"),
        tenant_fk("zone_id", table="service_zones", ondelete="CASCADE"),
    )


class TechnicianZone(Base):
    """A technician works in a zone. One without any works everywhere."""

    __tablename__ = "technician_zones"
    tenant_id: Mapped[Any] = mapped_column(Uuid, primary_key=True)
    technician_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    zone_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    __table_args__ = (
        Index("ix_technician_zones_zone_id", "tenant_id", "zone_id"),
        tenant_fk("technician_id", table="technicians"),
        tenant_fk("zone_id", table="service_zones", ondelete="CASCADE"),
    )


class Skill(Base, Tenanted, Stamped):
    """Something one must know or be certified for: EPA 608, gas fitting, backflow testing."""

    __tablename__ = "skills"
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    certified: Mapped[bool] = mapped_column(
        Boolean, default=False
    )  # comes with a certificate that can expire
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    __table_args__ = (
        Index("uq_skills_name", "tenant_id", text("lower(name)"), unique=True),
        Index("ix_skills_updated_at", "tenant_id", "updated_at"),
    )


class TechnicianSkill(Base, Tenanted, Stamped):
    """A skill a technician has, from 1 (helper) to 5 (expert), to a day inclusive where it expires."""

    __tablename__ = "technician_skills"
    technician_id: Mapped[int] = mapped_column(BigInteger)
    skill_id: Mapped[int] = mapped_column(BigInteger)
    level: Mapped[int] = mapped_column(SmallInteger, default=3)
    expires_on: Mapped[date | None] = mapped_column(Date)
    certificate: Mapped[str] = mapped_column(Text, default="")  # its number
    notes: Mapped[str] = mapped_column(Text, default="")
    # the mark reminded of last: the day 60, 30, 7 or 0 days before this expiry
    reminded_for: Mapped[date | None] = mapped_column(Date)
    technician = related("Technician", "TechnicianSkill.technician_id")
    skill = related("Skill", "TechnicianSkill.skill_id")
    __table_args__ = (
        Index("uq_technician_skills_skill", "tenant_id", "technician_id", "skill_id", unique=True),
        Index("ix_technician_skills_skill_id", "tenant_id", "skill_id"),
        Index("ix_technician_skills_expires_on", "tenant_id", "expires_on"),
        Index("ix_technician_skills_updated_at", "tenant_id", "updated_at"),
        CheckConstraint("level between 1 and 5", name="level"),
        tenant_fk("technician_id", table="technicians"),
        tenant_fk("skill_id", table="skills"),
    )


class Vehicle(Base, Tenanted, Stamped):
    """A truck or van. `technician_id` is who drives it now."""

    __tablename__ = "vehicles"
    name: Mapped[str] = mapped_column(Text)  # Truck 12
    plate: Mapped[str] = mapped_column(Text, default="")
    vin: Mapped[str] = mapped_column(Text, default="")
    make: Mapped[str] = mapped_column(Text, default="")
    model: Mapped[str] = mapped_column(Text, default="")
    year: Mapped[int | None] = mapped_column(SmallInteger)
    status: Mapped[str] = mapped_column(Text, default="active")  # active, in_shop, retired
    odometer_miles: Mapped[int] = mapped_column(Integer, default=0)
    odometer_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    technician_id: Mapped[int | None] = mapped_column(BigInteger)
    latitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    longitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    position_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    notes: Mapped[str] = mapped_column(Text, default="")
    technician = related("Technician", "Vehicle.technician_id")
    __table_args__ = (
        Index("uq_vehicles_name", "tenant_id", text("lower(name)"), unique=True),
        Index("uq_vehicles_technician_id", "tenant_id", "technician_id", unique=True,
              postgresql_where=text("technician_id is not null")),
        Index("ix_vehicles_technician_id", "tenant_id", "technician_id"),
        Index("ix_vehicles_updated_at", "tenant_id", "updated_at"),
        CheckConstraint("status in ('active', 'in_shop', 'retired')", name="status"),
        CheckConstraint("odometer_miles >= 0", name="odometer"),
        tenant_fk("technician_id", table="technicians"),
    )  # fmt: skip


class VehicleDriver(Base, Tenanted):
    """Who drove a vehicle from when until when."""

    __tablename__ = "vehicle_drivers"
    vehicle_id: Mapped[int] = mapped_column(BigInteger)
    technician_id: Mapped[int] = mapped_column(BigInteger)
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    technician = related("Technician", "VehicleDriver.technician_id")
    __table_args__ = (
        Index("ix_vehicle_drivers_vehicle_id", "tenant_id", "vehicle_id", "starts_at"),
        Index("ix_vehicle_drivers_technician_id", "tenant_id", "technician_id", "starts_at"),
        tenant_fk("vehicle_id", table="vehicles"),
        tenant_fk("technician_id", table="technicians"),
    )


class MaintenancePlan(Base, Tenanted, Stamped):
    """What a vehicle needs again and again: every so many miles, days, or whichever comes first."""

    __tablename__ = "maintenance_plans"
    vehicle_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)  # Oil change
    every_miles: Mapped[int | None] = mapped_column(Integer)
    every_days: Mapped[int | None] = mapped_column(Integer)
    last_done_on: Mapped[date | None] = mapped_column(Date)
    last_done_miles: Mapped[int | None] = mapped_column(Integer)
    due_on: Mapped[date | None] = mapped_column(Date)
    due_miles: Mapped[int | None] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    reminded_on: Mapped[date | None] = mapped_column(Date)
    vehicle = related("Vehicle", "MaintenancePlan.vehicle_id")
    __table_args__ = (
        Index("ix_maintenance_plans_vehicle_id", "tenant_id", "vehicle_id"),
        Index("ix_maintenance_plans_due_on", "tenant_id", "due_on"),
        CheckConstraint("every_miles > 0", name="every_miles"),
        CheckConstraint("every_days > 0", name="every_days"),
        CheckConstraint("num_nonnulls(every_miles, every_days) > 0", name="every"),
        tenant_fk("vehicle_id", table="vehicles"),
    )


class MaintenanceRecord(Base, Tenanted, Stamped):
    """Work done on a vehicle."""

    __tablename__ = "maintenance_records"
    vehicle_id: Mapped[int] = mapped_column(BigInteger)
    plan_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    done_on: Mapped[date] = mapped_column(Date)
    odometer_miles: Mapped[int | None] = mapped_column(Integer)
    cost_cents: Mapped[int | None] = mapped_column(BigInteger)
    vendor: Mapped[str] = mapped_column(Text, default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_maintenance_records_vehicle_id", "tenant_id", "vehicle_id", "done_on"),
        Index("ix_maintenance_records_plan_id", "tenant_id", "plan_id"),
        CheckConstraint("cost_cents >= 0", name="cost"),
        tenant_fk("vehicle_id", table="vehicles"),
        tenant_fk("plan_id", table="maintenance_plans"),
    )

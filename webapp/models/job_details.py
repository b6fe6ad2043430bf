"""What belongs to a job: notes, files, checklists, materials, equipment; and equipment itself with its readings."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, DateTime, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit.db import Base, Stamped, Tenanted, related, tenant_fk


class Equipment(Base, Tenanted, Stamped):
    """A unit installed at a property: furnace, condenser, water heater, panel."""

    __tablename__ = "equipment"
    property_id: Mapped[int] = mapped_column(BigInteger)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)  # Furnace, Water heater
    make: Mapped[str] = mapped_column(Text, default="")
    model: Mapped[str] = mapped_column(Text, default="")
    serial: Mapped[str] = mapped_column(Text, default="")
    location: Mapped[str] = mapped_column(Text, default="")  # attic, basement
    installed_on: Mapped[date | None] = mapped_column(Date)
    warranty_until: Mapped[date | None] = mapped_column(Date)  # inclusive
    notes: Mapped[str] = mapped_column(Text, default="")
    retired_on: Mapped[date | None] = mapped_column(Date)
    replaced_by_id: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (
        Index("ix_equipment_property_id", "tenant_id", "property_id"),
        Index("ix_equipment_customer_id", "tenant_id", "customer_id"),
        Index("ix_equipment_serial", "tenant_id", "serial"),
        Index("ix_equipment_warranty_until", "tenant_id", "warranty_until"),
        Index("ix_equipment_replaced_by_id", "tenant_id", "replaced_by_id"),
        Index("ix_equipment_updated_at", "tenant_id", "updated_at"),
        tenant_fk("property_id", table="properties"),
        tenant_fk("customer_id", table="customers"),
        tenant_fk("replaced_by_id", table="equipment"),
    )


class EquipmentReading(Base, Tenanted):
    """Something measured on a unit: suction pressure 118 psi. The value is kept as it was written."""

    __tablename__ = "equipment_readings"
    equipment_id: Mapped[int] = mapped_column(BigInteger)
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text, default="")
    taken_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    taken_by: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_equipment_readings_equipment_id", "tenant_id", "equipment_id", "taken_at"),
        Index("ix_equipment_readings_job_id", "tenant_id", "job_id"),
        tenant_fk("equipment_id", table="equipment", ondelete="CASCADE"),
        tenant_fk("job_id", table="dispatch_jobs"),
    )


class JobEquipment(Base):
    """The units a job is about."""

    __tablename__ = "job_equipment"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    equipment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    __table_args__ = (
        Index("ix_job_equipment_equipment_id", "tenant_id", "equipment_id"),
        tenant_fk("job_id", table="dispatch_jobs", ondelete="CASCADE"),
        tenant_fk("equipment_id", table="equipment"),
    )


class JobNote(Base, Tenanted, Stamped):
    """What somebody wrote on a job. `public` ones may be shown to the customer."""

    __tablename__ = "job_notes"
    job_id: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[str] = mapped_column(Text)
    public: Mapped[bool] = mapped_column(Boolean, default=False)
    pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    technician_id: Mapped[int | None] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(Text, default="")
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_job_notes_job_id", "tenant_id", "job_id", "id"),
        Index("ix_job_notes_technician_id", "tenant_id", "technician_id"),
        tenant_fk("job_id", table="dispatch_jobs"),
        tenant_fk("technician_id", table="technicians"),
    )


class JobFile(Base, Tenanted, Stamped):
    """A photo, a signature or a document of a job."""

    __tablename__ = "job_files"
    job_id: Mapped[int] = mapped_column(BigInteger)
    visit_id: Mapped[int | None] = mapped_column(BigInteger)
    file_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)  # photo, signature, document
    stage: Mapped[str] = mapped_column(Text, default="")  # of a photo: before or after the work
    caption: Mapped[str] = mapped_column(Text, default="")
    signer: Mapped[str] = mapped_column(Text, default="")  # who signed
    taken_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    added_by: Mapped[str] = mapped_column(Text, default="")
    public: Mapped[bool] = mapped_column(Boolean, default=True)  # in the after-visit summary
    file = related("StoredFile", "JobFile.file_id")
    __table_args__ = (
        Index("ix_job_files_job_id", "tenant_id", "job_id", "id"),
        Index("ix_job_files_visit_id", "tenant_id", "visit_id"),
        Index("ix_job_files_file_id", "tenant_id", "file_id"),
        CheckConstraint("kind in ('photo', 'signature', 'document')", name="kind"),
        CheckConstraint("stage in ('', 'before', 'after')", name="stage"),
        tenant_fk("job_id", table="dispatch_jobs"),
        tenant_fk("visit_id", table="visits"),
        tenant_fk("file_id", table="stored_files"),
    )


class ChecklistTemplate(Base, Tenanted, Stamped):
    """Steps that jobs of a type get when they are made. `steps`: [{"text", "required"}]."""

    __tablename__ = "checklist_templates"
    name: Mapped[str] = mapped_column(Text)
    job_type: Mapped[str | None] = mapped_column(Text)  # None: put on by hand only
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    __table_args__ = (
        Index("uq_checklist_templates_name", "tenant_id", text("lower(name)"), unique=True,
              postgresql_where=text("not archived")),
    )  # fmt: skip


class ChecklistStep(Base, Tenanted, Stamped):
    """A step on a job's checklist. A required one must be done, or passed with a note, before the job completes."""

    __tablename__ = "checklist_steps"
    job_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(Integer)
    checklist: Mapped[str] = mapped_column(Text, default="")  # the name of the list it came from
    body: Mapped[str] = mapped_column(Text)
    required: Mapped[bool] = mapped_column(Boolean, default=False)
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done_by: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(Integer, default=1)
    __table_args__ = (
        Index("ix_checklist_steps_job_id", "tenant_id", "job_id", "position"),
        tenant_fk("job_id", table="dispatch_jobs", ondelete="CASCADE"),
    )


class JobMaterial(Base, Tenanted, Stamped):
    """Something used on a job. `quantity_milli` is in thousandths: 2.5 feet are 2,500."""

    __tablename__ = "job_materials"
    job_id: Mapped[int] = mapped_column(BigInteger)
    item_id: Mapped[int | None] = mapped_column(BigInteger)  # of the price book
    description: Mapped[str] = mapped_column(Text)
    quantity_milli: Mapped[int] = mapped_column(BigInteger, default=1000)
    unit_price_cents: Mapped[int | None] = mapped_column(BigInteger)
    technician_id: Mapped[int | None] = mapped_column(BigInteger)
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    added_by: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_job_materials_job_id", "tenant_id", "job_id", "id"),
        Index("ix_job_materials_item_id", "tenant_id", "item_id"),
        Index("ix_job_materials_technician_id", "tenant_id", "technician_id"),
        CheckConstraint("quantity_milli > 0", name="quantity"),
        CheckConstraint("unit_price_cents >= 0", name="price"),
        tenant_fk("job_id", table="dispatch_jobs"),
        tenant_fk("item_id", table="items"),
        tenant_fk("technician_id", table="technicians"),
    )


class PhoneConflict(Base, Tenanted):
    """The office and a phone without signal changed the same thing: both versions, until somebody decides."""

    __tablename__ = "phone_conflicts"
    job_id: Mapped[int] = mapped_column(BigInteger)
    technician_id: Mapped[int] = mapped_column(BigInteger)
    subject: Mapped[str] = mapped_column(Text)  # status, checklist step 4, outcome
    action: Mapped[str] = mapped_column(Text)  # what the phone asked for
    sent: Mapped[dict[str, Any]] = mapped_column(JSONB)  # the phone's version
    found: Mapped[dict[str, Any]] = mapped_column(JSONB)  # the office's version
    happened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    resolved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resolved_by: Mapped[str] = mapped_column(Text, default="")
    choice: Mapped[str] = mapped_column(Text, default="")  # phone, office
    __table_args__ = (
        Index("ix_phone_conflicts_job_id", "tenant_id", "job_id"),
        Index("ix_phone_conflicts_technician_id", "tenant_id", "technician_id"),
        Index("ix_phone_conflicts_open", "tenant_id", "id", postgresql_where=text("resolved_at is null")),
        tenant_fk("job_id", table="dispatch_jobs"),
        tenant_fk("technician_id", table="technicians"),
    )

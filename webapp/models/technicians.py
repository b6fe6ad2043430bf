"""Technicians: the people in the field and what they are paid."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit import ids
from webapp.kit.db import Base, Stamped, Tenanted, tenant_fk


class Technician(Base, Tenanted, Stamped):
    """`base_pay_cents` is per hour, per pay period (salary), or 0 where commission is all."""

    __tablename__ = "technicians"
    public_id: Mapped[UUID] = mapped_column(Uuid, default=lambda: ids.uuid4())
    name: Mapped[str] = mapped_column(Text)
    employee_number: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(Text, default="")  # E.164
    pay_type: Mapped[str] = mapped_column(Text)  # hourly, salary, commission
    base_pay_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    supervisor_id: Mapped[int | None] = mapped_column(BigInteger)
    starts_on: Mapped[date | None] = mapped_column(Date)  # active from this day
    ends_on: Mapped[date | None] = mapped_column(Date)  # active to this day, inclusive
    color: Mapped[str] = mapped_column(Text, default="#2563eb")  # on boards
    notes: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_technicians_name", "tenant_id", "name"),
        Index("ix_technicians_updated_at", "tenant_id", "updated_at"),
        Index("ix_technicians_supervisor_id", "tenant_id", "supervisor_id"),
        Index("uq_technicians_employee_number", "tenant_id", "employee_number", unique=True,
              postgresql_where=text("employee_number is not null")),
        CheckConstraint("pay_type in ('hourly', 'salary', 'commission')", name="pay_type"),
        CheckConstraint("base_pay_cents >= 0", name="base_pay"),
        CheckConstraint("supervisor_id <> id", name="not_own_supervisor"),
        tenant_fk("supervisor_id", table="technicians"),
    )  # fmt: skip

"""Sales, who shared in them, the rates they are paid by, and day totals of them."""

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
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit import ids, numbers
from webapp.kit.db import Base, Stamped, Tenanted, related, tenant_fk


class CommissionRate(Base, Tenanted, Stamped):
    """One rate at one level: technician + item, technician + category, item, category, technician, company."""

    __tablename__ = "commission_rates"
    level: Mapped[str] = mapped_column(Text)
    technician_id: Mapped[int | None] = mapped_column(BigInteger)
    item_id: Mapped[int | None] = mapped_column(BigInteger)
    category_id: Mapped[int | None] = mapped_column(BigInteger)
    structure: Mapped[str] = mapped_column(Text)  # percentage, flat, tiered
    rate_bps: Mapped[int | None] = mapped_column(Integer)
    flat_cents: Mapped[int | None] = mapped_column(BigInteger)
    tiers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)  # up_to_cents | null, rate_bps
    discount_scale_enabled: Mapped[bool] = mapped_column(Boolean, default=False)
    discount_scale: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list
    )  # discount_bps, pays_bps
    ov_rate_bps: Mapped[int | None] = mapped_column(Integer)  # None: as the next less specific level says
    __table_args__ = (
        # one rate per place in the hierarchy; a missing part counts as equal to a missing part
        UniqueConstraint(
            "tenant_id", "technician_id", "item_id", "category_id", postgresql_nulls_not_distinct=True
        ),
        Index("ix_commission_rates_item_id", "tenant_id", "item_id"),
        Index("ix_commission_rates_category_id", "tenant_id", "category_id"),
        CheckConstraint("structure in ('percentage', 'flat', 'tiered')", name="structure"),
        CheckConstraint("rate_bps between 0 and 10000", name="rate"),
        CheckConstraint("ov_rate_bps between 0 and 10000", name="override"),
        CheckConstraint("flat_cents >= 0", name="flat"),
        CheckConstraint(
            "level = case"
            " when technician_id is not null and item_id is not null and category_id is null then 'technician_item'"
            " when technician_id is not null and category_id is not null and item_id is null then 'technician_category'"
            " when item_id is not null and category_id is null then 'item'"
            " when category_id is not null and item_id is null then 'category'"
            " when technician_id is not null and item_id is null then 'technician'"
            " when item_id is null then 'company' end",
            name="level",
        ),
        tenant_fk("technician_id", table="technicians"),
        tenant_fk("item_id", table="items"),
        tenant_fk("category_id", table="item_categories"),
    )


class Sale(Base, Tenanted, Stamped):
    """Something a technician sold. Its commission was frozen when it was recorded (`snapshot`)."""

    __tablename__ = "sales"
    public_id: Mapped[UUID] = mapped_column(Uuid, default=lambda: ids.uuid4())
    # what people call it; counted within the organization, where ids count everybody's
    number: Mapped[int] = mapped_column(BigInteger, default=lambda: numbers.take("sale"))
    technician_id: Mapped[int] = mapped_column(BigInteger)
    item_id: Mapped[int] = mapped_column(BigInteger)
    customer_id: Mapped[int | None] = mapped_column(BigInteger)
    property_id: Mapped[int | None] = mapped_column(BigInteger)
    customer_name: Mapped[str] = mapped_column(Text, default="")  # as it was when sold
    sale_price_cents: Mapped[int] = mapped_column(BigInteger)
    list_price_cents: Mapped[int | None] = mapped_column(BigInteger)
    sold_on: Mapped[date] = mapped_column(Date)  # in the organization's zone
    completed_on: Mapped[date | None] = mapped_column(Date)
    payment_type: Mapped[str] = mapped_column(Text, default="")
    payment_status: Mapped[str] = mapped_column(Text, default="unpaid")  # unpaid, partial, paid, refunded
    payment_date: Mapped[date | None] = mapped_column(Date)
    notes: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(Text, default="pending")  # pending, approved, rejected
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    approved_by: Mapped[int | None] = mapped_column(BigInteger)
    rejected_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rejected_by: Mapped[int | None] = mapped_column(BigInteger)
    rejected_reason: Mapped[str] = mapped_column(Text, default="")
    voided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    voided_by: Mapped[int | None] = mapped_column(BigInteger)
    void_reason: Mapped[str] = mapped_column(Text, default="")
    refund_due: Mapped[bool] = mapped_column(Boolean, default=False)
    replaces_id: Mapped[int | None] = mapped_column(BigInteger)  # the voided sale this one corrects
    commission_cents: Mapped[int] = mapped_column(BigInteger, default=0)  # seller and splits together
    override_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    pay_period_id: Mapped[int | None] = mapped_column(BigInteger)
    period_note: Mapped[str] = mapped_column(Text, default="")  # why it is not in the period of its date
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB, deferred=True)
    source: Mapped[str] = mapped_column(Text, default="web")  # web, phone, api, import, demo
    recorded_by: Mapped[str] = mapped_column(Text, default="")  # user:3, key:1
    technician = related("Technician", "Sale.technician_id")
    item = related("Item", "Sale.item_id")
    customer = related("Customer", "Sale.customer_id")
    __table_args__ = (
        Index("uq_sales_number", "tenant_id", "number", unique=True),
        Index("ix_sales_sold_on", "tenant_id", "sold_on", "id"),
        Index("ix_sales_technician_id", "tenant_id", "technician_id", "sold_on", "id"),
        Index("ix_sales_item_id", "tenant_id", "item_id", "sold_on", "id"),
        Index("ix_sales_customer_id", "tenant_id", "customer_id", "sold_on"),
        Index("ix_sales_status", "tenant_id", "status", "sold_on", "id"),
        Index("ix_sales_price", "tenant_id", "sale_price_cents", "id"),
        Index("ix_sales_updated_at", "tenant_id", "updated_at", "id"),
        Index("ix_sales_pay_period_id", "tenant_id", "pay_period_id", "status"),
        Index("ix_sales_replaces_id", "tenant_id", "replaces_id"),
        Index("ix_sales_property_id", "tenant_id", "property_id"),
        CheckConstraint("sale_price_cents >= 0", name="price"),
        CheckConstraint("status in ('pending', 'approved', 'rejected')", name="status"),
        CheckConstraint("payment_status in ('unpaid', 'partial', 'paid', 'refunded')", name="payment_status"),
        tenant_fk("technician_id", table="technicians"),
        tenant_fk("item_id", table="items"),
        tenant_fk("customer_id", table="customers"),
        tenant_fk("property_id", table="properties"),
        tenant_fk("pay_period_id", table="pay_periods"),
        tenant_fk("replaces_id", table="sales"),
    )


class SaleSplit(Base, Tenanted):
    """A technician's share of a sale's commission; the seller has what the others leave."""

    __tablename__ = "sale_splits"
    sale_id: Mapped[int] = mapped_column(BigInteger)
    technician_id: Mapped[int] = mapped_column(BigInteger)
    share_bps: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)
    __table_args__ = (
        Index("uq_sale_splits_technician", "tenant_id", "sale_id", "technician_id", unique=True),
        Index("ix_sale_splits_technician_id", "tenant_id", "technician_id"),
        CheckConstraint("share_bps between 1 and 10000", name="share"),
        tenant_fk("sale_id", table="sales", ondelete="CASCADE"),
        tenant_fk("technician_id", table="technicians"),
    )


class SaleTally(Base):
    """Sales of a day counted and summed, so that a list of a million knows its total at once.

    `technician_id` 0 stands for all technicians together; status `voided` for voided ones. Changed only behind the
    journal's lock.
    """

    __tablename__ = "sale_tallies"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    technician_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sold_on: Mapped[date] = mapped_column(Date, primary_key=True)
    status: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    price_cents: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    commission_cents: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))

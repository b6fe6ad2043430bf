"""Customers, the people to talk to, the properties to drive to, and merges that can be undone."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, DateTime, Index, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit import ids
from webapp.kit.db import Base, Stamped, Tenanted, related, tenant_fk


class Customer(Base, Tenanted, Stamped):
    """A household or a company. One merged into another keeps its row and points there."""

    __tablename__ = "customers"
    public_id: Mapped[UUID] = mapped_column(Uuid, default=lambda: ids.uuid4())
    name: Mapped[str] = mapped_column(Text)
    company: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[str] = mapped_column(Text, default="residential")  # residential, commercial
    email: Mapped[str] = mapped_column(Text, default="")  # lower case
    phone: Mapped[str] = mapped_column(Text, default="")  # E.164
    name_key: Mapped[str] = mapped_column(Text, default="")  # normalised, for matching
    reference: Mapped[str | None] = mapped_column(Text)  # the number another system gave it
    notes: Mapped[str] = mapped_column(Text, default="")
    tags: Mapped[list[str]] = mapped_column(JSONB, default=list)
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    merged_into_id: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (
        Index("ix_customers_name_key", "tenant_id", "name_key"),
        Index("ix_customers_name", "tenant_id", "name", "id"),
        Index("ix_customers_email", "tenant_id", "email"),
        Index("ix_customers_phone", "tenant_id", "phone"),
        Index("ix_customers_updated_at", "tenant_id", "updated_at"),
        Index("ix_customers_merged_into_id", "tenant_id", "merged_into_id"),
        Index("ix_customers_reference", "tenant_id", "reference"),
        tenant_fk("merged_into_id", table="customers"),
    )


class CustomerContact(Base, Tenanted, Stamped):
    """Another person of a customer: a tenant, a property manager, a spouse."""

    __tablename__ = "customer_contacts"
    customer_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text, default="")
    email: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_customer_contacts_customer_id", "tenant_id", "customer_id"),
        Index("ix_customer_contacts_phone", "tenant_id", "phone"),
        Index("ix_customer_contacts_email", "tenant_id", "email"),
        tenant_fk("customer_id", table="customers"),
    )


class Property(Base, Tenanted, Stamped):
    """A place where work is done."""

    __tablename__ = "properties"
    customer_id: Mapped[int] = mapped_column(BigInteger)
    label: Mapped[str] = mapped_column(Text, default="")  # Home, Rental on Oak St
    address: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text, default="")
    city: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(Text, default="")
    zip: Mapped[str] = mapped_column(Text, default="")
    address_key: Mapped[str] = mapped_column(Text, default="")  # normalised, for matching
    latitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    longitude: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    access_notes: Mapped[str] = mapped_column(Text, default="")
    primary: Mapped[bool] = mapped_column(Boolean, default=False)
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    customer = related("Customer", "Property.customer_id")
    __table_args__ = (
        Index("ix_properties_customer_id", "tenant_id", "customer_id"),
        Index("ix_properties_address_key", "tenant_id", "address_key"),
        tenant_fk("customer_id", table="customers"),
    )


class CustomerMerge(Base, Tenanted):
    """What a merge moved, row by row, so that it can be undone."""

    __tablename__ = "customer_merges"
    kept_id: Mapped[int] = mapped_column(BigInteger)
    merged_id: Mapped[int] = mapped_column(BigInteger)
    moved: Mapped[dict[str, Any]] = mapped_column(JSONB)  # table → ids, and the kept customer's filled fields
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_customer_merges_kept_id", "tenant_id", "kept_id"),
        Index("ix_customer_merges_merged_id", "tenant_id", "merged_id"),
        tenant_fk("kept_id", table="customers"),
        tenant_fk("merged_id", table="customers"),
    )

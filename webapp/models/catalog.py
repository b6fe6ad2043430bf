"""The price book: what is sold, in categories, at list prices."""

from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit import ids
from webapp.kit.db import Base, Stamped, Tenanted, related, tenant_fk


class ItemCategory(Base, Tenanted, Stamped):
    __tablename__ = "item_categories"
    name: Mapped[str] = mapped_column(Text)
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    __table_args__ = (Index("uq_item_categories_name", "tenant_id", text("lower(name)"), unique=True),)


class Item(Base, Tenanted, Stamped):
    """A line item technicians sell, such as “AC tune-up”."""

    __tablename__ = "items"
    public_id: Mapped[UUID] = mapped_column(Uuid, default=lambda: ids.uuid4())
    name: Mapped[str] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(Text)
    category_id: Mapped[int | None] = mapped_column(BigInteger)
    list_price_cents: Mapped[int | None] = mapped_column(BigInteger)
    description: Mapped[str] = mapped_column(Text, default="")
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    category = related("ItemCategory", "Item.category_id")
    __table_args__ = (
        Index("ix_items_name", "tenant_id", "name"),
        Index("ix_items_updated_at", "tenant_id", "updated_at"),
        Index("ix_items_category_id", "tenant_id", "category_id"),
        Index("uq_items_code", "tenant_id", "code", unique=True, postgresql_where=text("code is not null")),
        CheckConstraint("list_price_cents >= 0", name="list_price"),
        tenant_fk("category_id", table="item_categories"),
    )

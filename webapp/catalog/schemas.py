"""Shapes of the price book API."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from webapp.kit import money
from webapp.kit.paging import PageQuery

Cents = Annotated[int, Field(ge=0, le=money.MAX_CENTS)]
Id = Annotated[int, Field(ge=1, lt=2**63)]


class ItemIn(BaseModel):
    """A new item. `list_price_cents` is null where the price is agreed each time."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=160)
    code: str | None = Field(None, max_length=60)
    category_id: Id | None = None
    list_price_cents: Cents | None = None
    description: str = Field("", max_length=4_000)


class ItemChange(BaseModel):
    """What is sent changes, what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field("", min_length=1, max_length=160)
    code: str | None = Field(None, max_length=60)
    category_id: Id | None = None
    list_price_cents: Cents | None = None
    description: str = Field("", max_length=4_000)
    archived: bool = False


class ItemOut(BaseModel):
    """An item of the price book."""

    id: int
    name: str
    code: str | None
    category_id: int | None
    list_price_cents: int | None
    description: str
    archived: bool
    created_at: datetime
    updated_at: datetime


class ItemQuery(PageQuery):
    """Which items to list."""

    archived: bool | None = None
    category_id: int | None = Field(None, ge=1)
    q: str = Field("", max_length=200, description="Beginnings of words of name, code or description")


class CategoryIn(BaseModel):
    """A new category."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=80)


class CategoryChange(BaseModel):
    """What is sent changes, what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field("", min_length=1, max_length=80)
    archived: bool = False


class CategoryOut(BaseModel):
    """A category of the price book."""

    id: int
    name: str
    archived: bool
    created_at: datetime
    updated_at: datetime


class CategoryQuery(PageQuery):
    """Which categories to list."""

    archived: bool | None = None


def shape(record: Any, model: type[BaseModel]) -> dict[str, Any]:
    """A record as the API answers it."""
    return {name: getattr(record, name) for name in model.model_fields}

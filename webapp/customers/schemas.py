"""Shapes of the customer API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from webapp.kit.paging import PageQuery

Kind = Literal["residential", "commercial"]
Id = Annotated[int, Field(ge=1, lt=2**63)]
Name = Annotated[str, Field(min_length=1, max_length=160)]
Tag = Annotated[str, Field(min_length=1, max_length=40)]
Tags = Annotated[list[Tag], Field(max_length=20)]
_STRICT = ConfigDict(extra="forbid")


class ContactIn(BaseModel):
    """Somebody to talk to at a customer."""

    model_config = _STRICT
    name: Name
    role: str = Field("", max_length=80)
    email: str = Field("", max_length=320)
    phone: str = Field("", max_length=60)


class ContactChange(ContactIn):
    """What is sent changes, what is left out stays."""

    name: Name = ""


class ContactOut(BaseModel):
    """A contact. `phone` is E.164."""

    id: int
    customer_id: int
    name: str
    role: str
    email: str
    phone: str
    created_at: datetime
    updated_at: datetime


class PropertyIn(BaseModel):
    """A place where work is done."""

    model_config = _STRICT
    address: str = Field(min_length=1, max_length=200)
    unit: str = Field("", max_length=40)
    city: str = Field("", max_length=80)
    state: str = Field("", max_length=40)
    zip: str = Field("", max_length=12)
    label: str = Field("", max_length=80)
    access_notes: str = Field("", max_length=2_000)
    primary: bool = Field(False, description="The first property is the primary one in any case")


class PropertyChange(PropertyIn):
    """What is sent changes, what is left out stays."""

    address: str = Field("", min_length=1, max_length=200)
    archived: bool = False


class PropertyOut(BaseModel):
    """A property."""

    id: int
    customer_id: int
    label: str
    address: str
    unit: str
    city: str
    state: str
    zip: str
    access_notes: str
    primary: bool
    archived: bool
    created_at: datetime
    updated_at: datetime


class CustomerIn(BaseModel):
    """A new customer, with its contacts and properties if wanted."""

    model_config = _STRICT
    name: Name
    company: str = Field("", max_length=160)
    kind: Kind = "residential"
    email: str = Field("", max_length=320)
    phone: str = Field(
        "", max_length=60, description="As people write it; kept as E.164, US where no country is given"
    )
    reference: str | None = Field(None, max_length=80, description="The number another system gave it")
    notes: str = Field("", max_length=10_000)
    tags: Tags = Field(default_factory=list)
    contacts: list[ContactIn] = Field(default_factory=list, max_length=50)
    properties: list[PropertyIn] = Field(default_factory=list, max_length=50)


class CustomerChange(BaseModel):
    """What is sent changes, what is left out stays."""

    model_config = _STRICT
    name: Name = ""
    company: str = Field("", max_length=160)
    kind: Kind = "residential"
    email: str = Field("", max_length=320)
    phone: str = Field("", max_length=60)
    reference: str | None = Field(None, max_length=80)
    notes: str = Field("", max_length=10_000)
    tags: Tags = Field(default_factory=list)
    archived: bool = False


class CustomerOut(BaseModel):
    """A customer. One that was merged names whom it became in `merged_into_id`: the last one, however often."""

    id: int
    name: str
    company: str
    kind: Kind
    email: str
    phone: str
    reference: str | None
    notes: str
    tags: list[str]
    archived: bool
    merged_into_id: int | None
    created_at: datetime
    updated_at: datetime


class CustomerDetail(CustomerOut):
    """A customer with its contacts and properties."""

    contacts: list[ContactOut]
    properties: list[PropertyOut]


class CustomerQuery(PageQuery):
    """Which customers to list. Those merged into another are left out, unless `merged` asks for them alone."""

    q: str = Field(
        "", max_length=200, description="Beginnings of words of names, phone numbers, emails, addresses"
    )
    kind: Kind | None = None
    tag: str = Field("", max_length=40)
    archived: bool | None = None
    merged: bool = False


class PropertyQuery(PageQuery):
    """Which properties of a customer to list."""

    archived: bool | None = None


class MergeIn(BaseModel):
    """The customer that goes into this one. Empty fields of this one are filled from it."""

    model_config = _STRICT
    other_id: Id


class Removed(BaseModel):
    """What a deletion did: a contact is gone, a property is archived."""

    id: int
    deleted: bool
    archived: bool


def shape(record: Any, model: type[BaseModel]) -> dict[str, Any]:
    """A record as the API answers it."""
    return {name: getattr(record, name) for name in model.model_fields}

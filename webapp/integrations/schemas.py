"""Shapes of the webhooks' APIs."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from webapp.kit.paging import CursorQuery, PageQuery

WARNING = "Save this signing_secret now. It will not be shown again."
OVERLAP = " The previous secret remains valid for 24 hours."
Status = Literal["pending", "delivered", "retrying", "dead_letter", "cancelled"]
Settled = Literal["delivered", "dead_letter", "cancelled"]
Name = Annotated[str, Field(min_length=1, max_length=100)]
_URL = Field(
    min_length=1, max_length=2000, description="HTTPS; a host that leads inside a network is refused"
)
_EVENTS = Field(
    min_length=1, max_length=100, description="Names of events, and groups of them: `*`, `sale.*`"
)
_ORDER = Field(
    False, description="Strictly in order per record: the next one waits until this one is through"
)
_CONCURRENCY = Field(5, ge=1, le=10, description="Requests at once")
_RATE = Field(0, ge=0, le=1000, description="Deliveries a second at the most; 0 is as fast as it answers")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EndpointIn(Strict):
    """A new endpoint."""

    url: str = _URL
    events: list[Name] = _EVENTS
    description: str = Field("", max_length=500)
    in_order: bool = _ORDER
    concurrency: int = _CONCURRENCY
    rate_per_second: int = _RATE


class EndpointChange(Strict):
    """What to change of an endpoint; what is left out stays."""

    url: str | None = Field(None, min_length=1, max_length=2000)
    events: list[Name] | None = Field(None, min_length=1, max_length=100)
    description: str | None = Field(None, max_length=500)
    in_order: bool | None = None
    concurrency: int | None = Field(None, ge=1, le=10)
    rate_per_second: int | None = Field(None, ge=0, le=1000)
    enabled: bool | None = Field(
        None, description="false pauses: what happens meanwhile is kept; true resumes"
    )
    skip_missed: bool = Field(False, description="When it is resumed: without what happened meanwhile")


class RangeIn(Strict):
    """Which settled deliveries to send again: those whose event happened in the range."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    status: Settled | None = Field(None, description="Only those in this state, for example `dead_letter`")
    event: str | None = Field(None, max_length=100)


class RangeOut(BaseModel):
    """How many are sent again."""

    replayed: int


class HookIn(Strict):
    """A REST hook: one address for one event."""

    hook_url: str = _URL
    event: str = Field(min_length=1, max_length=100)


class SampleQuery(Strict):
    """Of which event."""

    event: str = Field("sale.created", max_length=100)


class SampleOut(BaseModel):
    """A delivery's body."""

    id: UUID
    event: str
    created_at: datetime
    organization_id: UUID
    data: dict[str, Any]


class EventOut(BaseModel):
    """An event that can be subscribed to, with the schema of its `data` and an example of it."""

    name: str
    description: str
    data_schema: dict[str, Any]
    example: dict[str, Any]


class EventsOut(BaseModel):
    """All of them, in one piece."""

    data: list[EventOut]
    next_cursor: None


# Field ------------------------------------------------------------------------------------------------------------


class FieldEndpoint(BaseModel):
    """An endpoint; the secret itself is shown once, when it is made."""

    id: int
    url: str
    events: list[str]
    description: str
    signing_secret_prefix: str
    enabled: bool
    paused_reason: str | None = Field(description="`person`, `gone` (it answered 410) or `failing` for days")
    in_order: bool
    concurrency: int
    rate_per_second: int
    failing_since: datetime | None
    last_delivery_at: datetime | None
    last_delivery_status: int | None
    created_at: datetime
    updated_at: datetime


class FieldMade(FieldEndpoint):
    """A new endpoint or secret. `resolves`: whether the host has an address yet."""

    resolves: bool
    signing_secret: str
    warning: str = Field(alias="_warning", default=WARNING)


class FieldDelivery(BaseModel):
    """A delivery: `attempt` counts those of the present round of ten."""

    id: str
    event: str
    event_id: UUID
    record_type: str
    record_id: int | None
    status: Status
    attempt: int
    response_status: int | None
    latency_ms: int | None
    error: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None


class AttemptOut(BaseModel):
    """One request and its answer."""

    number: int
    at: datetime
    response_status: int | None
    latency_ms: int
    error_kind: str | None
    error: str | None
    request_headers: dict[str, str] = Field(description="Signatures are cut short")
    response_headers: dict[str, str]
    response_body: str = Field(description="The first 4 KB")


class FieldDeliveryWhole(FieldDelivery):
    """A delivery with what was sent, and every attempt."""

    request_body: str
    attempts: list[AttemptOut]


class FieldDeliveriesQuery(PageQuery):
    """Filters of deliveries."""

    status: Status | None = None
    event: str | None = Field(None, max_length=100)


class Gone(BaseModel):
    """What was taken away."""

    id: int
    deleted: bool


class Hook(BaseModel):
    """A REST hook; its `id` unsubscribes it."""

    id: int
    hook_url: str
    event: str
    signing_secret: str
    warning: str = Field(alias="_warning", default=WARNING)


# Growth, as its document shows them -------------------------------------------------------------------------------


class GrowthEndpoint(BaseModel):
    id: UUID
    url: str
    events: list[str]
    description: str
    signing_secret_prefix: str
    enabled: bool
    created_at: datetime
    last_delivery_at: datetime | None
    last_delivery_status: int | None


class GrowthSettings(GrowthEndpoint):
    """An endpoint with how it is delivered to."""

    paused_reason: str | None
    in_order: bool
    concurrency: int
    rate_per_second: int


class GrowthMade(BaseModel):
    id: UUID
    url: str
    events: list[str]
    description: str
    signing_secret_prefix: str
    enabled: bool
    created_at: datetime
    signing_secret: str
    warning: str = Field(alias="_warning", default=WARNING)


class GrowthRotated(BaseModel):
    id: UUID
    url: str
    signing_secret_prefix: str
    signing_secret: str
    warning: str = Field(alias="_warning", default=WARNING + OVERLAP)


class GrowthDelivery(BaseModel):
    id: str
    event: str
    status: Status
    response_status: int | None
    latency_ms: int | None
    attempt: int
    delivered_at: datetime | None


class GrowthDeliveryWhole(GrowthDelivery):
    """A delivery with what was sent, and every attempt."""

    request_body: str
    attempts: list[AttemptOut]


class GrowthDeliveriesQuery(CursorQuery):
    """The last 100 unless asked otherwise."""

    limit: int = Field(100, ge=1, le=200)
    status: Status | None = None
    event: str | None = Field(None, max_length=100)


class GrowthGone(BaseModel):
    id: UUID
    deleted: bool


class GrowthHook(BaseModel):
    """A REST hook; its `id` unsubscribes it."""

    id: UUID
    hook_url: str
    event: str
    signing_secret: str
    warning: str = Field(alias="_warning", default=WARNING)

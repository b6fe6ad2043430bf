"""What the phone's own requests look like."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Id = Annotated[int, Field(ge=1, lt=2**63)]


class ActionIn(BaseModel):
    """One entry of the phone's queue."""

    model_config = ConfigDict(extra="forbid")
    key: str = Field(min_length=8, max_length=80)
    kind: str = Field(min_length=1, max_length=40)
    job_id: Id | None = None
    happened_at: AwareDatetime | None = None
    sent_at: AwareDatetime | None = None
    seen_pass: str = Field("", max_length=500)
    person: str = Field("", max_length=80, description="Whose queue it is, as /phone/session names them")
    data: dict[str, Any] = Field(default_factory=dict)


class LocationIn(BaseModel):
    """Where the phone is."""

    model_config = ConfigDict(extra="forbid")
    latitude: float
    longitude: float
    speed: float | None = None
    heading: float | None = None
    accuracy: float | None = None
    happened_at: AwareDatetime | None = None
    sent_at: AwareDatetime | None = None


class PushKeysIn(BaseModel):
    """The keys of a push subscription, base64url."""

    model_config = ConfigDict(extra="forbid")
    p256dh: str = Field(min_length=1, max_length=200)
    auth: str = Field(min_length=1, max_length=60)


class PushIn(BaseModel):
    """A push subscription, as the browser gives it."""

    model_config = ConfigDict(extra="ignore")
    endpoint: str = Field(min_length=1, max_length=2000)
    keys: PushKeysIn


class ForgetIn(BaseModel):
    """A push subscription to forget."""

    model_config = ConfigDict(extra="ignore")
    endpoint: str = Field(min_length=1, max_length=2000)


class DecisionIn(BaseModel):
    """Which version holds."""

    model_config = ConfigDict(extra="forbid")
    choice: Literal["phone", "office"]

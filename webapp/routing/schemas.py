"""Slots, suggestions and route plans as the API reads and answers them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from webapp.kit.paging import PageQuery
from webapp.models import RoutePlan
from webapp.routing.rules import lanes, suit
from webapp.routing.service import slots

Id = Annotated[int, Field(ge=1, lt=2**63)]
JobType = Literal["repair", "installation", "maintenance", "inspection"]
Priority = Literal["low", "normal", "high", "urgent"]
SkillAt = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,17}(:[1-5])?$")]


class SpanQuery(BaseModel):
    """When to look: the visit begins at `earliest` (now) or later and before `latest` (14 days on, 31 at most)."""

    model_config = ConfigDict(extra="forbid")
    earliest: AwareDatetime | None = None
    latest: AwareDatetime | None = None
    limit: int = Field(6, ge=1, le=slots.MOST)


class SlotQuery(SpanQuery):
    """What is to be placed. Without coordinates the ZIP code's middle counts."""

    job_type: JobType = "repair"
    priority: Priority = "normal"
    expected_minutes: int | None = Field(None, ge=1, le=1440, description="Usual for its type when left out")
    skills: list[SkillAt] = Field(default_factory=list, max_length=20,
                                  description="Skill ids, with the level when one is needed: 7 or 7:3")  # fmt: skip
    zip: str = Field("", max_length=12)
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    zone_id: Id | None = Field(None, description="Found from the place when left out")
    customer_id: Id | None = Field(None, description="Who was there before is preferred")
    equipment_ids: list[Id] = Field(default_factory=list, max_length=50)


class OfferOut(BaseModel):
    """A time that a technician can keep. The window is what the customer is told; minutes added are of driving."""

    technician_id: int
    technician_name: str
    starts_at: datetime
    ends_at: datetime
    window_start: datetime
    window_end: datetime
    added_minutes: int
    score: float
    why: str


def shape_offer(offer: slots.Offer) -> dict[str, Any]:
    """An offer as the API answers it."""
    return asdict(offer)


def skill_of(text: str) -> tuple[int, int]:
    """`7:3` → (7, 3); `7` → (7, 1)."""
    number, _, level = text.partition(":")
    return int(number), int(level or 1)


class PartOut(BaseModel):
    """One side of a suggestion, from 0 to 100, in words."""

    score: int
    why: str


class PartsOut(BaseModel):
    """What the score is made of."""

    skills: PartOut
    zone: PartOut
    distance: PartOut
    availability: PartOut
    workload: PartOut
    history: PartOut


class SuggestionOut(BaseModel):
    """A technician weighed for a job. `missing` says what keeps them from being simply sent; empty for those who can be."""

    technician_id: int
    technician_name: str
    score: int
    parts: PartsOut
    missing: list[str]
    starts_at: datetime | None
    drive_minutes: int | None
    added_minutes: int | None
    why: str


def shape_suggestion(found: suit.Suggestion) -> dict[str, Any]:
    """A suggestion as the API answers it."""
    return {
        "technician_id": found.technician_id,
        "technician_name": found.name,
        "score": found.score,
        "parts": {name: {"score": part.score, "why": part.why} for name, part in found.parts.items()},
        "missing": list(found.missing),
        "starts_at": None if found.starts is None else lanes.moment(found.starts),
        "drive_minutes": found.drive,
        "added_minutes": found.added,
        "why": found.why,
    }


# Route plans ----------------------------------------------------------------------------------------------------------


class OptimizeIn(BaseModel):
    """The day to plan; everybody who is dispatched, or some technicians only."""

    model_config = ConfigDict(extra="forbid")
    date: dt.date
    technician_ids: list[Id] | None = Field(None, min_length=1, max_length=200)


class AcceptIn(BaseModel):
    """For whom to accept a plan; the whole of it when left out."""

    model_config = ConfigDict(extra="forbid")
    technician_ids: list[Id] | None = Field(None, min_length=1, max_length=200)


class PlanQuery(PageQuery):
    """Which plans to list."""

    date: dt.date | None = None


class StopOut(BaseModel):
    """A stop of a route, or a break (`kind` rest), which has only times and a title."""

    kind: Literal["visit", "rest"]
    title: str
    starts_at: datetime
    ends_at: datetime
    visit_id: int | None
    job_id: int | None
    drive_minutes: int | None = Field(description="From the stop before, or from where the day starts")
    fixed: str = Field(description="pinned, together (several technicians), or empty: a plan may move it")
    changed: bool
    moved_from: str | None
    latitude: float | None
    longitude: float | None


class RouteOut(BaseModel):
    """One technician's route: minutes of driving, metres, stops."""

    minutes: int
    metres: int
    stops: list[StopOut]


class PlannedTechnician(BaseModel):
    """One technician's day before and after. Those of the same `group` exchange visits and are accepted together."""

    technician_id: int
    name: str
    group: int
    changed: bool
    accepted: bool
    before: RouteOut
    after: RouteOut


class LeftOut(BaseModel):
    """A visit that the plan leaves without a technician, and why."""

    visit_id: int
    job_id: int
    title: str
    priority: str
    optional: bool
    reason: str


class PlanOut(BaseModel):
    """A route plan. `proposal` parts are null until it is ready; nothing changes on the board before it is accepted."""

    id: int
    date: dt.date
    status: Literal["queued", "planning", "ready", "accepted", "discarded", "failed"]
    progress: int = Field(description="Percent")
    engine: str
    error: str
    before_minutes: int | None
    after_minutes: int | None
    saved_minutes: int | None
    before_metres: int | None
    after_metres: int | None
    kept: bool | None = Field(description="No better routes were found")
    jobs_placed: int | None
    notes: list[str]
    technicians: list[PlannedTechnician]
    unassigned: list[LeftOut]
    accepted_for: list[int]
    created_at: datetime
    updated_at: datetime


_STOP = tuple(StopOut.model_fields)


def shape_plan(plan: RoutePlan, progress: int) -> dict[str, Any]:
    """A plan as the API answers it."""
    proposed = plan.proposal or {}
    saved = (
        None
        if plan.before_minutes is None or plan.after_minutes is None
        else plan.before_minutes - plan.after_minutes
    )
    return {
        "id": plan.id, "date": plan.on_date, "status": plan.status, "progress": progress, "engine": plan.engine,
        "error": plan.error, "before_minutes": plan.before_minutes, "after_minutes": plan.after_minutes,
        "saved_minutes": saved, "before_metres": plan.before_metres, "after_metres": plan.after_metres,
        "kept": proposed.get("kept"), "jobs_placed": proposed.get("placed"),
        "notes": [n for n in (proposed.get("note"), *proposed.get("warnings", ())) if n],
        "technicians": [_technician(t, plan.accepted_for) for t in proposed.get("technicians", ())],
        "unassigned": [{n: one[n] for n in LeftOut.model_fields} for one in proposed.get("unassigned", ())],
        "accepted_for": plan.accepted_for, "created_at": plan.created_at, "updated_at": plan.updated_at,
    }  # fmt: skip


def _technician(one: dict[str, Any], accepted: Sequence[int]) -> dict[str, Any]:
    plain = {n: one[n] for n in ("technician_id", "name", "group", "changed")}
    return {**plain, "accepted": one["technician_id"] in accepted,
            **{key: {**one[key], "stops": [_stop(s) for s in one[key]["stops"]]} for key in ("before", "after")}}  # fmt: skip


def _stop(stop: dict[str, Any]) -> dict[str, Any]:
    return {name: stop.get(name, "" if name == "fixed" else None) for name in _STOP}

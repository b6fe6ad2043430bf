"""The board as the API and the board's own script read it."""

import datetime as dt
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from webapp.dispatch.queries import board as reading
from webapp.dispatch.rules import lateness
from webapp.dispatch.schemas import JobType, Priority, Status


class BoardQuery(BaseModel):
    """A day, or several from a day on; today when left out."""

    model_config = ConfigDict(extra="forbid")
    date: dt.date | None = None
    days: int = Field(1, ge=1, le=14)


class Span(BaseModel):
    """A stretch of time."""

    starts_at: datetime
    ends_at: datetime


class BlockOut(Span):
    """Time on a lane that is no job."""

    id: int
    kind: str
    title: str
    note: str
    version: int


class LaneOut(BaseModel):
    """A technician's lane. `shifts_known` is false where these are only the company's hours."""

    technician_id: int
    name: str
    color: str
    phone: str
    hours: list[Span]
    shifts_known: bool
    blocks: list[BlockOut]
    visit_ids: list[int]
    latitude: float | None
    longitude: float | None
    position_at: datetime | None


class BoardVisit(BaseModel):
    """A visit with what the board shows of its job. The forecast is from the day so far; null where there is none."""

    id: int
    job_id: int
    position: int
    title: str
    job_type: JobType
    priority: Priority
    status: Status
    on_hold: bool
    hold_reason: str
    customer_id: int | None
    customer_name: str
    service_address: str
    service_city: str
    service_zip: str
    latitude: float | None
    longitude: float | None
    zone_id: int | None
    expected_minutes: int
    window_start: datetime | None
    window_end: datetime | None
    scheduled_start: datetime | None
    scheduled_end: datetime | None
    confirmed: bool
    pinned: bool
    tags: list[str]
    technician_ids: list[int]
    predicted_arrival: datetime | None
    predicted_end: datetime | None
    late_minutes: int
    punctuality: Literal["on_time", "at_risk", "late"] | None
    version: int


class BoardOut(BaseModel):
    """Lanes, what is on them, and what waits."""

    date: dt.date
    days: int
    lanes: list[LaneOut]
    visits: list[BoardVisit]
    unassigned: list[BoardVisit]
    counts: dict[str, int]


def shape_visit(row: Any, crew: Sequence[int], forecast: lateness.Forecast | None) -> dict[str, Any]:
    """A visit on the board."""
    return {
        **reading.as_stored(row),
        "on_hold": row.held_at is not None,
        "confirmed": row.confirmed_at is not None,
        "latitude": row.latitude,
        "longitude": row.longitude,
        "technician_ids": list(crew),
        "predicted_arrival": forecast.arrives_at if forecast else None,
        "predicted_end": forecast.ends_at if forecast else None,
        "late_minutes": forecast.late_minutes if forecast else 0,
        "punctuality": forecast.state if forecast else None,
    }


def shape(found: reading.Board, waiting: Sequence[Any], counts: dict[str, int]) -> dict[str, Any]:
    """The whole board."""
    return {
        "date": found.first,
        "days": found.days,
        "lanes": [_lane(lane) for lane in found.lanes],
        "visits": [
            shape_visit(row, found.crews.get(n, ()), found.forecasts.get(n))
            for n, row in found.visits.items()
        ],
        "unassigned": [shape_visit(row, (), None) for row in waiting],
        "counts": counts,
    }


def _lane(lane: reading.LaneOf) -> dict[str, Any]:
    here = lane.position
    return {
        "technician_id": lane.id,
        "name": lane.name,
        "color": lane.color,
        "phone": lane.phone,
        "hours": [{"starts_at": a, "ends_at": b} for a, b in lane.hours],
        "shifts_known": lane.scheduled_hours,
        "blocks": [
            {"id": b.id, "kind": b.kind, "title": b.title, "note": b.note, "starts_at": b.starts_at, "ends_at": b.ends_at,
             "version": b.version}
            for b in lane.blocks
        ],
        "visit_ids": lane.visit_ids,
        "latitude": here[0] if here else None,
        "longitude": here[1] if here else None,
        "position_at": lane.position_at,
    }  # fmt: skip

"""How late a day is going: predicted arrivals from what has happened so far, carried down each lane."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from webapp.dispatch.rules import travel
from webapp.dispatch.rules.statuses import OVER

GRACE: Final = timedelta(minutes=10)  # nobody calls this late yet
State = Literal["on_time", "at_risk", "late"]


class Stop(NamedTuple):
    """A visit as the prediction needs it. `promised_by`: the end of the arrival window, else the scheduled start."""

    visit_id: int
    status: str
    starts_at: datetime
    ends_at: datetime
    promised_by: datetime
    place: travel.Place | None = None
    en_route_at: datetime | None = None
    on_site_at: datetime | None = None
    completed_at: datetime | None = None


class Forecast(NamedTuple):
    """When a visit will begin and end as things stand, and how that compares with what was promised."""

    arrives_at: datetime
    ends_at: datetime
    late_minutes: int
    state: State


def forecast(
    stops: Sequence[Stop], now: datetime, mph: int, *, position: travel.Place | None = None,
    blocks: Iterable[tuple[datetime, datetime]] = (),
) -> dict[int, Forecast]:  # fmt: skip
    """Predict one technician's day. `position`: where they are now; `blocks`: lunch and other time on the lane.

    Work takes as long as planned; somebody who is not there yet drives at the planned speed.
    """
    found: dict[int, Forecast] = {}
    free_at, here = None, None
    breaks = sorted(blocks)
    for stop in sorted(stops, key=lambda s: (s.starts_at, s.visit_id)):
        if stop.status == "cancelled":
            continue
        length = stop.ends_at - stop.starts_at
        if stop.status == "completed":
            arrived = stop.on_site_at or stop.starts_at
            ended = stop.completed_at or stop.ends_at
        elif stop.on_site_at is not None:
            arrived, ended = stop.on_site_at, max(now, stop.on_site_at + length)
        else:
            arrived = _arrival(stop, now, free_at, here, mph, position, breaks)
            ended = arrived + length
        late = arrived - stop.promised_by
        found[stop.visit_id] = Forecast(
            arrived, ended, max(0, int(late.total_seconds() // 60)), _state(stop, arrived, late)
        )
        free_at, here = ended, stop.place or here
    return found


def _arrival(
    stop: Stop, now: datetime, free_at: datetime | None, here: travel.Place | None, mph: int,
    position: travel.Place | None, breaks: Sequence[tuple[datetime, datetime]],
) -> datetime:  # fmt: skip
    """When the technician can be there: not before the plan, nor before the work before it and the way are done."""
    if stop.status == "en_route" and position is not None and stop.place is not None:
        return now + timedelta(minutes=travel.minutes(position, stop.place, mph))
    leaves = max(free_at, now) if free_at is not None else now
    for start, end in breaks:
        if start <= leaves < end:
            leaves = end
    start_from = here or position
    way = (
        timedelta(minutes=travel.minutes(start_from, stop.place, mph))
        if start_from and stop.place
        else timedelta()
    )
    if stop.status == "en_route" and stop.en_route_at is not None:
        leaves = stop.en_route_at
        return max(now, leaves + way)
    return (
        max(stop.starts_at, leaves + way)
        if leaves + way > stop.starts_at or free_at is not None
        else stop.starts_at
    )


def _state(stop: Stop, arrived: datetime, late: timedelta) -> State:
    if late > GRACE:
        return "late"
    if stop.status not in OVER and late > timedelta():
        return "at_risk"
    return "on_time"


def of_lanes(
    lanes: Mapping[int, Sequence[Stop]], now: datetime, mph: int, positions: Mapping[int, travel.Place],
    blocks: Mapping[int, Sequence[tuple[datetime, datetime]]],
) -> dict[int, Forecast]:  # fmt: skip
    """Every technician's forecast, by visit; of a visit with several the latest."""
    found: dict[int, Forecast] = {}
    for technician_id, stops in lanes.items():
        each = forecast(
            stops, now, mph, position=positions.get(technician_id), blocks=blocks.get(technician_id, ())
        )
        for visit_id, one in each.items():
            if visit_id not in found or one.arrives_at > found[visit_id].arrives_at:
                found[visit_id] = one
    return found

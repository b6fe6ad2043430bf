"""When a customer is told what. Pure: from how a visit stands, what was told of it, and the time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

OPEN: Final = ("pending", "dispatched", "acknowledged")  # nobody has set off yet
LATE_NEWS: Final = timedelta(hours=2)  # after the start, the cancellation of a visit is no news any more
Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Standing:
    """A visit as its customer is concerned. `told`: the arrival window told last, None when nothing was.

    `follows`: the visit was made by a rule that repeats, or is of a story that told nothing: it is only reminded of.
    """

    status: str
    window: Window | None
    told: Window | None
    held: bool = False
    follows: bool = False
    moved: bool = False  # it had another time before, which somebody else told or nobody did


def arrival(
    start: datetime | None, promised: Window | None, floor: datetime | None, minutes: int
) -> Window | None:
    """The window in which the technician arrives: the promised one where the start lies in it, else `minutes` long from
    `floor`, the full hour at or before the start in the company's zone."""
    if start is None:
        return None
    if promised is not None and promised[0] <= start < promised[1]:
        return promised
    begin = floor or start
    return begin, begin + timedelta(minutes=minutes)


def due(standing: Standing, now: datetime) -> str | None:
    """What is to be told now of how a visit stands: booked, changed, cancelled, or nothing."""
    if standing.status == "cancelled":
        return "cancelled" if standing.told is not None and standing.told[0] > now - LATE_NEWS else None
    if standing.window is None or standing.held or standing.status not in OPEN or standing.window[1] <= now:
        return None
    if standing.told is None:
        if standing.follows:
            return None
        return "changed" if standing.moved else "booked"
    return "changed" if standing.told != standing.window else None


def reminder_at(window: Window, hours: int, now: datetime) -> datetime | None:
    """When to remind of a visit; None when it is not wanted, or too near for a reminder to be news."""
    if hours <= 0:
        return None
    at = window[0] - timedelta(hours=hours)
    return at if at > now else None

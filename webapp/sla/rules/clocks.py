"""One promise: when it is due over the pauses, when somebody is warned, and how it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from webapp.sla.rules import minutes
from webapp.sla.rules.minutes import Calendar

KINDS: Final = ("response", "resolution")
WORDS: Final = {"response": "Response", "resolution": "Resolution"}
Pause = tuple[datetime, datetime | None]  # None: it still lasts
State = Literal["met", "late", "breached", "warned", "paused", "running", "ended"]


@dataclass(frozen=True, slots=True)
class Promise:
    """What a policy promises of one kind: so many minutes of a calendar, and a warning when a share of them is gone."""

    minutes: int
    calendar: Calendar | None
    warn_percent: int = 80

    def due(self, start: datetime, pauses: Sequence[Pause]) -> datetime:
        """When the time is up. While a pause lasts: as if it ended at its beginning."""
        return reach(self.calendar, start, pauses, timedelta(minutes=self.minutes))

    def warn(self, start: datetime, pauses: Sequence[Pause]) -> datetime:
        """When so much of the time is gone that somebody should know."""
        amount = timedelta(minutes=self.minutes) * self.warn_percent / 100
        return reach(self.calendar, start, pauses, amount)


def reach(calendar: Calendar | None, start: datetime, pauses: Sequence[Pause], amount: timedelta) -> datetime:
    """The moment at which an amount of time has gone that counts: business time outside of pauses.

    A pause that begins when the time is up already moves nothing. Pauses must be in order and apart.
    """
    at, left = start, amount
    for begins, ends in pauses:
        if begins < at:
            begins = at
        gone = minutes.elapsed(calendar, at, begins)
        if gone >= left:
            break
        left -= gone
        at = begins
        if ends is None:
            break
        at = max(at, ends)
    return minutes.after(calendar, at, left)


def paused(calendar: Calendar | None, pauses: Sequence[Pause]) -> int:
    """Whole minutes of the calendar that went by in pauses that are over."""
    return sum(minutes.between(calendar, a, b) for a, b in pauses if b is not None)


def state(
    due_at: datetime, now: datetime, *, met_at: datetime | None = None, paused_at: datetime | None = None,
    ended_at: datetime | None = None, warn_at: datetime | None = None,
) -> State:  # fmt: skip
    """How a promise stands."""
    if met_at is not None:
        return "late" if met_at > due_at else "met"
    if due_at <= (paused_at or ended_at or now):
        return "breached"
    if ended_at is not None:
        return "ended"
    if paused_at is not None:
        return "paused"
    return "warned" if warn_at is not None and warn_at <= now else "running"


def words(count: int) -> str:
    """`45 min`, `2 h`, `1 h 30 min`, `76 h`. Never days: a day of business has fewer hours than one has."""
    hours, rest = divmod(count, 60)
    if hours >= 10 or not rest:
        return f"{hours} h" if hours else "0 min"
    return f"{hours} h {rest} min" if hours else f"{rest} min"

"""What became of a job, as its clocks see it: answered when, on hold when. Told from the history of its steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.sla.rules.clocks import Pause

ANSWERED: Final = ("acknowledged", "en_route", "on_site", "in_progress", "completed")
OVER: Final = ("completed", "cancelled")


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the history, in the order it was written. `visit_id` is None for the whole job (held, released)."""

    visit_id: int | None
    from_status: str
    to_status: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """`answered_at`: when a technician first acknowledged. `pauses`: on hold, or done until it was opened again."""

    answered_at: datetime | None
    pauses: tuple[Pause, ...]


def tell(changes: Sequence[Change]) -> Story:
    """Fold a history.

    The answer stays given when another technician is sent; it is taken back only by whoever corrects the status, with a
    reason. A further visit to a completed job lets its clocks go on from there.
    """
    answered: datetime | None = None
    visits: dict[int, str] = {}
    pauses: list[Pause] = []
    held: datetime | None = None
    done: datetime | None = None
    for change in changes:
        if change.visit_id is None:
            if change.to_status == "held" and held is None:
                held = change.at
            elif change.to_status == "released" and held is not None:
                pauses.append((held, max(held, change.at)))
                held = None
            continue
        visits[change.visit_id] = change.to_status
        if change.to_status in ANSWERED:
            answered = answered or change.at
        elif change.from_status in ANSWERED and change.to_status == "dispatched" and change.reason:
            answered = None
        over = all(status in OVER for status in visits.values()) and "completed" in visits.values()
        if over and done is None:
            done = change.at
        elif not over and done is not None:
            pauses.append((done, max(done, change.at)))
            done = None
    if held is not None:
        pauses.append((held, None))
    return Story(answered, _apart(pauses))


def _apart(pauses: Sequence[Pause]) -> tuple[Pause, ...]:
    """In order, those that overlap as one."""
    found: list[Pause] = []
    for begins, ends in sorted(pauses, key=lambda p: p[0]):
        if found:
            _, last = found[-1]
            if last is None:
                break
            if begins <= last:
                found[-1] = (found[-1][0], None if ends is None else max(last, ends))
                continue
        found.append((begins, ends))
    return tuple(found)

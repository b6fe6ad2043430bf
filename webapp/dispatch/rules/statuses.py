"""What may become of a visit next. The same for drag, keyboard, phone and API.

Source: the API contract, “Dispatch”: pending → dispatched → acknowledged → en_route → on_site → in_progress →
completed, and cancelled from any state but completed. Going forward, acknowledged and en_route may be passed over; going
back, or passing over anything else, needs a reason from someone who may override.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

Status = Literal[
    "pending", "dispatched", "acknowledged", "en_route", "on_site", "in_progress", "completed", "cancelled"
]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
ORDER: Final = STATUSES[:-1]
OVER: Final = ("completed", "cancelled")
STARTED: Final = ("en_route", "on_site", "in_progress")
MAY_PASS_OVER: Final = ("acknowledged", "en_route")
WORDS: Final = {
    "pending": "unassigned",
    "dispatched": "dispatched",
    "acknowledged": "acknowledged",
    "en_route": "on the way",
    "on_site": "on site",
    "in_progress": "in progress",
    "completed": "completed",
    "cancelled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step that may be taken. `passed_over` are statuses that were never reported; `overridden` needed a reason."""

    to: str
    passed_over: tuple[str, ...] = ()
    overridden: bool = False


class Refused(ValueError):
    """A step that may not be taken; `allowed` are those that may, `overridable` whether a reason would do."""

    def __init__(self, sentence: str, allowed: tuple[str, ...], *, overridable: bool) -> None:
        super().__init__(sentence)
        self.allowed, self.overridable = allowed, overridable


def allowed(current: str) -> tuple[str, ...]:
    """The statuses that may follow without an override. Assigning makes a pending visit dispatched."""
    if current in OVER:
        return ()
    if current == "pending":
        return ("dispatched", "cancelled")
    found = []
    for status in ORDER[ORDER.index(current) + 1 :]:
        found.append(status)
        if status not in MAY_PASS_OVER:
            break
    return (*found, "cancelled")


def step(current: str, to: str, *, override: bool = False) -> Step:
    """The step from one status to another. `override`: a reason was given by someone who may.

    Raises Refused, with a sentence that names the steps that are allowed.
    """
    open_now = allowed(current)
    if to == current:
        raise Refused(
            f"This visit is {WORDS[current]} already.{_next(open_now)}", open_now, overridable=False
        )
    if current == "cancelled" or (current == "completed" and to == "cancelled"):
        raise Refused(f"This visit is {WORDS[current]}; it cannot become {WORDS[to]}.", (), overridable=False)
    if to in open_now:
        return Step(to, () if to == "cancelled" else _between(current, to))
    if current == "pending":  # an override cannot stand in for the technician
        raise Refused(
            f"Nobody is assigned yet: assign a technician first.{_next(open_now)}",
            open_now,
            overridable=False,
        )
    if override and to != "pending":
        forward = ORDER.index(to) > ORDER.index(current)
        return Step(to, _between(current, to) if forward else (), overridden=True)
    if to == "pending":
        raise Refused(
            f"A visit becomes {WORDS['pending']} by taking its technicians off.{_next(open_now)}",
            open_now,
            overridable=False,
        )
    back = current == "completed" or ORDER.index(to) < ORDER.index(current)
    why = "would go back" if back else f"would pass over {_words(_between(current, to, must=True))}"
    raise Refused(
        f"From {WORDS[current]} to {WORDS[to]} {why}, which needs a reason from someone who may override."
        f"{_next(open_now)}",
        open_now,
        overridable=True,
    )  # fmt: skip


def _between(current: str, to: str, *, must: bool = False) -> tuple[str, ...]:
    found = ORDER[ORDER.index(current) + 1 : ORDER.index(to)]
    return tuple(s for s in found if not must or s not in MAY_PASS_OVER)


def _next(open_now: Sequence[str]) -> str:
    return f" Allowed now: {', '.join(open_now)}." if open_now else ""


def _words(statuses: Sequence[str]) -> str:
    return " and ".join(WORDS[s] for s in statuses)


def of_job(visits: Sequence[str]) -> str:
    """A job's status from those of its visits in their order: that of the first which is not over."""
    for status in visits:
        if status not in OVER:
            return status
    return "completed" if "completed" in visits else "cancelled"


def next_for_technician(current: str) -> str | None:
    """The step of the one big button on the phone."""
    return {
        "dispatched": "acknowledged",
        "acknowledged": "en_route",
        "en_route": "on_site",
        "on_site": "in_progress",
        "in_progress": "completed",
    }.get(current)

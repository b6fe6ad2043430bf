"""What a customer may do with a visit on the link. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

OPEN: Final = ("pending", "dispatched", "acknowledged")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the company allows: notice in hours before the arrival window, how many moves, how many days ahead."""

    may_move: bool = True
    may_cancel: bool = True
    notice_hours: int = 24
    most_moves: int = 2
    days_ahead: int = 14


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be done now; `why_not` says why moving is not, in a sentence for the customer."""

    confirm: bool
    move: bool
    cancel: bool
    why_not: str = ""


def allowed(
    status: str, window_start: datetime | None, now: datetime, terms: Terms, *, held: bool, moves: int, confirmed: bool,
    asked_to_cancel: bool, crew: int = 1,
) -> Allowed:  # fmt: skip
    """What a customer may do with a visit. `crew`: how many are sent; a visit of several is moved by the office."""
    if status not in OPEN or window_start is None or window_start <= now or held or asked_to_cancel:
        return Allowed(False, False, False)
    confirm, cancel = not confirmed, terms.may_cancel
    if not terms.may_move:
        return Allowed(confirm, False, cancel, "Please call us to choose another time.")
    if window_start - now < timedelta(hours=terms.notice_hours):
        return Allowed(
            confirm, False, cancel,
            f"It is less than {hours_words(terms.notice_hours)} until your visit. Please call us to choose another time.",
        )  # fmt: skip
    if moves >= terms.most_moves:
        return Allowed(
            confirm, False, cancel, "This visit has been moved before. Please call us for another time."
        )
    if crew > 1:
        return Allowed(
            confirm, False, cancel, "Several technicians come. Please call us to choose another time."
        )
    return Allowed(confirm, True, cancel)


def hours_words(hours: int) -> str:
    """`24 hours`, `2 days`, `1 hour`."""
    if hours > 24 and hours % 24 == 0:
        return f"{hours // 24} days"
    return f"{hours} hour{'' if hours == 1 else 's'}"


def minutes_words(minutes: int) -> str:
    """A drive as it is told: `a few minutes`, `about 10 minutes`, `about 1 hour 15 minutes`."""
    if minutes < 4:
        return "a few minutes"
    rounded = max(5, -(-minutes // 5) * 5)
    hours, rest = divmod(rounded, 60)
    parts = [f"{hours} hour{'' if hours == 1 else 's'}"] if hours else []
    parts += [f"{rest} minutes"] if rest else []
    return "about " + " ".join(parts)

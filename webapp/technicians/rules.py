"""What must hold for a technician. Pure."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from webapp.kit import clean, money

PAY_TYPES = {"hourly": "Hourly", "salary": "Salary", "commission": "Commission only"}
PAY_PER = {"hourly": "an hour", "salary": "a pay period", "commission": ""}
FIELDS = ("name", "employee_number", "email", "phone", "pay_type", "base_pay_cents", "supervisor_id",
          "starts_on", "ends_on", "color", "notes")  # fmt: skip
COLORS = (
    "#2563eb",
    "#0d9488",
    "#9333ea",
    "#d97706",
    "#dc2626",
    "#0891b2",
    "#65a30d",
    "#c026d3",
    "#4f46e5",
    "#b45309",
)


def cleaned(values: Mapping[str, Any], present: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Values fit to keep: of a new technician, or (with `present`) of a change to one.

    Only the fields that are there are cleaned and returned. Raises Invalid naming every field that is wrong.
    """
    found = {name: values[name] for name in FIELDS if name in values}
    problems = clean.Problems()
    problems.each(found, _CLEANERS)
    if "employee_number" in found:
        found["employee_number"] = found["employee_number"] or None
    whole = {
        "pay_type": None,
        "base_pay_cents": 0,
        "starts_on": None,
        "ends_on": None,
        **(present or {}),
        **found,
    }
    if whole["pay_type"] not in PAY_TYPES:
        problems.add("pay_type", "Choose hourly, salary or commission.")
    elif whole["pay_type"] == "commission" and whole["base_pay_cents"]:
        if found.get("base_pay_cents"):
            problems.add("base_pay_cents", "Somebody on commission only has no base pay. Leave it empty.")
        else:
            found["base_pay_cents"] = 0  # the change to commission takes the base pay away
    if whole["starts_on"] and whole["ends_on"] and whole["ends_on"] < whole["starts_on"]:
        problems.add("ends_on", "The last day cannot be before the first.")
    problems.done()
    return found


def _base_pay(cents: int) -> int:
    if not 0 <= cents <= money.MAX_CENTS:
        raise ValueError("Base pay must be zero or more, and at most ten billion dollars.")
    return cents


def _number(text: str) -> str:
    return clean.line(text, 40)


_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "name": lambda text: clean.name(text, 120),
    "employee_number": _number,
    "email": clean.email,
    "phone": clean.phone,
    "base_pay_cents": _base_pay,
    "color": clean.color,
    "notes": clean.lines,
}


def state(starts_on: date | None, ends_on: date | None, today: date) -> str:
    """`active`, `upcoming` (has not started) or `former` (the last day is over)."""
    if ends_on is not None and ends_on < today:
        return "former"
    if starts_on is not None and starts_on > today:
        return "upcoming"
    return "active"


def suggested_username(name: str) -> str:
    """`José Núñez` → `jose.nunez`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join(re.findall(r"[a-z0-9]+", plain))[:40]


def leads_in_a_circle(technician_id: int, supervisor_id: int, supervisors: Mapping[int, int | None]) -> bool:
    """Whether naming this supervisor would make somebody report, by any number of steps, to themselves."""
    seen: set[int] = set()
    above: int | None = supervisor_id
    while above is not None and above not in seen:
        if above == technician_id:
            return True
        seen.add(above)
        above = supervisors.get(above)
    return False


@dataclass(frozen=True, slots=True)
class Score:
    """What one technician did in a span of days; None where nothing is known."""

    technician_id: int
    name: str
    revenue_cents: int = 0
    sales_count: int = 0
    commission_cents: int | None = 0  # None also where the reader may not know it
    completion_rate: int | None = None  # basis points
    average_job_minutes: int | None = None
    average_rating: int | None = None  # hundredths of a star
    revenue_per_job_cents: int | None = None

    @property
    def average_sale_cents(self) -> int | None:
        return round_half_even(self.revenue_cents, self.sales_count) if self.sales_count else None


def round_half_even(total: int, parts: int) -> int:
    """An average in whole cents."""
    whole, rest = divmod(total, parts)
    up = rest * 2 > parts or (rest * 2 == parts and whole % 2 == 1)
    return whole + up


def ranked(scores: Sequence[Score]) -> list[tuple[int, Score]]:
    """The leaderboard: most revenue first, then most sales; equals share a rank, and the next is left out."""
    ordered = sorted(scores, key=_place)
    out: list[tuple[int, Score]] = []
    for position, score in enumerate(ordered, 1):
        last = out[-1] if out else None
        same = last is not None and (last[1].revenue_cents, last[1].sales_count) == (
            score.revenue_cents,
            score.sales_count,
        )
        out.append((last[0] if same and last else position, score))
    return out


def _place(score: Score) -> tuple[int, int, str, int]:
    return -score.revenue_cents, -score.sales_count, score.name.casefold(), score.technician_id

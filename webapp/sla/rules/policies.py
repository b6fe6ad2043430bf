"""Which policy a job has, and what a policy may hold."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

from webapp.dispatch.rules.values import JOB_TYPES, PRIORITIES
from webapp.kit import clean

LONGEST: Final = 90 * 24 * 60  # minutes that may be promised
MOST: Final = 100  # policies of one organization
FIELDS: Final = (
    "name",
    "priority",
    "job_type",
    "response_minutes",
    "resolution_minutes",
    "business_hours",
    "warn_percent",
    "active",
)


_LENGTH: Final = re.compile(
    r"(?:(?P<h>\d{1,4}(?:\.\d{1,2})?)\s*h(?:ours?|rs?)?)?\s*(?:(?P<m>\d{1,6})\s*(?:m|min|minutes?)?)?",
    re.IGNORECASE,
)


def read_minutes(text: str) -> int | None:
    """`30`, `4 h`, `1 h 30 min`, `1:30` in minutes; None when empty. Raises ValueError with a sentence."""
    tidy = " ".join(text.split())
    if not tidy:
        return None
    clock = re.fullmatch(r"(\d{1,4}):([0-5]\d)", tidy)
    if clock:
        return int(clock[1]) * 60 + int(clock[2])
    found = _LENGTH.fullmatch(tidy)
    if found is None or not (found["h"] or found["m"]):
        raise ValueError("Write a length of time such as 30 min, 4 h or 1 h 30 min.")
    return int(Decimal(found["h"] or 0) * 60) + int(found["m"] or 0)


class Fitting(Protocol):
    """What is asked of a policy to see whether it fits."""

    @property
    def priority(self) -> str | None: ...
    @property
    def job_type(self) -> str | None: ...


P = TypeVar("P", bound=Fitting)


def first(policies: Iterable[P], priority: str, job_type: str) -> P | None:
    """The first that fits: policies in their order, an empty field fits everything."""
    return next(
        (p for p in policies if p.priority in (None, priority) and p.job_type in (None, job_type)), None
    )


def never_reached(policies: Iterable[P]) -> list[P]:
    """Those that no job can come to, because one before them takes every job that fits."""
    seen: list[P] = []
    found = []
    for policy in policies:
        if any(s.priority in (None, policy.priority) and s.job_type in (None, policy.job_type) for s in seen):
            found.append(policy)
        seen.append(policy)
    return found


def cleaned(values: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The fields that were sent, fit to keep; `before` is the policy as it is. Raises Invalid naming what is wrong."""
    found = {k: v for k, v in values.items() if k in FIELDS}
    problems = clean.Problems()
    if "name" in found:
        found["name"] = problems.of("name", clean.name, found["name"] or "", 80)
    for name, among in (("priority", PRIORITIES), ("job_type", JOB_TYPES)):
        if name in found:
            found[name] = found[name] or None
            if found[name] is not None and found[name] not in among:
                problems.add(name, f"must be one of {', '.join(among)}, or empty for any.")
    for name in ("response_minutes", "resolution_minutes"):
        if found.get(name) is not None and not 1 <= found[name] <= LONGEST:
            problems.add(name, f"must be from 1 minute to 90 days ({LONGEST} minutes).")
    if found.get("warn_percent") is not None and not 1 <= found["warn_percent"] <= 99:
        problems.add("warn_percent", "must be from 1 to 99 percent.")
    whole = {**(before or {}), **found}
    response, resolution = whole.get("response_minutes"), whole.get("resolution_minutes")
    if response is None and resolution is None:
        problems.add("response_minutes", "Promise a response, a resolution, or both.")
    elif response is not None and resolution is not None and resolution < response:
        problems.add("resolution_minutes", "A job cannot be done before it is acknowledged.")
    problems.done()
    return found

"""The figures of keys as pages show them: days, routes and keys of the last month, with what waits to be filed."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from webapp.accounts import queries
from webapp.accounts.key_rules import Sum
from webapp.accounts.service import key_usage
from webapp.accounts.service.keyring import PREVIOUS
from webapp.kit import clock
from webapp.models import ApiKey

DAYS = 30
TOP = 10
K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class Figures:
    """Requests of one key or of all, the oldest day first, the busiest route and key first."""

    days: list[tuple[date, Sum]] = field(default_factory=list)
    routes: list[tuple[str, Sum]] = field(default_factory=list)
    keys: list[tuple[int, Sum]] = field(default_factory=list)
    total: Sum = field(default_factory=Sum)


def read(zone: str, key_id: int | None = None) -> Figures:
    """The last 30 days of the organization's calendar, today included. Two statements for a key, three for all."""
    today = clock.today(zone)
    first = today - timedelta(days=DAYS - 1)
    waiting = [c for c in key_usage.waiting().called if c.day >= first and key_id in (None, c.key_id)]
    by_day = _sums(((r.day, r.outcome, r.requests) for r in queries.usage_by_day(first, key_id)),
                   ((c.day, c.outcome, c.requests) for c in waiting))  # fmt: skip
    by_route = _sums(((r.route, r.outcome, r.requests) for r in queries.usage_by_route(first, key_id)),
                     ((c.route, c.outcome, c.requests) for c in waiting))  # fmt: skip
    by_key = {} if key_id is not None else _sums(
        ((r.key_id, r.outcome, r.requests) for r in queries.usage_by_key(first)),
        ((c.key_id, c.outcome, c.requests) for c in waiting))  # fmt: skip
    days = [first + timedelta(days=n) for n in range(DAYS)]
    total = Sum()
    for found in by_day.values():
        total = Sum(total.ok + found.ok, total.refused + found.refused, total.limited + found.limited,
                    total.failed + found.failed)  # fmt: skip
    return Figures([(day, by_day.get(day, Sum())) for day in days], _top(by_route), _top(by_key), total)


def _sums(*parts: Iterable[tuple[K, str, int]]) -> dict[K, Sum]:
    found: dict[K, Sum] = defaultdict(Sum)
    for part in parts:
        for key, outcome, requests in part:
            found[key] = found[key].plus(outcome, int(requests))
    return found


def _top(found: Mapping[K, Sum]) -> list[tuple[K, Sum]]:
    return sorted(found.items(), key=lambda one: (-one[1].requests, str(one[0])))[:TOP]


def chart(figures: Figures) -> dict[str, Any]:
    """The days as a chart, and the table behind it."""
    labels = [day.strftime("%b %-d") for day, _ in figures.days]
    sums = [found for _, found in figures.days]

    def bars(label: str, values: list[int]) -> dict[str, Any]:
        return {"label": label, "data": values, "stack": "all"}

    data = {"type": "bar", "data": {"labels": labels, "datasets": [
                bars("Answered", [s.ok for s in sums]), bars("Errors", [s.errors for s in sums]),
                bars("Limits hit", [s.limited for s in sums])]},
            "options": {"scales": {"x": {"stacked": True}, "y": {"stacked": True, "ticks": {"precision": 0}}}}}  # fmt: skip
    return {"data": data, "any": figures.total.requests > 0,
            "rows": [_row("day", day, found) for day, found in reversed(figures.days)]}  # fmt: skip


def rows(found: Iterable[tuple[Any, Sum]], name: str) -> list[dict[str, Any]]:
    """Sums as rows of a table, each under `name`."""
    return [_row(name, key, one) for key, one in found]


def _row(name: str, key: Any, found: Sum) -> dict[str, Any]:
    return {name: key, "requests": found.requests, "ok": found.ok, "refused": found.refused, "errors": found.errors,
            "limited": found.limited, "failed": found.failed}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """When a key was last used: with any of its secrets, the present one, the one before; and how."""

    at: datetime | None
    current: datetime | None
    previous: datetime | None
    address: str
    route: str


def seen(keys: Iterable[ApiKey]) -> dict[int, Seen]:
    """The last use of some keys, to the second. No statement but, rarely, one."""
    last = defaultdict(list)
    for one in key_usage.waiting().last:
        last[one.key_id].append(one)
    return {key.id: _seen(key, last[key.id]) for key in keys}


def _seen(key: ApiKey, waiting: list[key_usage.Last]) -> Seen:
    current, previous = key.last_used_at, key.previous_used_at
    address, route = key.last_address, key.last_route
    for one in sorted(waiting, key=lambda u: u.at):
        latest = max(filter(None, (current, previous)), default=None)
        if latest is None or one.at >= latest:
            address, route = one.address, one.route
        if one.secret == PREVIOUS:
            previous = max(filter(None, (previous, one.at)))
        else:
            current = max(filter(None, (current, one.at)))
    return Seen(max(filter(None, (current, previous)), default=None), current, previous, address, route)

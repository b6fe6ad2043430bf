"""How keys are used: counted with each request in memory, filed once a minute by the day, route and outcome.

See `kit.counts` for the way there. A count's name is `key|half hour|outcome|route`; the half hour becomes a day of the
organization's calendar when it is filed. What waits to be filed is shown together with what is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from flask import Response, g, request
from sqlalchemy import delete, text

from webapp.accounts import key_rules as rules
from webapp.accounts import queries
from webapp.accounts.service.keyring import PREVIOUS, Use
from webapp.kit import api, clock, context, counts, tenancy, wakes, web
from webapp.kit.db import db
from webapp.models import ApiUsage

KIND = "key-usage"
JOB = "accounts.key_usage"
FILED_EVERY = timedelta(minutes=1)
HALF_HOUR = 1800
KEPT_DAYS = 400


@dataclass(frozen=True, slots=True)
class Called:
    """So many requests of a key to a route on a day, with what came of them."""

    key_id: int
    day: date
    route: str
    outcome: str
    requests: int


@dataclass(frozen=True, slots=True)
class Last:
    """The last use of one of a key's secrets."""

    key_id: int
    secret: str
    at: datetime
    address: str
    route: str


def count(answer: Response) -> Response:
    """After each request: one more for the key it came with."""
    use: Use | None = g.get("key_use")
    route = api.route_of(web.current_view()) if use is not None else None
    if use is None or route is None:
        return answer
    now = clock.unix()
    where = f"{route.method} {_plain(route.path)}"
    name = f"{use.key_id}|{now // HALF_HOUR}|{rules.outcome(answer.status_code)}|{where}"
    last = orjson.dumps([now, request.remote_addr or "", where]).decode()
    counts.add(KIND, use.tenant_id, name, note=(f"{use.key_id}|{use.secret}", last))
    return answer


@lru_cache(maxsize=2000)
def _plain(path: str) -> str:
    """`/sales/<int:sale_id>` → `/sales/{sale_id}`, as the API's document writes it."""
    return "".join(
        piece
        if position == 0
        else f"{{{piece.partition('>')[0].rpartition(':')[2]}}}{piece.partition('>')[2]}"
        for position, piece in enumerate(path.split("<"))
    )


def wake(tenant_id: UUID) -> None:
    """Have what waits filed in a minute. For `kit.counts`, outside any request."""
    who = context.Principal(kind="system", tenant_id=tenant_id, name="Truckroll")
    with context.acting(who), tenancy.across(tenant_id):
        wakes.wake(JOB, clock.now() + FILED_EVERY)


# Filing -------------------------------------------------------------------------------------------------------------

_MARK = text("""
    insert into api_usage_marks as m (tenant_id, batch) values (:tenant, '')
    on conflict (tenant_id) do update set batch = m.batch returning batch
""")  # locks the row: two filers wait for one another
_MARKED = text("update api_usage_marks set batch = :batch where tenant_id = :tenant")
# joined to the keys: a count of a key that a restored database does not have is of no use
_FILE = text("""
    insert into api_usage as u (tenant_id, key_id, day, route, outcome, requests)
    select :tenant, k.id, cast(g.day as date), g.route, g.outcome, sum(g.requests)
    from json_to_recordset(cast(:given as json)) as g (key_id bigint, day text, route text, outcome text, requests bigint)
    join api_keys k on k.tenant_id = :tenant and k.id = g.key_id
    group by k.id, g.day, g.route, g.outcome order by k.id, g.day, g.route, g.outcome
    on conflict (tenant_id, key_id, day, route, outcome) do update set requests = u.requests + excluded.requests
""")
_LAST = text("""
    with given as (
        select * from json_to_recordset(cast(:given as json))
            as g (key_id bigint, at timestamptz, before timestamptz, after timestamptz, address text, route text)
    )
    update api_keys k set
        last_used_at = greatest(k.last_used_at, g.after), previous_used_at = greatest(k.previous_used_at, g.before),
        last_address = case when g.at >= coalesce(greatest(k.last_used_at, k.previous_used_at), g.at)
                       then g.address else k.last_address end,
        last_route = case when g.at >= coalesce(greatest(k.last_used_at, k.previous_used_at), g.at)
                     then g.route else k.last_route end
    from given g where k.tenant_id = :tenant and k.id = g.key_id
""")


def file() -> dict[str, Any]:
    """Write the present organization's counts that wait; how many requests they are of.

    The batch is let go of by the caller after its commit (:func:`webapp.kit.counts.drop`).
    """
    tenant = context.tenant_id()
    filed = db.session.execute(_MARK, {"tenant": tenant}).scalar_one()
    batch = counts.take(KIND, tenant)
    if not batch.id or batch.id == filed:
        return {"requests": 0}
    called, last = _called(batch), _last(batch)
    if called:
        given = [{"key_id": c.key_id, "day": c.day, "route": c.route, "outcome": c.outcome, "requests": c.requests}
                 for c in called]  # fmt: skip
        db.session.execute(_FILE, {"tenant": tenant, "given": orjson.dumps(given).decode()})
    if last:
        db.session.execute(_LAST, {"tenant": tenant, "given": orjson.dumps(_together(last)).decode()})
    db.session.execute(_MARKED, {"tenant": tenant, "batch": batch.id})
    return {"requests": sum(c.requests for c in called)}


def _called(batch: counts.Batch) -> list[Called]:
    zone = ZoneInfo(queries.organization().time_zone)
    found = []
    for name, requests in batch.sums.items():
        key, half, outcome, route = name.split("|", 3)
        day = datetime.fromtimestamp(int(half) * HALF_HOUR, UTC).astimezone(zone).date()
        found.append(Called(int(key), day, route, outcome, requests))
    return found


def _last(batch: counts.Batch) -> list[Last]:
    found = []
    for name, text_ in batch.notes.items():
        key, secret = name.split("|")
        at, address, route = orjson.loads(text_)
        found.append(Last(int(key), secret, datetime.fromtimestamp(at, UTC), address, route))
    return found


def _together(last: Iterable[Last]) -> list[dict[str, Any]]:
    """One row a key: when each of its secrets was used, and where the last use came from."""
    found: dict[int, dict[str, Any]] = {}
    for one in sorted(last, key=lambda u: u.at):
        row = found.setdefault(one.key_id, {"key_id": one.key_id, "before": None, "after": None})
        row |= {"at": one.at, "address": one.address, "route": one.route}
        row["before" if one.secret == PREVIOUS else "after"] = one.at
    return list(found.values())


def forget() -> int:
    """Delete figures of days long past; how many rows."""
    gone = db.session.execute(
        delete(ApiUsage)
        .where(ApiUsage.tenant_id == context.tenant_id(),
               ApiUsage.day < clock.now().date() - timedelta(days=KEPT_DAYS))
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a CursorResult


# What waits ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is counted and not filed yet."""

    called: list[Called]
    last: list[Last]


def waiting() -> Waiting:
    """Counts of the present organization that are not filed yet."""
    tenant = context.tenant_id()
    batches = counts.waiting(KIND, tenant)
    if any(b.id for b in batches):
        # filed, and not let go of only because its job died just then
        filed = queries.filed_batch()
        batches = [b for b in batches if not b.id or b.id != filed]
    return Waiting([c for b in batches for c in _called(b)], [u for b in batches for u in _last(b)])

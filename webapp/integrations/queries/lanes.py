"""The statements that every trade of the courier shares: who waits, leases, results.

A trade has targets (whose places are leased), deliveries to them, attempts of these and figures by the hour; the names of
the tables differ, the columns do not. Webhooks and connectors are such trades.
"""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import TextClause, text

DUE = "d.status in ('pending', 'retrying') and d.next_attempt_at <= :now"
_FREE = "(p.lease_until is null or p.lease_until <= :now) and (p.not_before is null or p.not_before <= :now)"
_GIVEN = """json_to_recordset(cast(:given as json)) as g (id bigint, endpoint_id bigint, result text, next_at timestamptz,
    at timestamptz, code int, latency_ms int, kind text, error text, headers jsonb, body text, request_line text,
    sent json, misfit text)"""
_SUMS = """json_to_recordset(cast(:given as json)) as g (id bigint, last_at timestamptz, last_status int, recovered bool,
    failures int, failing_since timestamptz, not_before timestamptz, hour timestamptz, delivered int, failed int,
    latency_ms bigint, slowest_ms int)"""
LIVE = "p.tenant_id = :tenant and p.enabled and p.deleted_at is null"
# nothing while an earlier one of its record is put off
AFTER_EARLIER = """and not exists (
        select 1 from {deliveries} b where b.tenant_id = :tenant and b.{target} = p.id
          and b.status in ('pending', 'retrying') and b.record_type = d.record_type
          and b.record_id is not distinct from d.record_id and b.id < d.id and b.next_attempt_at > :now)"""


@dataclass(frozen=True)
class Lanes:
    """Statements over the tables of one trade. `target` and `delivery` are the columns that point at these; `settings`:
    what a courier needs of a target; `in_order`: SQL that says whether a target wants strict order; `learned`: what else
    a delivery keeps of a result; `kept`: what else an attempt keeps, as column → of the result."""

    targets: str
    deliveries: str
    attempts: str
    hours: str
    target: str
    delivery: str
    settings: str
    in_order: str = "true"
    learned: str = ""
    kept: tuple[tuple[str, str], ...] = ()

    @cached_property
    def waiting(self) -> TextClause:
        return text(f"""
select p.id from {self.targets} p
where {LIVE} and {_FREE} and exists (
    select 1 from {self.deliveries} d where d.tenant_id = :tenant and d.{self.target} = p.id and {DUE})
order by p.served_at nulls first, p.id limit :room
""")  # noqa: S608  # constants of the trades, here and below

    @cached_property
    def lease(self) -> TextClause:
        return text(f"""
with mine as materialized (
    select p.id from {self.targets} p where {LIVE} and {_FREE} and p.id = any(:ids) order by p.id for update
)
update {self.targets} p set lease_until = :until, lease_token = :token, served_at = :now
from mine where p.tenant_id = :tenant and p.id = mine.id
returning {self.settings}
""")  # noqa: S608

    @cached_property
    def renew(self) -> TextClause:
        return text(f"""
with mine as materialized (
    select id from {self.targets} where tenant_id = :tenant and id = any(:ids) and lease_token = :token
    order by id for update
)
update {self.targets} p set lease_until = :until from mine where p.tenant_id = :tenant and p.id = mine.id
returning p.id
""")  # noqa: S608

    @cached_property
    def lock(self) -> TextClause:
        return text(f"""
select {self.settings} from {self.targets} p
where p.tenant_id = :tenant and p.id = any(:ids) and p.lease_token = :token order by p.id for update
""")  # noqa: S608

    @cached_property
    def release(self) -> TextClause:
        return text(f"""
update {self.targets} set lease_until = null, lease_token = null
where tenant_id = :tenant and id = any(:ids) and lease_token = :token
""")  # noqa: S608

    @cached_property
    def next(self) -> TextClause:
        return text(f"""
select min(case when p.lease_until > :now then p.lease_until
                else greatest(due.at, coalesce(p.not_before, due.at)) end)
from {self.targets} p cross join lateral (
    select min(d.next_attempt_at) as at from {self.deliveries} d
    where d.tenant_id = :tenant and d.{self.target} = p.id and d.status in ('pending', 'retrying')
) due
where {LIVE} and (cast(:ids as bigint[]) is null or p.id = any(:ids))
  and (p.lease_until > :now or due.at is not null)
""")  # noqa: S608

    @cached_property
    def results(self) -> TextClause:
        """A delivery that was cancelled or settled meanwhile stays so; what was tried is written down in any case."""
        names = "".join(f", {name}" for name, _ in self.kept)
        values = "".join(f", g.{value}" for _, value in self.kept)
        return text(f"""
with given as materialized (select * from {_GIVEN}), done as (
    update {self.deliveries} d set
        status = case when d.status in ('pending', 'retrying') then g.result else d.status end,
        next_attempt_at = case when d.status in ('pending', 'retrying') then g.next_at else d.next_attempt_at end,
        delivered_at = case when g.result = 'delivered' then g.at else d.delivered_at end,
        attempt = d.attempt + 1, tries = d.tries + 1, response_status = g.code, latency_ms = g.latency_ms,
        error = g.error{self.learned}
    from given g where d.tenant_id = :tenant and d.id = g.id
    returning d.id, d.tries
)
insert into {self.attempts} (tenant_id, {self.delivery}, number, at, status, latency_ms, error_kind, error,
    response_headers, response_body{names})
select :tenant, g.id, done.tries, g.at, g.code, g.latency_ms, g.kind, g.error, g.headers, g.body{values}
from given g join done on done.id = g.id
""")  # noqa: S608

    @cached_property
    def hold_followers(self) -> TextClause:
        """In order, those behind one that is put off are put off to the same moment."""
        return text(f"""
update {self.deliveries} d set next_attempt_at = g.next_at
from {_GIVEN}
join {self.targets} p on p.tenant_id = :tenant and p.id = g.endpoint_id and {self.in_order}
join {self.deliveries} h on h.tenant_id = :tenant and h.id = g.id
where g.result = 'retrying' and d.tenant_id = :tenant and d.{self.target} = g.endpoint_id
  and d.record_type = h.record_type and d.record_id is not distinct from h.record_id and d.id > g.id
  and d.status in ('pending', 'retrying')
""")  # noqa: S608

    @cached_property
    def health(self) -> TextClause:
        return text(f"""
with given as materialized (select * from {_SUMS}), mine as materialized (
    select p.id from {self.targets} p join given g on p.id = g.id where p.tenant_id = :tenant order by p.id for update of p
)
update {self.targets} p set last_delivery_at = g.last_at, last_delivery_status = g.last_status,
    failures = case when g.recovered then g.failures else p.failures + g.failures end,
    failing_since = case when g.recovered then g.failing_since else coalesce(p.failing_since, g.failing_since) end,
    not_before = coalesce(g.not_before, case when g.recovered then null else p.not_before end)
from given g join mine on mine.id = g.id where p.tenant_id = :tenant and p.id = g.id
returning p.id, p.failing_since
""")  # noqa: S608

    @cached_property
    def by_hour(self) -> TextClause:
        return text(f"""
insert into {self.hours} as w (tenant_id, {self.target}, hour, delivered, failed, latency_ms, slowest_ms)
select :tenant, g.id, g.hour, g.delivered, g.failed, g.latency_ms, g.slowest_ms from {_SUMS} order by g.id
on conflict (tenant_id, {self.target}, hour) do update set delivered = w.delivered + excluded.delivered,
    failed = w.failed + excluded.failed, latency_ms = w.latency_ms + excluded.latency_ms,
    slowest_ms = greatest(w.slowest_ms, excluded.slowest_ms)
""")  # noqa: S608

"""The statements of the courier, written out: they run for every batch, on all of an organization's endpoints at once."""

from sqlalchemy import text

# for `kit.wakes`, with the parameters of the journal's own statement: whether anybody listens
LISTENED = """exists (select 1 from webhook_endpoints p where p.tenant_id = %(tenant)s and p.enabled
    and p.deleted_at is null and (%(told)s or p.audit_cursor is not null))"""

_LIVE = "p.tenant_id = :tenant and p.enabled and p.deleted_at is null"
_DUE = "d.status in ('pending', 'retrying') and d.next_attempt_at <= :now"
_FREE = "(p.lease_until is null or p.lease_until <= :now) and (p.not_before is null or p.not_before <= :now)"
_NEW = """insert into webhook_deliveries (tenant_id, public_id, endpoint_id, event, event_seq, event_id, event_at,
    record_type, record_id, status, attempt, tries, next_attempt_at, error, created_at)
    select :tenant, 'whd_' || left(replace(gen_random_uuid()::text, '-', ''), 16), m.id"""
# in order, a delivery waits for the ones of its record that are put off
_FIRST = """'pending', 0, 0, case when m.in_order then greatest(cast(:now as timestamptz), (
        select max(d.next_attempt_at) from webhook_deliveries d
        where d.tenant_id = :tenant and d.endpoint_id = m.id and d.status in ('pending', 'retrying')
          and d.record_type = e.record_type and d.record_id is not distinct from e.record_id
    )) else :now end, '', :now"""


def _fan_out(cursor: str, table: str, values: str, wanted: str) -> str:
    return f"""
with mine as materialized (
    select p.id, p.events, p.in_order, p.{cursor} as cursor from webhook_endpoints p
    where {_LIVE} and p.{cursor} < :up_to order by p.id for update
), made as (
    {_NEW}, {values}, {_FIRST}
    from mine m join {table} e on e.tenant_id = :tenant and e.seq > m.cursor and e.seq <= :up_to and {wanted}
    order by e.seq, m.id
    returning 1
), moved as (
    update webhook_endpoints p set {cursor} = :up_to where p.tenant_id = :tenant and p.id in (select id from mine)
)
select count(*) from made
"""  # noqa: S608  # constants of this module


# what `webapp.integrations.rules.matches` says, on all at once
FAN_OUT = text(_fan_out(
    "cursor_seq", "events", "e.name, e.seq, e.id, e.created_at, e.record_type, e.record_id",
    "(e.name = any(m.events) or m.events && array['*', split_part(e.name, '.', 1) || '.*',"
    " split_part(e.name, '.', 1) || '.' || split_part(e.name, '.', 2) || '.*'])",
))  # fmt: skip
FAN_OUT_AUDIT = text(_fan_out(
    "audit_cursor", "audit_entries", "'audit.log.event', e.seq, e.id, e.created_at, e.record_type, e.record_id", "true",
))  # fmt: skip

WAITING = text(f"""
select p.id from webhook_endpoints p
where {_LIVE} and {_FREE} and exists (
    select 1 from webhook_deliveries d where d.tenant_id = :tenant and d.endpoint_id = p.id and {_DUE})
order by p.served_at nulls first, p.id limit :room
""")  # noqa: S608

_SETTINGS = (
    "p.id, p.api, p.url, p.sealed, p.in_order, p.concurrency, p.rate_per_second, p.failures, p.failing_since"
)

LEASE = text(f"""
with mine as materialized (
    select p.id from webhook_endpoints p where {_LIVE} and {_FREE} and p.id = any(:ids) order by p.id for update
)
update webhook_endpoints p set lease_until = :until, lease_token = :token, served_at = :now
from mine where p.tenant_id = :tenant and p.id = mine.id
returning {_SETTINGS}
""")  # noqa: S608

RENEW = text("""
with mine as materialized (
    select id from webhook_endpoints where tenant_id = :tenant and id = any(:ids) and lease_token = :token
    order by id for update
)
update webhook_endpoints p set lease_until = :until from mine where p.tenant_id = :tenant and p.id = mine.id
returning p.id
""")

LOCK = text(f"""
select {_SETTINGS} from webhook_endpoints p
where p.tenant_id = :tenant and p.id = any(:ids) and p.lease_token = :token order by p.id for update
""")  # noqa: S608

RELEASE = text("""
update webhook_endpoints set lease_until = null, lease_token = null
where tenant_id = :tenant and id = any(:ids) and lease_token = :token
""")


def _fetch(order: str, further: str = "") -> str:
    return f"""
select d.*, e.payload, a.id as audit_id, a.action, a.source, a.correlation_id, a.payload as audit_payload
from webhook_endpoints p cross join lateral (
    select d.id, d.public_id, d.endpoint_id, d.event, d.event_seq, d.event_id, d.event_at, d.record_type, d.record_id,
           d.data, d.attempt
    from webhook_deliveries d
    where d.tenant_id = :tenant and d.endpoint_id = p.id and {_DUE} and d.id <> all(cast(:busy as bigint[])) {further}
    order by {order} limit :most
) d
left join events e on e.tenant_id = :tenant and e.seq = d.event_seq and d.event <> 'audit.log.event'
left join audit_entries a on a.tenant_id = :tenant and a.seq = d.event_seq and a.created_at = d.event_at
    and d.event = 'audit.log.event'
where {_LIVE} and p.id = any(:ids) and p.lease_token = :token and (p.not_before is null or p.not_before <= :now)
order by {order}
"""  # noqa: S608


FETCH = text(_fetch("d.next_attempt_at, d.id").replace(
    "d.data, d.attempt", "d.data, d.attempt, d.next_attempt_at"))  # fmt: skip
# strictly in order: nothing while an earlier one of its record is put off
FETCH_IN_ORDER = text(
    _fetch(
        "d.id",
        """and not exists (
        select 1 from webhook_deliveries b where b.tenant_id = :tenant and b.endpoint_id = p.id
          and b.status in ('pending', 'retrying') and b.record_type = d.record_type
          and b.record_id is not distinct from d.record_id and b.id < d.id and b.next_attempt_at > :now)""",
    )
)

NEXT = text(f"""
select min(case when p.lease_until > :now then p.lease_until
                else greatest(due.at, coalesce(p.not_before, due.at)) end)
from webhook_endpoints p cross join lateral (
    select min(d.next_attempt_at) as at from webhook_deliveries d
    where d.tenant_id = :tenant and d.endpoint_id = p.id and d.status in ('pending', 'retrying')
) due
where {_LIVE} and (cast(:ids as bigint[]) is null or p.id = any(:ids))
  and (p.lease_until > :now or due.at is not null)
""")  # noqa: S608

_GIVEN = """json_to_recordset(cast(:given as json)) as g (id bigint, endpoint_id bigint, result text, next_at timestamptz,
    at timestamptz, code int, latency_ms int, kind text, error text, headers jsonb, body text)"""

# a delivery that was cancelled or settled meanwhile stays so; what was tried is written down in any case
RESULTS = text(f"""
with given as materialized (select * from {_GIVEN}), done as (
    update webhook_deliveries d set
        status = case when d.status in ('pending', 'retrying') then g.result else d.status end,
        next_attempt_at = case when d.status in ('pending', 'retrying') then g.next_at else d.next_attempt_at end,
        delivered_at = case when g.result = 'delivered' then g.at else d.delivered_at end,
        attempt = d.attempt + 1, tries = d.tries + 1, response_status = g.code, latency_ms = g.latency_ms,
        error = g.error
    from given g where d.tenant_id = :tenant and d.id = g.id
    returning d.id, d.tries
)
insert into webhook_attempts (tenant_id, delivery_id, number, at, status, latency_ms, error_kind, error,
    response_headers, response_body)
select :tenant, g.id, done.tries, g.at, g.code, g.latency_ms, g.kind, g.error, g.headers, g.body
from given g join done on done.id = g.id
""")  # noqa: S608

HOLD_FOLLOWERS = text(f"""
update webhook_deliveries d set next_attempt_at = g.next_at
from {_GIVEN}
join webhook_endpoints p on p.tenant_id = :tenant and p.id = g.endpoint_id and p.in_order
join webhook_deliveries h on h.tenant_id = :tenant and h.id = g.id
where g.result = 'retrying' and d.tenant_id = :tenant and d.endpoint_id = g.endpoint_id and d.record_type = h.record_type
  and d.record_id is not distinct from h.record_id and d.id > g.id and d.status in ('pending', 'retrying')
""")  # noqa: S608

_SUMS = """json_to_recordset(cast(:given as json)) as g (id bigint, last_at timestamptz, last_status int, recovered bool,
    failures int, failing_since timestamptz, not_before timestamptz, hour timestamptz, delivered int, failed int,
    latency_ms bigint, slowest_ms int)"""

HEALTH = text(f"""
with given as materialized (select * from {_SUMS}), mine as materialized (
    select p.id from webhook_endpoints p join given g on p.id = g.id where p.tenant_id = :tenant order by p.id for update of p
)
update webhook_endpoints p set last_delivery_at = g.last_at, last_delivery_status = g.last_status,
    failures = case when g.recovered then g.failures else p.failures + g.failures end,
    failing_since = case when g.recovered then g.failing_since else coalesce(p.failing_since, g.failing_since) end,
    not_before = coalesce(g.not_before, case when g.recovered then null else p.not_before end)
from given g join mine on mine.id = g.id where p.tenant_id = :tenant and p.id = g.id
returning p.id, p.failing_since
""")  # noqa: S608

HOURS = text(f"""
insert into webhook_hours as w (tenant_id, endpoint_id, hour, delivered, failed, latency_ms, slowest_ms)
select :tenant, g.id, g.hour, g.delivered, g.failed, g.latency_ms, g.slowest_ms from {_SUMS} order by g.id
on conflict (tenant_id, endpoint_id, hour) do update set delivered = w.delivered + excluded.delivered,
    failed = w.failed + excluded.failed, latency_ms = w.latency_ms + excluded.latency_ms,
    slowest_ms = greatest(w.slowest_ms, excluded.slowest_ms)
""")  # noqa: S608

CONTENT = text("""
select d.event, d.event_id, d.event_at, d.data, e.payload, a.action, a.source, a.correlation_id, a.payload as audit_payload
from webhook_deliveries d
left join events e on e.tenant_id = :tenant and e.seq = d.event_seq and d.event <> 'audit.log.event'
left join audit_entries a on a.tenant_id = :tenant and a.seq = d.event_seq and a.created_at = d.event_at
    and d.event = 'audit.log.event'
where d.tenant_id = :tenant and d.id = :id
""")

"""The statements of webhooks, written out: they run for every batch, on all of an organization's endpoints at once."""

from sqlalchemy import text

from webapp.integrations.queries.lanes import AFTER_EARLIER, DUE, LIVE, Lanes

# for `kit.wakes`, with the parameters of the journal's own statement: whether anybody listens
LISTENED = """exists (select 1 from webhook_endpoints p where p.tenant_id = %(tenant)s and p.enabled
    and p.deleted_at is null and (%(told)s or p.audit_cursor is not null))"""

LANES = Lanes("webhook_endpoints", "webhook_deliveries", "webhook_attempts", "webhook_hours", "endpoint_id", "delivery_id",
              "p.id, p.api, p.url, p.sealed, p.in_order, p.concurrency, p.rate_per_second, p.failures, p.failing_since",
              in_order="p.in_order")  # fmt: skip

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
    where {LIVE} and p.{cursor} < :up_to order by p.id for update
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


def _fetch(order: str, further: str = "") -> str:
    return f"""
select d.*, e.payload, a.id as audit_id, a.action, a.source, a.correlation_id, a.payload as audit_payload
from webhook_endpoints p cross join lateral (
    select d.id, d.public_id, d.endpoint_id, d.event, d.event_seq, d.event_id, d.event_at, d.record_type, d.record_id,
           d.data, d.attempt
    from webhook_deliveries d
    where d.tenant_id = :tenant and d.endpoint_id = p.id and {DUE} and d.id <> all(cast(:busy as bigint[])) {further}
    order by {order} limit :most
) d
left join events e on e.tenant_id = :tenant and e.seq = d.event_seq and d.event <> 'audit.log.event'
left join audit_entries a on a.tenant_id = :tenant and a.seq = d.event_seq and a.created_at = d.event_at
    and d.event = 'audit.log.event'
where {LIVE} and p.id = any(:ids) and p.lease_token = :token and (p.not_before is null or p.not_before <= :now)
order by {order}
"""  # noqa: S608


FETCH = text(_fetch("d.next_attempt_at, d.id").replace(
    "d.data, d.attempt", "d.data, d.attempt, d.next_attempt_at"))  # fmt: skip
FETCH_IN_ORDER = text(
    _fetch("d.id", AFTER_EARLIER.format(deliveries="webhook_deliveries", target="endpoint_id"))
)

CONTENT = text("""
select d.event, d.event_id, d.event_at, d.data, e.payload, a.action, a.source, a.correlation_id, a.payload as audit_payload
from webhook_deliveries d
left join events e on e.tenant_id = :tenant and e.seq = d.event_seq and d.event <> 'audit.log.event'
left join audit_entries a on a.tenant_id = :tenant and a.seq = d.event_seq and a.created_at = d.event_at
    and d.event = 'audit.log.event'
where d.tenant_id = :tenant and d.id = :id
""")

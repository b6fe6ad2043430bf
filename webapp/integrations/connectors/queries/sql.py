"""The statements of the trade of connectors, written out."""

from sqlalchemy import text

from webapp.integrations.queries.lanes import AFTER_EARLIER, DUE, LIVE, Lanes

# for `kit.wakes`: whether any rule listens
LISTENED = """%(told)s and exists (select 1 from connector_rules r where r.tenant_id = %(tenant)s and r.enabled
    and r.deleted_at is null)"""

LANES = Lanes(
    "connectors", "connector_calls", "connector_attempts", "connector_hours", "connector_id", "call_id",
    "p.id, p.method, p.url, p.outputs, p.concurrency, p.rate_per_second, p.failures, p.failing_since",
    learned=", misfit = g.misfit",
    kept=(("request_line", "request_line"), ("request_headers", "sent")),
)  # fmt: skip

_AFTER_EARLIER = AFTER_EARLIER.format(deliveries="connector_calls", target="connector_id")
FETCH = text(f"""
select d.* from connectors p cross join lateral (
    select d.id, d.connector_id, d.idempotency_key, d.record_type, d.record_id, d.inputs, d.attempt, d.most, d.first_at
    from connector_calls d
    where d.tenant_id = :tenant and d.connector_id = p.id and {DUE} and d.id <> all(cast(:busy as bigint[])) {_AFTER_EARLIER}
    order by d.id limit :most
) d
where {LIVE} and p.id = any(:ids) and p.lease_token = :token and (p.not_before is null or p.not_before <= :now)
order by d.id
""")  # noqa: S608  # constants of this module

BEGIN = text("""
update connector_calls set first_at = :now
where tenant_id = :tenant and id = :id and first_at is null and status in ('pending', 'retrying')
""")

# new calls wait for the earlier ones of their record that are put off
QUEUE_BEHIND = text("""
update connector_calls d set next_attempt_at = greatest(d.next_attempt_at, earlier.at)
from (
    select n.id, max(b.next_attempt_at) as at from connector_calls n
    join connector_calls b on b.tenant_id = :tenant and b.connector_id = n.connector_id and b.record_type = n.record_type
      and b.record_id is not distinct from n.record_id and b.id < n.id and b.status in ('pending', 'retrying')
    where n.tenant_id = :tenant and n.id = any(:ids) group by n.id
) earlier
where d.tenant_id = :tenant and d.id = earlier.id
""")

# ids are given in the order of time: the oldest are the first, without an index of their own
FORGET = text("""
delete from connector_calls where tenant_id = :tenant and id in (
    select id from (select id, created_at from connector_calls where tenant_id = :tenant order by id limit :batch) first
    where created_at < :before
)
""")
FORGET_HOURS = text("delete from connector_hours where tenant_id = :tenant and hour < :before")
FORGET_CONNECTORS = text("""
delete from connectors p where p.tenant_id = :tenant and p.deleted_at < :before
  and not exists (select 1 from connector_calls d where d.tenant_id = :tenant and d.connector_id = p.id)
""")

"""The field document's dispatch examples of the office, sent by curl over HTTP."""

from tests.contract.test_field_document import Shop, good, server, shop, snake, typed
from tests.factories import dispatch as make
from webapp.kit import jobs
from webapp.kit.db import get
from webapp.models import RoutePlan

__all__ = ["server", "shop"]  # fixtures

CREATE = r"""
curl -X POST https://api.tradekitt.com/api/v1/admin/dispatch \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{
    "title": "AC Repair - Smith Residence",
    "description": "Unit not cooling, thermostat reads 85F",
    "priority": "high",
    "customer_name": "John Smith",
    "service_address": "123 Oak St",
    "service_city": "Tampa",
    "service_state": "FL",
    "service_zip": "33601",
    "scheduled_start": "2026-03-28T09:00:00Z",
    "scheduled_end": "2026-03-28T11:00:00Z"
  }'
"""
ASSIGN = r"""
curl -X PATCH https://api.tradekitt.com/api/v1/admin/dispatch/42/assign \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"technician_id": 3}'
"""
SUGGESTIONS = r"""
curl "https://api.tradekitt.com/api/v1/admin/dispatch/42/suggestions" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""
BOARD = r"""
curl "https://api.tradekitt.com/api/v1/admin/dispatch/board?date=2026-03-28" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""
OPTIMIZE = r"""
curl -X POST https://api.tradekitt.com/api/v1/admin/dispatch/optimize-routes \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"date": "2026-03-28"}'
"""


def test_a_job_is_made_suggested_for_assigned_and_seen_on_the_board(shop: Shop) -> None:
    with shop.company.acting():
        tina = make.technician("Tina Torres").id
    job = good(shop.curl(CREATE), 201)
    assert (job["title"], job["priority"], job["status"]) == (
        "AC Repair - Smith Residence",
        "high",
        "pending",
    )
    ranked = good(shop.curl(SUGGESTIONS, **{"dispatch/42/": f"dispatch/{job['id']}/"}))
    assert tina in [one["technician_id"] for one in ranked]
    typed(ranked[0], technician_id=int, technician_name=str, score=int, why=str, parts=dict)
    assert {"skills", "zone", "distance", "availability", "workload"} <= set(ranked[0]["parts"])
    snake(ranked)
    sent = good(
        shop.curl(
            ASSIGN,
            **{"dispatch/42/": f"dispatch/{job['id']}/", '"technician_id": 3': f'"technician_id": {tina}'},
        )
    )
    assert (sent["status"], sent["technician_id"]) == ("dispatched", tina)
    board = good(shop.curl(BOARD))
    assert job["id"] in [v["job_id"] for v in board["visits"]]


def test_a_day_is_planned_also_one_that_is_over(shop: Shop) -> None:
    plan = good(shop.curl(OPTIMIZE), 201)
    typed(plan, id=int, date=str, status=str, progress=int)
    assert (plan["date"], plan["status"]) == ("2026-03-28", "queued")
    with shop.company.app.app_context():
        jobs.drain(jobs.LONG, shop.company.tenant_id)
    with shop.company.acting():
        assert get(RoutePlan, plan["id"]).status == "ready"
    snake(plan)

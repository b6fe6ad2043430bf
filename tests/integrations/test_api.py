"""Webhooks over both APIs: the growth document's shapes, and errors in each API's own words."""

from dataclasses import dataclass
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.factories import sales
from tests.factories.world import Company
from tests.integrations.receivers import Receiver, reply
from tests.integrations.support import deliver, happen
from webapp.accounts.service import keys
from webapp.integrations import catalogue, rules
from webapp.kit import events, openapi

FIELD_NAMES = ["sale.created", "sale.approved", "sale.rejected", "dispatch.created", "dispatch.assigned",
               "dispatch.completed", "commission.calculated", "payment.reconciled", "agreement.renewed",
               "agreement.expired", "inventory.low-stock"]  # fmt: skip
GROWTH_NAMES = ["call.received", "call.classified", "call.qualified", "lead.created", "lead.updated",
                "outreach.email.sent", "outreach.email.replied", "claim.scope.ready", "review.requested",
                "review.received", "audit.log.event"]  # fmt: skip
# the growth document's own request
BRIDGE = {"url": "https://crm-bridge.example.com/webhook", "events": ["call.qualified", "lead.created", "claim.scope.ready"],
          "description": "Production CRM bridge"}  # fmt: skip
SHOWN = ["id", "url", "events", "description", "signing_secret_prefix", "enabled", "created_at", "last_delivery_at",
         "last_delivery_status"]  # fmt: skip


@dataclass(slots=True)
class Growth:
    """A partner with keys of the growth API."""

    company: Company
    key: str

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return self.company.app.test_client().open(
            f"/api/v1{path}", method=method, json=body, headers=headers
        )


@pytest.fixture
def growth(company: Company) -> Growth:
    with company.acting():
        _, key = keys.create("CRM", "growth", scope="admin")
    return Growth(company, key)


def test_the_growth_documents_webhook_is_registered_shown_listed_and_deleted(growth: Growth) -> None:
    answer = growth.ask("POST", "/webhooks", BRIDGE)
    assert answer.status_code == 201
    made = answer.json
    assert list(made) == [*SHOWN[:7], "signing_secret", "_warning"]
    assert {k: made[k] for k in BRIDGE if k != "events"} == {k: v for k, v in BRIDGE.items() if k != "events"}
    assert set(made["events"]) == set(BRIDGE["events"])
    assert made["signing_secret"][:12] == made["signing_secret_prefix"]
    assert len(made["signing_secret"]) == len("whsec_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6")
    assert made["_warning"] == "Save this signing_secret now. It will not be shown again."
    shown = growth.ask("GET", f"/webhooks/{made['id']}").json
    assert list(shown) == SHOWN
    assert growth.ask("GET", "/webhooks").json == {"data": [shown], "next_cursor": None}
    rotated = growth.ask("POST", f"/webhooks/{made['id']}/rotate-secret").json
    assert list(rotated) == ["id", "url", "signing_secret_prefix", "signing_secret", "_warning"]
    assert rotated["_warning"] == (
        "Save this signing_secret now. It will not be shown again. The previous secret remains valid for 24 hours."
    )
    assert rotated["signing_secret"] != made["signing_secret"]
    assert growth.ask("DELETE", f"/webhooks/{made['id']}").json == {"id": made["id"], "deleted": True}
    assert growth.ask("GET", f"/webhooks/{made['id']}").status_code == 404


def test_recent_deliveries_are_shown_as_the_document_shows_them(growth: Growth, receiver: Receiver) -> None:
    made = growth.ask("POST", "/webhooks", BRIDGE | {"url": receiver.url()}).json
    happen(growth.company, 1, "call.qualified")
    deliver(growth.company)
    found = growth.ask("GET", f"/webhooks/{made['id']}/deliveries").json
    assert list(found) == ["data", "next_cursor"]
    (one,) = found["data"]
    assert list(one) == ["id", "event", "status", "response_status", "latency_ms", "attempt", "delivered_at"]
    assert one["id"].startswith("whd_")
    assert (one["event"], one["status"], one["response_status"], one["attempt"]) == (
        "call.qualified",
        "delivered",
        200,
        1,
    )
    receiver.got[0].verify(made["signing_secret"])
    whole = growth.ask("GET", f"/webhooks/{made['id']}/deliveries/{one['id']}").json
    assert whole["request_body"] == receiver.got[0].body.decode()
    (attempt,) = whole["attempts"]
    assert attempt["response_body"] == "ok"
    sent = receiver.got[0].headers
    assert attempt["request_headers"]["webhook-timestamp"] == sent["webhook-timestamp"]
    assert sent["webhook-signature"] not in str(whole), "a signature is not shown whole"
    assert made["signing_secret"] not in str(whole)


def test_reading_keys_see_and_only_admin_keys_register(growth: Growth) -> None:
    with growth.company.acting():
        _, read = keys.create("Reader", "growth", scope="read")
        _, write = keys.create("Writer", "growth", scope="write")
    assert growth.ask("GET", "/webhooks", key=read).status_code == 200
    for key in (read, write):
        assert growth.ask("POST", "/webhooks", BRIDGE, key=key).status_code == 403


@pytest.mark.parametrize(("change", "field", "words"), [
    ({"url": "http://example.com/hook"}, "url", "must begin with https"),
    ({"url": "https://10.0.0.1/hook"}, "url", "not on the public internet"),
    ({"url": "https://user:pass@example.com/"}, "url", "user name or password"),
    ({"url": "https://example.com:22/"}, "url", "Port 22 may not be called"),
    ({"events": ["sale.creatd"]}, "events", "There is no event “sale.creatd”"),
    ({"events": ["sale.*", "nothing.*"]}, "events", "nothing.*"),
    ({"events": []}, "events", "at least 1"),
])  # fmt: skip
def test_what_is_wrong_is_named_in_each_apis_own_dialect(
    growth: Growth, change: dict[str, Any], field: str, words: str
) -> None:
    answer = growth.ask("POST", "/webhooks", BRIDGE | change)
    assert answer.status_code == 422
    error = answer.json["error"]
    assert (error["code"], set(error)) == ("validation_error", {"code", "message", "details"})
    assert words in error["message"]
    assert field in error["details"]["fields"]
    other = growth.company.api().post(
        "/admin/webhooks", {k: v for k, v in (BRIDGE | change).items() if k != "description"}
    )
    assert other.status_code == 422
    assert other.json["ok"] is False
    assert other.json["error"]["code"] == "VALIDATION_ERROR"
    assert words in other.json["error"]["message"]


def test_an_address_registered_twice_is_409_and_names_the_first(growth: Growth) -> None:
    first = growth.ask("POST", "/webhooks", BRIDGE).json
    again = growth.ask("POST", "/webhooks", BRIDGE)
    assert (again.status_code, again.json["error"]["code"]) == (409, "conflict")
    assert first["id"] in again.json["error"]["message"]


def test_a_host_that_does_not_resolve_yet_is_accepted_and_said_to_be_so(company: Company) -> None:
    made = company.api().post("/admin/webhooks", {"url": "https://not-yet.invalid/in", "events": ["*"]})
    assert made.status_code == 201
    assert made.json["data"]["resolves"] is False


def test_a_range_of_given_up_deliveries_is_replayed_under_the_same_ids(
    company: Company, receiver: Receiver
) -> None:
    api = company.api()
    receiver.answer = lambda got: reply(410)
    made = api.post("/admin/webhooks", {"url": receiver.url(), "events": ["sale.*"], "concurrency": 1}).json[
        "data"
    ]
    path = f"/admin/webhooks/{made['id']}"
    happen(company, 1)
    deliver(company)
    assert api.get(path).json["data"]["paused_reason"] == "gone"
    assert api.post(f"{path}/test").status_code == 409
    receiver.answer = lambda got: reply()
    assert api.patch(path, {"enabled": True, "skip_missed": True}).json["data"]["enabled"] is True
    deliver(company)
    assert len(receiver.got) == 1
    (one,) = api.get(f"{path}/deliveries").json["data"]["items"]
    assert one["status"] == "cancelled"
    assert api.post(f"{path}/replay", {"status": "dead_letter"}).json["data"] == {"replayed": 0}
    answer = api.post(
        f"{path}/replay", {"status": "cancelled", "event": "sale.created", "since": "2020-01-01T00:00:00Z"}
    )
    assert (answer.status_code, answer.json["data"]) == (202, {"replayed": 1})
    deliver(company)
    assert len(receiver.got) == 2
    assert len({got.id for got in receiver.got}) == 1


def test_tools_subscribe_and_unsubscribe_by_themselves(company: Company, receiver: Receiver) -> None:
    api = company.api()
    first = api.post("/admin/hooks", {"hook_url": receiver.url("/a"), "event": "sale.created"})
    assert first.status_code == 201
    second = api.post("/admin/hooks", {"hook_url": receiver.url("/a"), "event": "sale.approved"})
    assert second.status_code == 201, "the same address for another event"
    assert (
        api.post("/admin/hooks", {"hook_url": receiver.url("/a"), "event": "sale.created"}).status_code == 409
    )
    wrong = api.post("/admin/hooks", {"hook_url": receiver.url("/a"), "event": "sale.nothing"})
    assert wrong.json["error"]["details"]["fields"] == {"event": "There is no event “sale.nothing”."}
    sample = api.get("/admin/hooks/samples?event=sale.created").json["data"]
    assert sample[0]["event"] == "sale.created"
    happen(company, 1)
    deliver(company)
    assert [got.json["event"] for got in receiver.got] == ["sale.created"]
    assert api.delete(f"/admin/hooks/{first.json['data']['id']}").status_code == 200
    happen(company, 2)
    deliver(company)
    assert len(receiver.got) == 1
    assert api.get("/admin/hooks/samples?event=sale.created").json["data"][0]["data"] == {"sale_id": 2}


def test_every_name_of_both_documents_and_of_the_house_can_be_subscribed_to(company: Company) -> None:
    api = company.api()
    listed = {e["name"]: e for e in api.get("/admin/webhooks/events").json["data"]}
    assert set(FIELD_NAMES + GROWTH_NAMES) | set(events.CATALOGUE) == set(listed)
    for name, event in listed.items():
        assert rules.known(name)
        Draft202012Validator.check_schema(event["data_schema"])
        Draft202012Validator(event["data_schema"]).validate(event["example"])
    body = {"url": "https://example.invalid/", "events": FIELD_NAMES + GROWTH_NAMES}
    assert api.post("/admin/webhooks", body).status_code == 201


def test_the_api_document_shows_every_event_with_schema_and_example(company: Company) -> None:
    shown = openapi.document("http://localhost")["webhooks"]
    assert set(shown) == {kind.name for kind in catalogue.names()}
    for name in FIELD_NAMES + GROWTH_NAMES:
        content = shown[name]["post"]["requestBody"]["content"]["application/json"]
        assert content["schema"]["properties"]["data"]["properties"]
        assert content["example"]["event"] == name
        Draft202012Validator(content["schema"]).validate(content["example"])


def test_what_really_happens_fits_the_schemas(company: Company, receiver: Receiver) -> None:
    api = company.api()
    api.post("/admin/webhooks", {"url": receiver.url(), "events": ["*"]})
    with company.acting("manager"):
        mike, tune_up = sales.technician(), sales.item()
        sales.rate(mike.id, tune_up.id)
        sales.sale(mike, tune_up, approved=True)
    deliver(company)
    seen = {got.json["event"] for got in receiver.got}
    assert {"sale.created", "sale.approved", "commission.calculated"} <= seen
    for got in receiver.got:
        kind = events.CATALOGUE[got.json["event"]]
        Draft202012Validator(events.schema(kind)).validate(got.json["data"])
        assert set(got.json["data"]) <= set(kind.example) | {"reason"}, kind.name

"""Health, identity and the audit log as the growth document shows them."""

import base64
import csv
import io
import json
import re
from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.accounts.support import limited
from tests.contract.house import NOON, House, build
from webapp import create_app
from webapp.accounts.service import keys
from webapp.config import Limits, Settings
from webapp.kit import clock, journal
from webapp.kit.db import db
from webapp.kit.web import App

MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ENTRY = {"id", "organization_id", "action", "source", "correlation_id", "payload", "created_at"}


@pytest.fixture(scope="module")
def house(app: App) -> House:
    return build(app, "growth")


def ask(app: App, path: str, key: str = "", **query: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return app.test_client().get(f"/api/v1{path}", headers=headers, query_string=query)


def bad(answer: Any, status: int, code: str) -> str:
    """The message of an error in the document's envelope."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    data = answer.get_json()
    assert set(data) == {"error"} and set(data["error"]) == {"code", "message", "details"}
    assert data["error"]["code"] == code
    assert isinstance(data["error"]["details"], dict)
    return str(data["error"]["message"])


def key_of(house: House, scope: str = "read") -> str:
    return str(house.secrets["growth"][scope])


def write(house: House, amount: int, action: str, **more: Any) -> None:
    with house.acting():
        for number in range(amount):
            diff = {
                "pipeline_stage": {"from": "qualified", "to": "won"},
                "lead_score": {"from": 87, "to": number},
            }
            journal.audit(action, record_type="lead", record_id=number, diff=diff, **more)


# Health and identity ----------------------------------------------------------------------------------------------


def test_health_without_a_key_says_that_the_api_is_up_and_no_more(app: App) -> None:
    answer = ask(app, "/health")
    assert answer.status_code == 200
    data = answer.get_json()
    assert set(data) == {"status", "version", "timestamp"}
    assert (data["status"], data["version"]) == ("ok", "v1")
    assert MILLISECONDS.fullmatch(data["timestamp"])


@pytest.mark.parametrize(("scope", "scopes"), [("read", ["read"]), ("write", ["read", "write"]),
                                               ("admin", ["read", "write", "admin"])])  # fmt: skip
def test_health_with_a_key_says_whose_it_is(app: App, house: House, scope: str, scopes: list[str]) -> None:
    data = ask(app, "/health", key_of(house, scope)).get_json()
    assert list(data) == ["status", "version", "tenant_id", "environment", "scopes", "timestamp"]
    assert (data["tenant_id"], data["environment"]) == (str(house.company.tenant_id), "live")
    assert data["scopes"] == scopes


def test_health_with_a_wrong_or_revoked_key_is_401(app: App, house: House) -> None:
    bad(ask(app, "/health", "eal_live_a1b2c3d4..."), 401, "unauthorized")
    with house.acting():
        row, key = keys.create("Short-lived", "growth", scope="read")
    assert ask(app, "/health", key).status_code == 200
    with house.acting():
        keys.revoke(row.id)
    bad(ask(app, "/health", key), 401, "unauthorized")


def test_the_calling_organization_is_shown(app: App, house: House) -> None:
    data = ask(app, "/organizations/me", key_of(house)).get_json()
    assert list(data) == ["id", "name", "industry", "parent_organization_id", "settings", "created_at"]
    assert UUID(data["id"]) == house.company.tenant_id
    assert data["name"].startswith(house.company.code)
    assert data["parent_organization_id"] is None
    assert data["settings"] == {"timezone": "America/New_York", "default_locale": "en-US"}
    assert MILLISECONDS.fullmatch(data["created_at"])


def test_identity_and_audit_log_ask_for_a_key(app: App) -> None:
    for path in ("/organizations/me", "/audit-log", "/audit-log/export.csv", f"/audit-log/{UUID(int=1)}"):
        bad(ask(app, path), 401, "unauthorized")


# The audit log ----------------------------------------------------------------------------------------------------


def test_entries_are_listed_newest_first_in_the_documented_shape(app: App, house: House) -> None:
    write(house, 2, "lead.updated")
    data = ask(app, "/audit-log", key_of(house), limit=2).get_json()
    assert set(data) == {"data", "next_cursor"}
    newest = data["data"][0]
    assert set(newest) == ENTRY
    assert newest["organization_id"] == str(house.company.tenant_id)
    assert (newest["action"], newest["source"]) == ("lead.updated", "api")
    assert UUID(newest["id"]) and newest["correlation_id"].startswith("corr_")
    assert newest["payload"]["lead_id"] == 1
    assert newest["payload"]["diff"]["pipeline_stage"] == {"from": "qualified", "to": "won"}
    assert newest["payload"]["diff"]["lead_score"] == {"from": 87, "to": 1}
    assert MILLISECONDS.fullmatch(newest["created_at"])
    assert data["data"][1]["payload"]["lead_id"] == 0


def test_the_cursor_is_base64url_json_of_moment_and_id_and_walks_on(app: App, house: House) -> None:
    write(house, 5, "lead.won")
    seen, cursor = [], None
    while True:
        query = {"action": "lead.won", "limit": 2} | ({"cursor": cursor} if cursor else {})
        data = ask(app, "/audit-log", key_of(house), **query).get_json()
        seen += [e["payload"]["lead_id"] for e in data["data"]]
        cursor = data["next_cursor"]
        if cursor is None:
            break
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        assert set(place) == {"created_at", "id"}
        assert place["id"] == data["data"][-1]["id"]
        assert "=" not in cursor and "+" not in cursor and "/" not in cursor
    assert seen == [4, 3, 2, 1, 0]


def test_the_default_is_50_and_200_the_most(app: App, house: House) -> None:
    write(house, 210, "lead.imported")
    assert len(ask(app, "/audit-log", key_of(house), action="lead.imported").get_json()["data"]) == 50
    assert (
        len(ask(app, "/audit-log", key_of(house), action="lead.imported", limit=200).get_json()["data"])
        == 200
    )
    message = bad(ask(app, "/audit-log", key_of(house), limit=201), 422, "validation_error")
    assert "limit" in message


@pytest.mark.parametrize("source", ["api", "cron", "n8n", "worker", "system"])
def test_every_documented_source_is_a_filter(app: App, house: House, source: str) -> None:
    data = ask(app, "/audit-log", key_of(house), source=source).get_json()["data"]
    assert {e["source"] for e in data} <= {source}


def test_entries_are_filtered_by_action_and_time(app: App, house: House) -> None:
    for hour in range(3):
        with clock.at(NOON + timedelta(hours=hour)):
            write(house, 1, f"lead.step-{hour}")
    start, end = ("2026-11-18T17:30:00Z", "2026-11-18T18:30:00.000Z")
    data = ask(app, "/audit-log", key_of(house), start_at=start, end_at=end).get_json()["data"]
    assert [e["action"] for e in data] == ["lead.step-1"]
    bad(ask(app, "/audit-log", key_of(house), start_at=end, end_at=start), 422, "validation_error")
    assert "source" in bad(ask(app, "/audit-log", key_of(house), source="fax"), 422, "validation_error")


def test_a_change_over_the_api_shows_its_source_and_actor(app: App, house: House) -> None:
    headers = {"X-Tenant-Id": str(house.company.tenant_id), "Authorization": f"Bearer {house.company.api('admin').token}",
               "X-Correlation-Id": "corr_z3p7w2"}  # fmt: skip
    answer = app.test_client().patch(
        f"/api/v1/admin/items/{house.values['item_id']}", json={"name": "Tune-up"}, headers=headers
    )
    assert answer.status_code == 200
    found = ask(app, "/audit-log", key_of(house), source="api", action="item.updated").get_json()["data"][0]
    assert found["correlation_id"] == "corr_z3p7w2"
    assert found["payload"]["diff"]["name"] == {"from": "AC tune-up", "to": "Tune-up"}


def test_one_entry_is_fetched_and_anothers_is_404(app: App, house: House, neighbour: House) -> None:
    first = ask(app, "/audit-log", key_of(house), limit=1).get_json()["data"][0]
    assert ask(app, f"/audit-log/{first['id']}", key_of(house)).get_json() == first
    bad(ask(app, f"/audit-log/{first['id']}", key_of(neighbour)), 404, "not_found")
    bad(ask(app, f"/audit-log/{UUID(int=1)}", key_of(house)), 404, "not_found")


def test_the_export_is_csv_with_the_filters_of_the_list(app: App, house: House) -> None:
    write(house, 3, "lead.exported")
    answer = ask(app, "/audit-log/export.csv", key_of(house), action="lead.exported")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    found = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert len(found) == 3
    assert set(found[0]) >= ENTRY
    assert MILLISECONDS.fullmatch(found[0]["created_at"])
    assert json.loads(found[0]["payload"])["diff"]["lead_score"] == {"from": 87, "to": 0}
    cut = ask(app, "/audit-log/export.csv", key_of(house), action="lead.exported", limit=2).get_data(
        as_text=True
    )
    assert [json.loads(row["payload"])["lead_id"] for row in csv.DictReader(io.StringIO(cut))] == [1, 2]
    bad(ask(app, "/audit-log/export.csv", key_of(house), limit=0), 422, "validation_error")


# Limits -----------------------------------------------------------------------------------------------------------


def test_every_answer_says_how_many_requests_are_left(app: App, house: House) -> None:
    with limited(app, growth_key="120/minute;300/5 minutes"):
        with house.acting():
            _, key = keys.create("Counted", "growth", scope="read")
        left = [int(ask(app, "/organizations/me", key).headers["X-RateLimit-Remaining"]) for _ in range(3)]
        refused = ask(app, "/audit-log", key, limit=0)
    assert left == [119, 118, 117]
    assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (422, "116")


def test_too_many_requests_are_429_with_retry_after(settings: Settings, house: House) -> None:
    wide = {f.name: getattr(settings.limits, f.name) for f in fields(Limits)}
    app = create_app(settings.with_(limits=Limits(**wide | {"growth_key": "3/minute"})))
    with house.acting():
        _, key = keys.create("Eager", "growth", scope="read")
        _, calm = keys.create("Calm", "growth", scope="read")
    answers = [ask(app, "/organizations/me", key) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    bad(answers[3], 429, "too_many_requests")
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert answers[3].headers.get("X-RateLimit-Remaining") == "0"
    assert ask(app, "/organizations/me", calm).status_code == 200
    bad(ask(app, "/health", key), 429, "too_many_requests")
    with app.app_context():
        db.engine.dispose()

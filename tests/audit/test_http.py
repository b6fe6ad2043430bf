"""The audit log as a partner's client reads it, with a key."""

import csv
import io
from typing import Any

import pytest

from tests.factories.world import Company
from webapp.accounts.service import keys
from webapp.kit import context, journal


@pytest.fixture
def key(company: Company) -> str:
    with company.acting("owner"):
        return keys.create("Compliance", "growth", scope="read")[1]


def get(company: Company, path: str, key: str) -> Any:
    return company.app.test_client().get(
        f"/api/v1/audit-log{path}", headers={"Authorization": f"Bearer {key}"}
    )


def test_the_documents_example_runs_with_a_read_key(company: Company, key: str) -> None:
    with company.acting("manager"):
        context.origin().source = "api"
        journal.audit("lead.updated", record_type="lead", record_id=9,
                      diff={"pipeline_stage": {"from": "qualified", "to": "won"}})  # fmt: skip
    answer = get(company, "?action=lead.updated&source=api&start_at=2020-01-01T00:00:00Z&limit=50", key)
    assert answer.status_code == 200
    (entry,) = answer.json["data"]
    assert entry["payload"]["diff"] == {"pipeline_stage": {"from": "qualified", "to": "won"}}
    assert answer.json["next_cursor"] is None
    assert "X-RateLimit-Remaining" in answer.headers
    assert get(company, f"/{entry['id']}", key).json == entry


def test_the_export_is_csv_and_not_taken_for_an_entry(company: Company, key: str) -> None:
    answer = get(company, "/export.csv?source=api", key)
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert {r["source"] for r in rows} <= {"api"}
    assert "api_key.created" in {r["action"] for r in rows}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [("?limit=0", 422, "validation_error"), ("?limit=201", 422, "validation_error"), ("?source=fax", 422, "validation_error"),
     ("?start_at=yesterday", 422, "validation_error"), ("?colour=red", 422, "validation_error"),
     ("?cursor=abc", 400, "bad_request"),
     ("/00000000-0000-4000-8000-000000000000", 404, "not_found"), ("/7", 404, "not_found")],
)  # fmt: skip
def test_what_is_wrong_is_said_in_the_documents_envelope(
    company: Company, key: str, query: str, status: int, code: str
) -> None:
    answer = get(company, query, key)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_without_a_key_nothing_is_read(company: Company) -> None:
    answer = company.app.test_client().get("/api/v1/audit-log")
    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "unauthorized"


def test_another_companys_entry_is_not_found(company: Company, other_company: Company, key: str) -> None:
    entry = get(company, "?limit=1", key).json["data"][0]["id"]
    with other_company.acting("owner"):
        theirs = keys.create("Compliance", "growth", scope="admin")[1]
    assert get(other_company, f"/{entry}", theirs).status_code == 404


def test_a_test_key_reads_the_sandbox(company: Company) -> None:
    with company.acting("owner"):
        sandbox = keys.create("Try", "growth_test", scope="read")[1]
    answer = get(company, "", sandbox)
    assert answer.status_code == 200
    assert all(e["organization_id"] != str(company.tenant_id) for e in answer.json["data"])

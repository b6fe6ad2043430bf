"""The audit log over the growth API, as the document shows it."""

import base64
import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.world import Company
from webapp.audit import api
from webapp.audit.schemas import AuditFilter, AuditQuery
from webapp.kit import clock, context, errors, journal
from webapp.kit import csv as csv_out
from webapp.kit import json as kit_json


def write(company: Company, amount: int, action: str = "lead.updated", source: str = "") -> None:
    with company.acting("manager"):
        if source:
            context.origin().source = source
        for number in range(amount):
            journal.audit(action, record_type="lead", record_id=number + 1,
                          diff={"lead_score": {"from": 87, "to": 92}})  # fmt: skip


def listed(company: Company, **query: object) -> dict[str, object]:
    with company.acting("manager"):
        found = api.entries(query=AuditQuery.model_validate(query))
        return json.loads(kit_json.dumps(api.GROWTH.shape(found), milliseconds=True))


def test_an_entry_has_just_the_documents_fields(company: Company) -> None:
    write(company, 1)
    answer = listed(company, action="lead.updated")
    (entry,) = answer["data"]  # type: ignore[misc]
    assert set(entry) == {
        "id",
        "organization_id",
        "action",
        "source",
        "correlation_id",
        "payload",
        "created_at",
    }
    assert entry["organization_id"] == str(company.tenant_id)
    assert entry["payload"] == {"lead_id": 1, "diff": {"lead_score": {"from": 87, "to": 92}}}
    assert entry["created_at"].endswith("Z")
    assert len(entry["created_at"]) == len("2026-04-27T18:55:42.001Z")
    assert answer["next_cursor"] is None


def test_the_cursor_walks_every_entry_once_newest_first_even_within_one_millisecond(company: Company) -> None:
    with clock.at(datetime(2026, 11, 3, 12, tzinfo=UTC)):
        write(company, 7)
    seen, cursor = [], None
    for _ in range(10):
        answer = listed(company, action="lead.updated", limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [e["payload"]["lead_id"] for e in answer["data"]]  # type: ignore[union-attr]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
        decoded = json.loads(base64.urlsafe_b64decode(str(cursor) + "=="))
        assert set(decoded) == {"created_at", "id"}
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("cursor", ["x", "e30", base64.urlsafe_b64encode(b'{"created_at":"2026-01-01","id":"1"}').decode(),
                                    ("eyJjcmVhdGVkX2F0IjoiMjAyNi0wNC0yN1QxODo1NTo0Mi4wMDFaIiwiaWQiOiJhNGIxYzhkMi03ZTMwLTRmM"
                                    "WEtOWM4My0yMWU1ZDRhMDdiMTQifQ")])  # fmt: skip
def test_a_cursor_that_we_did_not_give_out_is_refused(company: Company, cursor: str) -> None:
    with pytest.raises(errors.BadRequest, match="cursor"):
        listed(company, cursor=cursor)


def test_the_list_is_filtered_by_action_source_and_time(company: Company) -> None:
    start = datetime(2026, 11, 3, 12, tzinfo=UTC)
    for hour in range(3):
        with clock.at(start + timedelta(hours=hour)):
            write(company, 1, f"lead.step_{hour}", source="worker" if hour == 1 else "")
    ours = [e["action"] for e in listed(company, source="worker")["data"] if "lead" in e["action"]]  # type: ignore[union-attr]
    assert ours == ["lead.step_1"]
    between = listed(company, start_at="2026-11-03T12:30:00Z", end_at="2026-11-03T14:00:00Z")
    assert [e["action"] for e in between["data"]] == ["lead.step_2", "lead.step_1"]  # type: ignore[union-attr]


def test_the_sources_of_the_document_are_accepted_and_others_refused() -> None:
    for source in ("api", "cron", "n8n", "worker", "system"):
        assert AuditFilter(source=source).source == source  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        AuditFilter(source="fax")  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        AuditFilter.model_validate({"start_at": "2026-11-03T12:00:00Z", "end_at": "2026-11-02T12:00:00Z"})


def test_what_people_do_in_the_browser_is_api_to_the_document(company: Company) -> None:
    write(company, 1, "lead.on_a_page", source="web")
    write(company, 1, "lead.by_a_partner", source="api")
    found = [e for e in listed(company, source="api")["data"] if "lead" in e["action"]]  # type: ignore[union-attr]
    assert [(e["action"], e["source"]) for e in found] == [
        ("lead.by_a_partner", "api"),
        ("lead.on_a_page", "api"),
    ]
    assert "web" not in {e["source"] for e in listed(company)["data"]}  # type: ignore[union-attr]
    sheet = exported(company, source="api")
    assert {row["source"] for row in sheet} == {"api"}
    assert [row["action"] for row in sheet if "lead" in row["action"]] == [
        "lead.on_a_page",
        "lead.by_a_partner",
    ]
    with pytest.raises(ValueError):
        AuditFilter(source="web")  # type: ignore[arg-type]


def test_one_entry_is_read_by_its_id_and_another_companys_is_not_found(
    company: Company, other_company: Company
) -> None:
    write(company, 1)
    entry_id = listed(company, action="lead.updated")["data"][0]["id"]  # type: ignore[index]
    with company.acting("manager"):
        assert api.entry(entry_id=entry_id)["action"] == "lead.updated"
    for wrong in (entry_id, "nonsense", "42"):
        with other_company.acting("manager"), pytest.raises(errors.NotFound):
            api.entry(entry_id=wrong)


def exported(company: Company, **wanted: object) -> list[dict[str, str]]:
    with company.acting("manager"):
        statement = api.export_statement(api._wanted(AuditFilter.model_validate(wanted)), api.AS_DOCUMENTED)
        data = b"".join(csv_out.copy(statement, company.tenant_id))
    return list(csv.DictReader(io.StringIO(data.decode())))


def test_the_export_is_csv_that_a_spreadsheet_does_not_run(company: Company) -> None:
    with company.acting("manager"):
        journal.audit(
            "lead.updated", record_type="lead", record_id=1, diff={"name": {"from": "=1+1", "to": 'a,"b"\nc'}}
        )
    write(company, 2, "=cmd")
    found = exported(company)
    assert [r["action"] for r in found][-3:] == ["lead.updated", "'=cmd", "'=cmd"]
    assert json.loads(found[-3]["payload"])["diff"]["name"]["to"] == 'a,"b"\nc'
    assert found[-1]["created_at"].endswith("Z")
    assert [int(r["position"]) for r in found] == list(range(1, len(found) + 1))


def test_the_export_takes_the_lists_filters(company: Company) -> None:
    write(company, 2, "lead.won")
    assert [r["action"] for r in exported(company, action="lead.won")] == ["lead.won", "lead.won"]

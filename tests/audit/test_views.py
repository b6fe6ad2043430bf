"""The audit log's pages."""

from tests.factories.world import Company
from webapp.audit import queries
from webapp.kit import journal
from webapp.kit.db import add
from webapp.models import Technician


def change(company: Company) -> int:
    with company.acting("manager"):
        tech = add(Technician(name="Maria Lopez", pay_type="hourly", base_pay_cents=2500))
        journal.audit("technician.created", tech)
        before = journal.snapshot(tech)
        tech.base_pay_cents, tech.supervisor_id = 2750, None
        journal.audit("technician.updated", tech, before=before, reason="After the review")
        return tech.id


def test_a_records_history_reads_newest_first_in_words(company: Company) -> None:
    tech = change(company)
    with company.acting("manager"):
        newest, first = queries.history("technician", tech)
    assert (newest["who"], newest["text"]) == ("Manager Person", "updated the technician")
    assert newest["diff"] == [{"field": "Base pay", "before": "$25.00", "after": "$27.50"}]
    assert newest["body"] == "After the review"
    assert newest["url"].startswith("/settings/audit-log/")
    assert (first["text"], first["diff"]) == ("created the technician", [])
    with company.acting("manager"):
        assert [e["text"] for e in queries.history("technician", tech, before_seq=newest["seq"])] == [
            "created the technician"
        ]
    with company.acting("technician"):
        assert queries.history("technician", tech)[0]["url"] is None


def test_the_manager_sees_who_changed_what_from_what_to_what(company: Company) -> None:
    change(company)
    browser = company.sign_in("manager")
    page = browser.get("/settings/audit-log").get_data(as_text=True)
    assert "updated the technician" in page
    assert "$25.00" in page
    assert "$27.50" in page
    assert "After the review" in page


def test_the_log_is_searched_by_record_action_person_and_day(company: Company) -> None:
    tech = change(company)
    browser = company.sign_in("manager")
    for query, there in (
        (f"q=technician {tech}", True), (f"q=technician {tech + 1}", False), ("action=technician.updated", True),
        ("action=technician.created", False), (f"actor=user:{company.users['manager']}", True),
        (f"actor=user:{company.users['payroll']}", False), ("source=web", True), ("source=cron", False),
        ("from=2020-01-01", True), ("to=2020-01-01", False), ("q=corr_test", True),
    ):  # fmt: skip
        answer = browser.get(f"/settings/audit-log?{query}", hx="results").get_data(as_text=True)
        assert ("updated the technician" in answer) is there, query


def test_an_entry_shows_its_place_in_the_chain_and_its_neighbours(company: Company) -> None:
    tech = change(company)
    browser = company.sign_in("manager")
    with company.acting("manager"):
        newest = queries.history("technician", tech)[0]
    page = browser.get(newest["url"]).get_data(as_text=True)
    assert "Place in the chain" in page
    assert "In the same request" in page
    with company.acting("manager"):
        entry = queries.one(newest["seq"])
        assert entry is not None
    assert entry.hash.hex() in page
    assert browser.get(f"/settings/audit-log/{entry.id}").status_code == 303
    assert browser.get("/settings/audit-log/999999").status_code == 404


def test_the_log_downloads_as_csv_with_its_filters(company: Company) -> None:
    change(company)
    answer = company.sign_in("manager").get("/settings/audit-log?action=technician.updated&format=csv")
    assert answer.mimetype == "text/csv"
    assert len(answer.get_data(as_text=True).strip().splitlines()) == 2


def test_who_may_not_read_it_does_not(company: Company, other_company: Company) -> None:
    tech = change(company)
    assert company.sign_in("dispatcher").get("/settings/audit-log").status_code == 403
    with other_company.acting("manager"):
        assert queries.history("technician", tech) == []


def test_the_number_of_queries_does_not_grow_with_the_rows(company: Company) -> None:
    from sqlalchemy import event

    from webapp.kit.db import db

    browser = company.sign_in("manager")
    counts = []
    for _ in range(2):
        change(company)
        change(company)
        seen: list[str] = []
        with company.app.app_context():
            engine = db.engine

        def note(*args: object, seen: list[str] = seen) -> None:
            seen.append(str(args[2]))

        event.listen(engine, "before_cursor_execute", note)
        browser.get("/settings/audit-log")
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 15

"""Time sheets: weeks with totals, submitted, approved, sent back, locked and reopened."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pypdf
import pytest

from tests.factories import timesheets as make
from tests.factories.queries import counted
from tests.factories.timesheets import MONDAY, NOON, WEDNESDAY, at
from tests.factories.world import ApiClient, Company
from webapp.downloads import registry
from webapp.downloads import service as downloads
from webapp.kit import clock, errors
from webapp.kit.db import db, get
from webapp.models import Notice, TimeSheet, User
from webapp.timesheets import files, queries, service
from webapp.timesheets.service import Punch
from webapp.timesheets.service.bulk import Worked
from webapp.timesheets.service.changes import Times

URL = "/time-tracking/time-sheets"
SUNDAY = MONDAY + timedelta(days=6)
NEXT = at(12, day=MONDAY + timedelta(days=7))


def data(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.json["data"]


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return str(answer.json["error"]["message"])


@pytest.fixture
def week(company: Company) -> dict[str, int]:
    """Mike worked Monday to Friday, nine hours with half an hour of lunch, and on Friday into Saturday."""
    mike = make.technician(company)
    with clock.at(NEXT):
        for n in range(5):
            day = MONDAY + timedelta(days=n)
            make.worked(company, mike, at(8, day=day), at(17, day=day), 30)
        make.worked(
            company, mike, at(22, day=MONDAY + timedelta(days=4)), at(25, 30, day=MONDAY + timedelta(days=4))
        )
    return {"mike": mike, "sheet": make.sheet_of(company, mike)}


def test_a_sheet_has_its_days_breaks_and_overtime(company: Company, week: dict[str, int]) -> None:
    with clock.at(NEXT):
        (sheet,) = company.api("manager").get(URL).json["data"]["items"]
    assert (sheet["week_start"], sheet["week_end"], sheet["status"]) == ("2026-11-16", "2026-11-22", "open")
    assert [d["minutes"] for d in sheet["days"]] == [510, 510, 510, 510, 630, 90, 0]
    assert (sheet["minutes"], sheet["hours"], sheet["break_minutes"]) == (2760, "46.00", 150)
    assert (sheet["regular_minutes"], sheet["overtime_minutes"], sheet["double_time_minutes"]) == (
        2400,
        360,
        0,
    )
    assert (sheet["travel_minutes"], sheet["work_minutes"], sheet["unassigned_minutes"]) == (0, 0, 2760)


def test_overtime_by_the_day_is_a_setting(company: Company, week: dict[str, int]) -> None:
    with clock.at(NEXT):
        with company.acting("payroll"):
            service.settings.change(weekday=0, missing_after_hours=12, overtime="california")
        sheet = company.api("manager").get(URL).json["data"]["items"][0]
    assert (sheet["regular_minutes"], sheet["overtime_minutes"], sheet["double_time_minutes"]) == (
        2400,
        360,
        0,
    )
    assert sheet["regular_minutes"] + sheet["overtime_minutes"] == sheet["minutes"]


def test_the_technician_submits_the_office_approves_and_time_is_locked(
    company: Company, week: dict[str, int]
) -> None:
    with clock.at(NEXT):
        technician, office = company.api("technician"), company.api("payroll")
        path = f"{URL}/{week['sheet']}"
        assert data(technician.patch(f"{path}/submit"))["status"] == "submitted"
        assert "is submitted, not open" in refused(technician.patch(f"{path}/submit"), 409)
        refused(technician.patch(f"{path}/approve"), 403)
        done = data(office.patch(f"{path}/approve"))
        assert (done["status"], done["minutes"]) == ("approved", 2760)
        assert "approved already" in refused(office.patch(f"{path}/approve"), 409)
        with company.acting():
            kept = get(TimeSheet, week["sheet"])
            assert (kept.minutes, kept.decided_by) == (2760, company.users["payroll"])
        locked = "The time sheet of Nov 16–22 is approved."
        entry = technician.get("/time-tracking/entries").json["data"]["items"][-1]["id"]
        asks = {"entry_id": entry, "remove": True, "reason": "x"}
        assert refused(technician.post("/time-tracking/corrections", asks), 409).startswith(locked)
        change = office.patch(f"/time-tracking/entries/{entry}", {"break_minutes": 0, "reason": "x"})
        assert refused(change, 409).startswith(locked)
        assert refused(
            office.patch(f"/time-tracking/entries/{entry}/remove", {"reason": "x"}), 409
        ).startswith(locked)
        body = {
            "technician_id": week["mike"],
            "clock_in": clock.iso(at(5)),
            "clock_out": clock.iso(at(6)),
            "reason": "x",
        }
        assert refused(office.post("/time-tracking/entries", body), 409).startswith(locked)
        past = {"happened_at": clock.iso(at(20, day=SUNDAY))}
        assert refused(technician.post("/time-tracking/clock-in", past), 409).startswith(locked)


def test_an_entry_over_the_edge_of_an_approved_week_is_locked_too(
    company: Company, week: dict[str, int]
) -> None:
    with clock.at(NEXT), company.acting("payroll"):
        service.sheets.approve(week["sheet"])
        with pytest.raises(errors.Conflict, match="Nov 16–22 is approved"):
            service.changes.add_entry(
                week["mike"], Times(at(23, day=SUNDAY), at(26, day=SUNDAY)), "Called out"
            )
        service.changes.add_entry(week["mike"], Times(at(24, day=SUNDAY), at(26, day=SUNDAY)), "Called out")


def test_reopening_needs_a_reason_and_unlocks(company: Company, week: dict[str, int]) -> None:
    with clock.at(NEXT):
        office = company.api("manager")
        path = f"{URL}/{week['sheet']}"
        assert "not approved" in refused(office.patch(f"{path}/reopen", {"reason": "x"}), 409)
        data(office.patch(f"{path}/approve"))
        assert "reason" in refused(office.patch(f"{path}/reopen", {"reason": ""}), 422)
        done = data(office.patch(f"{path}/reopen", {"reason": "A night call was missing"}))
        assert (done["status"], done["note"]) == ("open", "A night call was missing")
        entry = office.get("/time-tracking/entries").json["data"]["items"][-1]["id"]
        data(office.patch(f"/time-tracking/entries/{entry}", {"break_minutes": 0, "reason": "x"}))


def test_sending_back_says_why_and_reaches_the_phone(company: Company, week: dict[str, int]) -> None:
    with clock.at(NEXT):
        path = f"{URL}/{week['sheet']}"
        office = company.api("manager")
        assert "not submitted" in refused(office.patch(f"{path}/send-back", {"note": "x"}), 409)
        data(company.api("technician").patch(f"{path}/submit"))
        done = data(office.patch(f"{path}/send-back", {"note": "Tuesday lunch is missing"}))
        assert (done["status"], done["note"], done["submitted_at"]) == (
            "open",
            "Tuesday lunch is missing",
            None,
        )
    with company.acting():
        notice = (
            db.session.query(Notice)
            .filter_by(user_id=company.users["technician"], dedupe_key=f"sheet-{week['sheet']}")
            .one()
        )
        assert notice.text == "Tuesday lunch is missing"


def test_working_on_after_submitting_opens_the_week_again(company: Company) -> None:
    mike = make.technician(company)
    make.clocked(company, at(8), at(11))
    sheet = make.sheet_of(company, mike)
    with clock.at(NOON):
        data(company.api("technician").patch(f"{URL}/{sheet}/submit"))
        data(company.api("technician").post("/time-tracking/clock-in"), 201)
        assert data(company.api("technician").get(f"{URL}/{sheet}"))["status"] == "open"


def test_nobody_approves_their_own_week(company: Company, week: dict[str, int]) -> None:
    with company.acting():
        get(User, company.users["technician"]).technician_id = None
        db.session.flush()
        get(User, company.users["manager"]).technician_id = week["mike"]
    with clock.at(NEXT):
        assert "their own" in refused(company.api("manager").patch(f"{URL}/{week['sheet']}/approve"), 403)
        many = data(company.api("manager").post(f"{URL}/approve", {"ids": [week["sheet"]]}))
    assert (many["approved"], many["refused"][0]["id"]) == ([], week["sheet"])


def test_a_week_is_not_approved_while_something_in_it_is_open(company: Company) -> None:
    mike = make.technician(company)
    entry = make.clocked(company, at(8))
    path = f"{URL}/{make.sheet_of(company, mike)}/approve"
    with clock.at(NOON):
        assert refused(company.api("manager").patch(path), 409) == "Still clocked in since today 8:00 AM."
        assert "Still clocked in" in refused(
            company.api("technician").patch(path.replace("approve", "submit")), 409
        )
    with clock.at(at(21)):
        with company.acting():
            service.missing.find()
        assert "clock-out is missing" in refused(company.api("manager").patch(path), 409)
    with clock.at(at(22)):
        body = {"entry_id": entry, "clock_out": clock.iso(at(17)), "reason": "Forgot"}
        asked = data(company.api("technician").post("/time-tracking/corrections", body), 201)
        refused(company.api("manager").patch(path), 409)
        data(company.api("manager").patch(f"/time-tracking/corrections/{asked['id']}/approve", {}))
        missed = {"clock_in": clock.iso(at(18)), "clock_out": clock.iso(at(19)), "reason": "Call"}
        data(company.api("technician").post("/time-tracking/corrections", missed), 201)
        assert "correction in this week waits" in refused(company.api("manager").patch(path), 409)


def test_many_are_approved_at_once_and_the_others_named(company: Company, week: dict[str, int]) -> None:
    una = make.somebody(company)
    with clock.at(at(13, day=SUNDAY)), company.acting("dispatcher"):
        service.clock_in(Punch(technician_id=una, reason="No phone"))
    running = make.sheet_of(company, una, SUNDAY)
    with clock.at(at(14, day=SUNDAY)):
        found = data(company.api("manager").post(f"{URL}/approve", {"ids": [running, week["sheet"]]}))
        assert found["approved"] == [week["sheet"]]
        assert found["refused"] == [{"id": running, "reason": "Still clocked in since today 1:00 PM."}]
        refused(company.api("manager").post(f"{URL}/approve", {"ids": [week["sheet"] + 10_000]}), 404)
        refused(company.api("technician").post(f"{URL}/approve", {"ids": [week["sheet"]]}), 403)


def test_approving_many_costs_the_same_statements_for_each_technician_more(company: Company) -> None:
    with clock.at(NEXT):
        people = [make.somebody(company, f"T {n}") for n in range(9)]
        with company.acting("manager"):
            service.bulk.add_entries([Worked(t, at(8), at(16)) for t in people])
        sheets = [make.sheet_of(company, t) for t in people]
        with company.acting("manager"):
            with counted() as few:
                service.sheets.approve_many(sheets[:1])
            with counted() as many:
                service.sheets.approve_many(sheets[1:])
                db.session.flush()
    # beside the lock of each technician nothing is asked per sheet
    assert len(many) - 8 == len(few) - 1 + 1 <= 9, many


def test_technicians_see_their_own_sheets_only(company: Company, week: dict[str, int]) -> None:
    una = make.somebody(company)
    with clock.at(NEXT):
        make.worked(company, una, at(8), at(9))
        other = make.sheet_of(company, una)
        api = company.api("technician")
        assert [s["technician_id"] for s in api.get(URL).json["data"]["items"]] == [week["mike"]]
        for path in (f"{URL}/{other}", f"{URL}/{other}/pdf", f"{URL}?technician_id={una}"):
            refused(api.get(path), 404)
        refused(api.patch(f"{URL}/{other}/submit"), 404)
        refused(api.get("/time-tracking/export.csv"), 403)
        refused(api.get("/time-tracking/clocked-in"), 403)


def test_sheets_are_listed_by_week_and_state(company: Company, week: dict[str, int]) -> None:
    with clock.at(NEXT):
        make.worked(company, week["mike"], at(8, day=date(2026, 11, 5)), at(9, day=date(2026, 11, 5)))
        api = company.api("manager")

        def weeks(query: str) -> list[str]:
            return [s["week_start"] for s in api.get(f"{URL}?{query}").json["data"]["items"]]

        assert weeks("") == ["2026-11-16", "2026-11-02"]
        assert weeks("date_from=2026-11-08") == [
            "2026-11-16",
            "2026-11-02",
        ]  # the 8th is in the week of the 2nd
        assert weeks("date_from=2026-11-09&date_to=2026-11-16") == ["2026-11-16"]
        assert weeks("date_to=2026-11-15") == ["2026-11-02"]
        assert weeks("status=submitted") == []
        refused(api.get(f"{URL}?date_from=2026-11-09&date_to=2026-11-08"), 422)


def test_a_list_of_sheets_costs_the_same_for_one_and_for_many(company: Company) -> None:
    with clock.at(NEXT):
        people = [make.somebody(company, f"T {n}") for n in range(6)]
        with company.acting("manager"):
            service.bulk.add_entries(
                [Worked(t, at(8, day=MONDAY - timedelta(days=7 * w)), at(16, day=MONDAY - timedelta(days=7 * w)))
                 for t in people for w in range(8)]
            )  # fmt: skip
        api = company.api("manager")
        api.get(URL)
        with counted() as few:
            api.get(f"{URL}?limit=1")
        with counted() as many:
            assert len(api.get(f"{URL}?limit=200").json["data"]["items"]) == 48
    assert len(many) == len(few) <= 10, many


# Weeks that begin on another day --------------------------------------------------------------------------


def test_another_first_day_of_the_week_begins_with_the_next_one(
    company: Company, week: dict[str, int]
) -> None:
    with clock.at(at(12, day=WEDNESDAY)):
        with company.acting("payroll"):
            service.settings.change(weekday=6, missing_after_hours=12, overtime="weekly")
        sheet = data(company.api("manager").get(f"{URL}/{week['sheet']}"))
    assert (sheet["week_start"], sheet["week_end"], len(sheet["days"])) == ("2026-11-16", "2026-11-21", 6)
    assert sheet["minutes"] == 2760
    with clock.at(NEXT):
        make.worked(company, week["mike"], at(9, day=SUNDAY), at(10, day=SUNDAY))
        assert make.sheet_of(company, week["mike"], SUNDAY) != week["sheet"]


@pytest.mark.parametrize(
    "values",
    [{"weekday": 7}, {"missing_after_hours": 3}, {"missing_after_hours": 25}, {"overtime": "never"}],
)
def test_settings_that_cannot_be_are_refused(company: Company, values: dict[str, Any]) -> None:
    with company.acting("payroll"), pytest.raises(errors.Invalid):
        service.settings.change(**{"weekday": 0, "missing_after_hours": 12, "overtime": "weekly", **values})


def test_the_manager_does_not_change_the_settings(company: Company) -> None:
    with company.acting("manager"), pytest.raises(errors.Forbidden):
        service.settings.change(weekday=6, missing_after_hours=12, overtime="weekly")


# Files ----------------------------------------------------------------------------------------------------


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_hours_leave_as_minutes_and_decimal_hours_and_no_formula(company: Company) -> None:
    with clock.at(NEXT):
        evil = make.somebody(company, '=HYPERLINK("http://evil")', employee_number="+1")
        make.worked(company, evil, at(22), at(25, 35), 5)
        answer = company.api("payroll").get(
            "/time-tracking/export.csv?date_from=2026-11-16&date_to=2026-11-22"
        )
    assert answer.mimetype == "text/csv"
    rows = rows_of(answer.text)
    assert [r["Date"] for r in rows] == ["2026-11-18", "2026-11-19"]
    assert {r["Technician"] for r in rows} == {'\'=HYPERLINK("http://evil")'}
    assert {r["Employee number"] for r in rows} == {"'+1"}
    assert [(r["Worked minutes"], r["Worked hours"], r["Break minutes"]) for r in rows] == [
        ("115", "1.92", "5"),
        ("95", "1.58", "0"),
    ]


def test_hours_by_week_have_overtime_and_add_up_with_those_by_day(
    company: Company, week: dict[str, int]
) -> None:
    with clock.at(NEXT), company.acting("payroll"):
        by_week = rows_of(b"".join(files.hours(MONDAY, SUNDAY, detail="weeks")).decode())
        by_day = rows_of(b"".join(files.hours(MONDAY, SUNDAY)).decode())
    (row,) = by_week
    assert (row["Regular hours"], row["Overtime minutes"], row["Overtime hours"]) == ("40.00", "360", "6.00")
    assert int(row["Worked minutes"]) == sum(int(r["Worked minutes"]) for r in by_day) == 2760


def test_a_span_of_more_than_a_year_is_for_the_export(company: Company) -> None:
    answer = company.api("payroll").get("/time-tracking/export.csv?date_from=2025-01-01&date_to=2026-11-22")
    assert "366 days" in refused(answer, 422)


def test_the_export_takes_any_span(company: Company, week: dict[str, int]) -> None:
    with clock.at(NEXT), company.acting("payroll"):
        made = registry.find("timesheets.hours").make(
            {"from": "2025-01-01", "to": "2026-11-22"}, lambda *a: None
        )
        rows = rows_of(b"".join(made.content).decode())  # type: ignore[arg-type]  # pieces of bytes
        assert sum(int(r["Worked minutes"]) for r in rows) == 2760
        with pytest.raises(errors.Invalid):
            registry.find("timesheets.hours").make({"from": "soon"}, lambda *a: None)


def test_a_sheet_on_paper_says_who_when_and_how_much(company: Company, week: dict[str, int]) -> None:
    with clock.at(NEXT):
        answer = company.api("technician").get(f"{URL}/{week['sheet']}/pdf")
    assert answer.mimetype == "application/pdf"
    text = " ".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(answer.data)).pages)
    for words in (
        "Mike Johnson",
        "Nov 16–22, 2026",
        "46 h",
        "46.00",
        "Not final",
        "8:00 AM – 5:00 PM",
        "10:00 PM – 1:30 AM +1 day",
    ):
        assert words in " ".join(text.split()), words


def test_only_what_payroll_may_see_is_exported(company: Company) -> None:
    with company.acting("technician"), pytest.raises(errors.Forbidden):
        downloads.request("timesheets.hours", "Hours", {})


# Bulk -----------------------------------------------------------------------------------------------------


def test_many_entries_at_once_keep_the_rules(company: Company) -> None:
    mike = make.somebody(company, "Mike Johnson")
    with clock.at(NOON), company.acting("manager"):
        lunch = ("lunch", at(9), at(9, 30))
        assert service.bulk.add_entries([]) == 0
        assert (
            service.bulk.add_entries([Worked(mike, at(8), at(10), (lunch, ("rest", at(9, 40), at(9, 50))))])
            == 1
        )
        (entry,) = queries.entries.latest(mike, 5)
        assert (entry.break_minutes, entry.clock_out) == (30, at(10))
        wrong = [
            [Worked(mike, at(9), at(11))],
            [Worked(mike, at(5), at(6)), Worked(mike, at(5, 30), at(7))],
        ]
        for found in wrong:
            with pytest.raises(errors.Conflict):
                service.bulk.add_entries(found)
        with pytest.raises(errors.Invalid):
            service.bulk.add_entries([Worked(mike, at(5), at(6), (("lunch", at(6), at(7)),))])
        with pytest.raises(errors.Invalid):
            service.bulk.add_entries([Worked(mike, at(6), at(5))])


def test_bulk_costs_the_same_for_hundreds(company: Company) -> None:
    people = [make.somebody(company, f"T {n}") for n in range(2)]
    with clock.at(NOON), company.acting("manager"):
        day = MONDAY - timedelta(days=7)
        with counted() as few:
            service.bulk.add_entries([Worked(t, at(8, day=day), at(9, day=day)) for t in people])
        with counted() as many:
            service.bulk.add_entries(
                [Worked(t, at(8, day=day - timedelta(days=n)), at(9, day=day - timedelta(days=n)))
                 for t in people for n in range(1, 120)]
            )  # fmt: skip
    assert len(many) <= len(few) + 2 <= 12, many


def test_a_thousand_entries_are_answered_fast(company: Company) -> None:
    people = [make.somebody(company, f"T {n}") for n in range(20)]
    with clock.at(NEXT), company.acting("manager"):
        service.bulk.add_entries(
            [Worked(t, at(8, day=MONDAY - timedelta(days=n)), at(16, day=MONDAY - timedelta(days=n)))
             for t in people for n in range(60)]
        )  # fmt: skip
    with clock.at(NEXT):
        api = company.api("manager")
        api.get("/time-tracking/entries")
        before = clock.monotonic()
        page = api.get("/time-tracking/entries?limit=200&date_from=2026-09-01&date_to=2026-11-30")
        took = clock.monotonic() - before
    assert (page.json["data"]["total"], len(page.json["data"]["items"])) == (1200, 200)
    assert took < 1.0


def test_another_organization_sees_nothing_of_it(
    company: Company, other_company: Company, week: dict[str, int]
) -> None:
    with clock.at(NEXT):
        stranger: ApiClient = other_company.api("admin")
        assert stranger.get(URL).json["data"]["total"] == 0
        for action in ("", "/pdf"):
            refused(stranger.get(f"{URL}/{week['sheet']}{action}"), 404)
        for action, body in (
            ("submit", None),
            ("approve", None),
            ("send-back", {"note": "x"}),
            ("reopen", {"reason": "x"}),
        ):
            refused(stranger.patch(f"{URL}/{week['sheet']}/{action}", body), 404)
        assert data(stranger.get("/time-tracking/clocked-in")) == []

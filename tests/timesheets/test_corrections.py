"""Corrections: asked for with a reason, decided by somebody else, before and after side by side."""

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import timesheets as make
from tests.factories.queries import counted
from tests.factories.timesheets import NOON, at
from tests.factories.world import Company
from webapp.kit import clock
from webapp.kit.db import db, get
from webapp.kit.tables import AuditEntry
from webapp.models import Notice, TimeBreak, TimeCorrection, TimeEntry, User
from webapp.timesheets import service
from webapp.timesheets.service import Ask, Punch

URL = "/time-tracking/corrections"


def data(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.json["data"]


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return str(answer.json["error"]["message"])


@pytest.fixture
def worked(company: Company) -> dict[str, int]:
    """Mike worked from 8 to 11 on Wednesday."""
    mike = make.technician(company)
    return {"mike": mike, "entry": make.clocked(company, at(8), at(11))}


def ask(company: Company, **body: Any) -> Any:
    return company.api("technician").post(URL, {"reason": "Forgot", **body})


def test_an_approved_correction_changes_the_entry_and_shows_before_and_after(
    company: Company, worked: dict[str, int]
) -> None:
    with clock.at(NOON):
        asked = data(ask(company, entry_id=worked["entry"], clock_in=clock.iso(at(7)), break_minutes=15), 201)
        was = {"clock_in": clock.iso(at(8)), "clock_out": clock.iso(at(11)), "break_minutes": 0}
        wanted = {"clock_in": clock.iso(at(7)), "clock_out": clock.iso(at(11)), "break_minutes": 15}
        assert (asked["before"], asked["after"], asked["status"]) == (was, wanted, "pending")
        office = company.api("manager")
        done = data(office.patch(f"{URL}/{asked['id']}/approve", {"note": "Fine"}))
        read = data(office.get(f"{URL}/{asked['id']}"))
    for found in (done, read):
        assert (found["before"], found["after"]) == (was, wanted)
        assert (found["status"], found["decided_by_name"], found["decision_note"]) == (
            "approved",
            "Manager Person",
            "Fine",
        )
    entry = data(company.api("manager").get(f"/time-tracking/entries/{worked['entry']}"))
    assert (entry["clock_in"], entry["duration_minutes"]) == (clock.iso(at(7)), 225)
    with company.acting():
        actions = [
            a for (a,) in db.session.query(AuditEntry.action).filter_by(tenant_id=company.tenant_id).order_by(AuditEntry.seq)
            if a.startswith("time.")
        ]  # fmt: skip
        assert actions == ["time.clocked-in", "time.clocked-out", "time.correction-requested", "time.entry-changed",
                           "time.correction-approved"]  # fmt: skip
        notice = db.session.query(Notice).filter_by(tenant_id=company.tenant_id).one()
        assert (notice.title, notice.url) == (
            "Your correction is approved",
            f"/my/time/corrections/{asked['id']}",
        )


def test_a_rejected_correction_changes_nothing_and_says_why(company: Company, worked: dict[str, int]) -> None:
    with clock.at(NOON):
        asked = data(ask(company, entry_id=worked["entry"], clock_in=clock.iso(at(5))), 201)
        office = company.api("payroll")
        assert "note" in refused(office.patch(f"{URL}/{asked['id']}/reject", {"note": ""}), 422)
        done = data(office.patch(f"{URL}/{asked['id']}/reject", {"note": "The shop opens at 7"}))
        assert (done["status"], done["decision_note"]) == ("rejected", "The shop opens at 7")
        assert make.entry(company, worked["entry"]).clock_in == at(8)
        assert "rejected already" in refused(office.patch(f"{URL}/{asked['id']}/approve", {}), 409)


def test_missed_time_is_added_and_a_wrong_entry_removed(company: Company, worked: dict[str, int]) -> None:
    with clock.at(NOON):
        office = company.api("manager")
        missed = data(ask(company, clock_in=clock.iso(at(5)), clock_out=clock.iso(at(7))), 201)
        assert (missed["entry_id"], missed["before"]) == (None, None)
        done = data(office.patch(f"{URL}/{missed['id']}/approve", {}))
        entry = data(office.get(f"/time-tracking/entries/{done['entry_id']}"))
        assert (entry["source"], entry["duration_minutes"], done["before"]) == ("correction", 120, None)
        gone = data(ask(company, entry_id=worked["entry"], remove=True), 201)
        assert gone["after"] is None
        data(office.patch(f"{URL}/{gone['id']}/approve", {}))
        items = office.get("/time-tracking/entries").json["data"]["items"]
        assert [e["id"] for e in items] == [done["entry_id"]]
        everything = office.get("/time-tracking/entries?include_removed=true").json["data"]
        assert [bool(e["removed_at"]) for e in everything["items"]] == [True, False]


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({}, "clock_in", "Say when the work began"),
        ({"clock_in": "2026-11-18T10:00:00Z"}, "clock_out", "Say when the work ended"),
        ({"clock_in": "2026-11-18T10:00:00Z", "clock_out": "2026-11-18T09:00:00Z"}, "clock_out", "after the clock-in"),
        ({"clock_in": "2026-11-18T10:00:00Z", "clock_out": "2026-11-18T18:00:00Z"}, "clock_out", "future"),
        ({"clock_in": "2026-11-16T10:00:00Z", "clock_out": "2026-11-18T09:00:00Z"}, "clock_out", "24 hours"),
        ({"clock_in": "2026-11-18T10:00:00Z", "clock_out": "2026-11-18T11:00:00Z", "break_minutes": 60}, "break_minutes", "longer"),
        ({"remove": True}, "entry_id", "which entry"),
        ({"entry_id": 0}, "entry_id", "at least 1"),
        ({"reason": " "}, "reason", "Give a reason"),
    ],
)  # fmt: skip
def test_a_correction_that_cannot_be_is_refused_naming_the_field(
    company: Company, worked: dict[str, int], body: dict[str, Any], field: str, sentence: str
) -> None:
    with clock.at(NOON):
        answer = ask(company, **body)
    assert sentence in refused(answer, 422)
    assert field in answer.json["error"]["details"]["fields"]


def test_a_correction_that_changes_nothing_or_both_ways_is_refused(
    company: Company, worked: dict[str, int]
) -> None:
    with clock.at(NOON):
        assert "Nothing would change" in refused(ask(company, entry_id=worked["entry"]), 422)
        both = ask(company, entry_id=worked["entry"], remove=True, clock_in=clock.iso(at(7)))
        assert "not both" in refused(both, 422)


def test_a_correction_over_another_entry_is_a_conflict_when_asked_and_when_decided(
    company: Company, worked: dict[str, int]
) -> None:
    with clock.at(NOON):
        over = ask(company, clock_in=clock.iso(at(10)), clock_out=clock.iso(at(11, 30)))
        assert "overlaps the entry from today 8:00 AM" in refused(over, 409)
        asked = data(ask(company, clock_in=clock.iso(at(6)), clock_out=clock.iso(at(7))), 201)
    make.worked(company, worked["mike"], at(6, 30, day=make.WEDNESDAY), at(6, 45))
    with clock.at(NOON):
        answer = company.api("manager").patch(f"{URL}/{asked['id']}/approve", {})
    assert "overlaps" in refused(answer, 409)


def test_one_entry_has_one_correction_at_a_time(company: Company, worked: dict[str, int]) -> None:
    with clock.at(NOON):
        asked = data(ask(company, entry_id=worked["entry"], clock_in=clock.iso(at(7))), 201)
        again = ask(company, entry_id=worked["entry"], clock_in=clock.iso(at(6)))
        assert "waits already" in refused(again, 409)
        data(company.api("technician").patch(f"{URL}/{asked['id']}/withdraw"))
        data(ask(company, entry_id=worked["entry"], clock_in=clock.iso(at(6))), 201)


def test_only_who_asked_withdraws(company: Company, worked: dict[str, int]) -> None:
    with clock.at(NOON):
        asked = data(ask(company, entry_id=worked["entry"], clock_in=clock.iso(at(7))), 201)
        refused(company.api("manager").patch(f"{URL}/{asked['id']}/withdraw"), 404)
        done = data(company.api("technician").patch(f"{URL}/{asked['id']}/withdraw"))
        assert (done["status"], done["decision_note"]) == ("rejected", "Withdrawn")
        refused(company.api("technician").patch(f"{URL}/{asked['id']}/withdraw"), 409)


def test_nobody_approves_what_they_asked_for_nor_their_own_time(
    company: Company, worked: dict[str, int]
) -> None:
    with clock.at(NOON):
        body = {"entry_id": worked["entry"], "clock_in": clock.iso(at(7)), "reason": "He told me"}
        for_him = data(company.api("manager").post(URL, body), 201)
        path = f"{URL}/{for_him['id']}"
        for action, sent in (("approve", {}), ("reject", {"note": "x"})):
            assert "they asked for" in refused(company.api("manager").patch(f"{path}/{action}", sent), 403)
        with company.acting():  # the one in payroll is Mike himself
            get(User, company.users["technician"]).technician_id = None
            db.session.flush()
            get(User, company.users["payroll"]).technician_id = worked["mike"]
        assert "their own time" in refused(company.api("payroll").patch(f"{path}/approve", {}), 403)
        data(company.api("admin").patch(f"{path}/approve", {}))


def test_technicians_decide_on_nothing_and_see_only_their_own(
    company: Company, worked: dict[str, int]
) -> None:
    with clock.at(NOON):
        asked = data(ask(company, entry_id=worked["entry"], clock_in=clock.iso(at(7))), 201)
        refused(company.api("technician").patch(f"{URL}/{asked['id']}/approve", {}), 403)
        refused(company.api("dispatcher").patch(f"{URL}/{asked['id']}/approve", {}), 403)
        with company.acting():
            get(User, company.users["technician"]).technician_id = None
        una = make.technician(company, "Una Ode")
        assert una != worked["mike"]
        api = company.api("technician")
        refused(api.get(f"{URL}/{asked['id']}"), 404)
        assert api.get(URL).json["data"]["total"] == 0
        refused(api.get(f"{URL}?technician_id={worked['mike']}"), 404)
        refused(api.post(URL, {"entry_id": worked["entry"], "remove": True, "reason": "x"}), 404)


def test_an_approval_of_what_changed_since_it_was_seen_is_refused(company: Company) -> None:
    make.technician(company)
    worked = {"entry": make.clocked(company, at(8), at(11) + timedelta(microseconds=123_456))}
    with clock.at(NOON):
        asked = data(ask(company, entry_id=worked["entry"], clock_in=clock.iso(at(7))), 201)
        office = company.api("manager")
        seen = data(office.get(f"/time-tracking/entries/{worked['entry']}"))["updated_at"]
        body = {"entry_updated_at": clock.iso(at(11) + timedelta(seconds=5))}
        assert "changed since" in refused(office.patch(f"{URL}/{asked['id']}/approve", body), 409)
        data(office.patch(f"{URL}/{asked['id']}/approve", {"entry_updated_at": seen}))


def test_a_running_entry_can_begin_earlier_and_keeps_running(company: Company) -> None:
    make.technician(company)
    entry = make.clocked(company, at(9))
    with clock.at(NOON):
        asked = data(ask(company, entry_id=entry, clock_in=clock.iso(at(7))), 201)
        assert asked["after"]["clock_out"] is None
        data(company.api("manager").patch(f"{URL}/{asked['id']}/approve", {}))
    kept = make.entry(company, entry)
    assert (kept.clock_in, kept.clock_out) == (at(7), None)


def test_an_entry_that_ended_after_it_was_asked_keeps_its_end(company: Company) -> None:
    make.technician(company)
    entry = make.clocked(company, at(9))
    with clock.at(NOON):
        asked = data(ask(company, entry_id=entry, clock_in=clock.iso(at(7))), 201)
    with clock.at(at(13)), company.acting("technician"):
        service.clock_out(Punch())
    with clock.at(at(14)):
        data(company.api("manager").patch(f"{URL}/{asked['id']}/approve", {}))
    kept = make.entry(company, entry)
    assert (kept.clock_in, kept.clock_out) == (at(7), at(13))


def breaks_of(company: Company) -> int:
    with company.acting():
        return db.session.query(TimeBreak).filter_by(tenant_id=company.tenant_id).count()


def test_breaks_stay_while_they_fit_and_are_only_a_total_otherwise(company: Company) -> None:
    make.technician(company)
    with company.acting("technician"):
        with clock.at(at(8)):
            entry = service.clock_in(Punch()).id
        with clock.at(at(9)):
            service.start_break(Punch())
        with clock.at(at(9, 30)):
            service.end_break(Punch())
        with clock.at(at(11)):
            service.clock_out(Punch())
    with clock.at(NOON):
        with company.acting("manager"):
            service.changes.change_entry(entry, {"clock_in": at(7)}, "Came earlier")
        assert breaks_of(company) == 1
        with company.acting("manager"):
            service.changes.change_entry(entry, {"break_minutes": 45}, "Longer lunch")
    assert breaks_of(company) == 0
    assert make.entry(company, entry).break_minutes == 45


# What the office does itself ------------------------------------------------------------------------------


def test_the_office_adds_changes_and_removes_with_a_reason(company: Company) -> None:
    mike = make.technician(company)
    with clock.at(NOON):
        office = company.api("payroll")
        body = {
            "technician_id": mike,
            "clock_in": clock.iso(at(8)),
            "clock_out": clock.iso(at(10)),
            "reason": "Paper",
        }
        made = data(office.post("/time-tracking/entries", body), 201)
        assert (made["source"], made["duration_minutes"]) == ("office", 120)
        path = f"/time-tracking/entries/{made['id']}"
        changed = data(office.patch(path, {"clock_out": clock.iso(at(11)), "reason": "Misread"}))
        assert (changed["clock_in"], changed["duration_minutes"]) == (clock.iso(at(8)), 180)
        assert "reason" in refused(office.patch(path, {"clock_out": clock.iso(at(11))}), 422)
        assert data(office.patch(f"{path}/remove", {"reason": "Twice"}))["removed_at"]
        assert "removed" in refused(office.patch(f"{path}/remove", {"reason": "Twice"}), 409)
    with company.acting():
        log = (
            db.session.query(AuditEntry)
            .filter_by(tenant_id=company.tenant_id, action="time.entry-changed")
            .one()
        )
        assert log.payload["reason"] == "Misread"
        assert log.payload["diff"]["clock_out"] == {
            "from": "2026-11-18T15:00:00.000Z",
            "to": "2026-11-18T16:00:00.000Z",
        }


def test_nobody_changes_their_own_time_directly(company: Company) -> None:
    mike = make.technician(company)
    entry = make.clocked(company, at(8), at(10))
    with company.acting():
        get(User, company.users["technician"]).technician_id = None
        db.session.flush()
        get(User, company.users["manager"]).technician_id = mike
    with clock.at(NOON):
        answer = company.api("manager").patch(
            f"/time-tracking/entries/{entry}", {"break_minutes": 5, "reason": "x"}
        )
    assert "ask for a correction" in refused(answer, 403)


def test_an_entry_whose_correction_waits_is_not_changed_beside_it(
    company: Company, worked: dict[str, int]
) -> None:
    with clock.at(NOON):
        data(ask(company, entry_id=worked["entry"], clock_in=clock.iso(at(7))), 201)
        path = f"/time-tracking/entries/{worked['entry']}"
        assert "waits to be decided" in refused(
            company.api("manager").patch(path, {"break_minutes": 5, "reason": "x"}), 409
        )


def test_dispatchers_do_not_change_time(company: Company, worked: dict[str, int]) -> None:
    path = f"/time-tracking/entries/{worked['entry']}"
    refused(company.api("dispatcher").patch(path, {"break_minutes": 5, "reason": "x"}), 403)


def test_a_correction_settles_what_was_doubtful_about_the_clock(company: Company) -> None:
    make.technician(company)
    entry = make.clocked(company, at(8), at(11), happened_at=at(12), sent_at=at(13))
    assert make.entry(company, entry).flag == "clock_skew"
    with clock.at(NOON):
        asked = data(ask(company, entry_id=entry, clock_in=clock.iso(at(7, 30))), 201)
        data(company.api("manager").patch(f"{URL}/{asked['id']}/approve", {}))
    assert make.entry(company, entry).flag == ""


def test_the_list_is_narrowed_and_costs_the_same_for_many(company: Company, worked: dict[str, int]) -> None:
    with clock.at(NOON):
        with company.acting("technician"):
            for hour in range(4):
                start = at(hour)
                service.corrections.request(
                    Ask(clock_in=start, clock_out=start + timedelta(minutes=30), reason="Missed")
                )
        office = company.api("manager")
        office.get(URL)
        with counted() as few:
            assert len(office.get(f"{URL}?limit=1").json["data"]["items"]) == 1
        with company.acting("manager"):
            service.corrections.approve(_first(company))
        with counted() as many:
            assert office.get(f"{URL}?limit=50").json["data"]["total"] == 4
        assert len(many) <= len(few) + 1 <= 8, many  # what was before the approved one is one more statement
        assert office.get(f"{URL}?status=approved").json["data"]["total"] == 1


def _first(company: Company) -> int:
    return min(i for (i,) in db.session.query(TimeCorrection.id).filter_by(tenant_id=company.tenant_id))


def test_the_entries_of_removed_time_do_not_count_for_overlaps(
    company: Company, worked: dict[str, int]
) -> None:
    with clock.at(NOON):
        with company.acting("manager"):
            service.changes.remove_entry(worked["entry"], "By mistake")
        data(ask(company, clock_in=clock.iso(at(8, 30)), clock_out=clock.iso(at(9))), 201)
    with company.acting():
        assert db.session.query(TimeEntry).filter_by(tenant_id=company.tenant_id).count() == 1

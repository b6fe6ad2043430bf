"""Adding, changing, deactivating technicians, and what is kept of it."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import people
from tests.factories.world import Company
from webapp.kit import context, errors, search
from webapp.kit.db import db
from webapp.kit.tables import AuditEntry, Event
from webapp.models import Technician, User
from webapp.technicians import queries, service


def entries(record_id: int) -> list[Any]:
    found = select(AuditEntry).where(
        AuditEntry.tenant_id == context.tenant_id(), AuditEntry.record_type == "technician",
        AuditEntry.record_id == record_id,
    )  # fmt: skip
    return list(db.session.scalars(found.order_by(AuditEntry.seq)))


def event_names(record_id: int) -> list[str]:
    found = select(Event.name).where(
        Event.tenant_id == context.tenant_id(),
        Event.record_type == "technician",
        Event.record_id == record_id,
    )
    return list(db.session.scalars(found.order_by(Event.seq)))


def test_a_new_technician_is_found_by_name_number_and_phone(company: Company) -> None:
    with company.acting():
        made = people.technician(name="Mike Johnson", employee_number="T-104", phone="(813) 555-0142")
        assert made.phone == "+18135550142"
        for typed in ("mik john", "104", "813-555-0142", "0142"):
            assert [r.id for r in queries.options(typed)] == [made.id], typed
        assert queries.options("jon") == []


def test_each_change_is_audited_with_before_and_after_and_told(company: Company) -> None:
    with company.acting():
        made = people.technician(base_pay_cents=2500)
        made_id = made.id
    with company.acting("manager"):
        service.update(made_id, {"base_pay_cents": 2800, "name": made.name})
    with company.acting():
        created, changed = entries(made_id)
        assert created.action == "technician.created"
        assert changed.payload["diff"] == {"base_pay_cents": {"from": 2500, "to": 2800}}
        assert changed.actor_name == "Manager Person"
        assert event_names(made_id) == ["technician.created", "technician.updated"]
        told = db.session.scalars(select(Event).where(Event.tenant_id == company.tenant_id, Event.record_id == made_id,
                                                      Event.record_type == "technician")).all()  # fmt: skip
        assert all("base_pay_cents" not in e.payload for e in told)  # webhooks do not carry pay


def test_a_change_that_changes_nothing_leaves_no_trace(company: Company) -> None:
    with company.acting():
        made = people.technician()
        service.update(made.id, {"name": made.name, "base_pay_cents": made.base_pay_cents})
        made_id = made.id
    with company.acting():
        assert len(entries(made_id)) == 1


def test_deactivating_and_reactivating_are_told_as_such(company: Company) -> None:
    with company.acting():
        made_id = people.technician().id
        yesterday = queries.today() - timedelta(days=1)
        service.deactivate(made_id, yesterday)
        assert [r.id for r in queries.options("")] == []
        assert queries.tallies() == {"all": 1, "active": 0, "former": 1, "upcoming": 0}
        service.reactivate(made_id)
        assert [r.id for r in queries.options("")] == [made_id]
    with company.acting():
        assert event_names(made_id) == [
            "technician.created",
            "technician.deactivated",
            "technician.reactivated",
        ]


def test_two_technicians_cannot_have_one_employee_number(company: Company, other_company: Company) -> None:
    with company.acting():
        people.technician(name="Ann Ames", employee_number="T-1")
        second = people.technician(employee_number="T-2")
        with pytest.raises(errors.Conflict, match="T-1 is the number of Ann Ames") as caught:
            people.technician(employee_number=" T-1 ")
        assert "employee_number" in caught.value.details["fields"]
        with pytest.raises(errors.Conflict):
            service.update(second.id, {"employee_number": "T-1"})
        service.update(second.id, {"employee_number": "T-2"})  # one's own number is free
    with other_company.acting():
        people.technician(employee_number="T-1")


def test_a_supervisor_must_exist_be_active_and_not_report_back(
    company: Company, other_company: Company
) -> None:
    with other_company.acting():
        foreign = people.technician().id
    with company.acting():
        ann, bob, cid = (people.technician(name=n) for n in ("Ann", "Bob", "Cid"))
        service.update(bob.id, {"supervisor_id": ann.id})
        service.update(cid.id, {"supervisor_id": bob.id})
        with pytest.raises(errors.Invalid, match="reports to this technician"):
            service.update(ann.id, {"supervisor_id": cid.id})
        with pytest.raises(errors.Invalid, match="Nobody supervises themselves"):
            service.update(ann.id, {"supervisor_id": ann.id})
        for unknown in (foreign, 2**62, 0, -1):
            with pytest.raises(errors.NotFound):
                service.update(ann.id, {"supervisor_id": unknown})
        service.deactivate(cid.id, queries.today() - timedelta(days=1))
        with pytest.raises(errors.Invalid, match="does not work here"):
            people.technician(supervisor_id=cid.id)
        assert [row.name for row in queries.team(ann.id)] == ["Bob"]


def test_two_who_name_each_other_at_the_same_time_do_not_both_succeed(company: Company) -> None:
    with company.acting():
        ids = [people.technician().id, people.technician().id]
    start, outcomes = threading.Barrier(2), []

    def work(who: int, leader: int) -> None:
        try:
            with company.acting():
                queries.supervisors()  # both have looked before either changes anything
                start.wait()
                service.update(who, {"supervisor_id": leader})
            outcomes.append("done")
        except errors.Invalid:
            outcomes.append("refused")

    threads = [threading.Thread(target=work, args=pair) for pair in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["done", "refused"]
    with company.acting():
        assert len(queries.supervisors()) == 1


def test_another_companys_technician_is_not_found(company: Company, other_company: Company) -> None:
    with other_company.acting():
        foreign = people.technician(name="Foreign Person").id
    with company.acting():
        with pytest.raises(errors.NotFound):
            service.update(foreign, {"name": "Mine now"})
        assert queries.options("foreign") == []
    with other_company.acting():
        assert db.session.scalar(select(Technician.name).where(Technician.id == foreign)) == "Foreign Person"


def test_who_may_not_edit_or_see_pay_is_refused(company: Company) -> None:
    with company.acting():
        made_id = people.technician().id
    for role in ("dispatcher", "accountant", "technician"):
        with company.acting(role), pytest.raises(errors.Forbidden):
            service.update(made_id, {"name": "New Name"})
    with company.acting("admin"):
        user = db.session.get(User, (company.tenant_id, company.users["manager"]))
        assert user is not None
        user.narrowed = ["technicians.pay"]
    with company.acting("manager"):
        service.update(made_id, {"name": "New Name"})
        with pytest.raises(errors.Forbidden, match="pay"):
            service.update(made_id, {"base_pay_cents": 0})
        assert "base_pay_cents" not in queries.csv_columns()


def test_a_sign_in_is_made_once_and_is_the_technicians(company: Company) -> None:
    with company.acting():
        made = people.technician(name="Mike Johnson")
        user = service.invite(made.id, username="mike.johnson", email="mike@example.com")
        assert (user.technician_id, user.roles) == (made.id, ["technician"])
        assert queries.sign_in_of(made.id) is user
        with pytest.raises(errors.Conflict, match="has a sign-in already"):
            service.invite(made.id, username="mike2", email="mike@example.com")
    with company.acting("manager"), pytest.raises(errors.Forbidden):
        service.invite(people.technician().id, username="x", email="x@example.com")


def test_undoing_skips_whoever_was_changed_again_since(company: Company) -> None:
    with company.acting():
        ann, bob = people.technician(name="Ann"), people.technician(name="Bob")
        last = queries.today()
        changed = service.set_for_all([ann.id, bob.id], "ends_on", last)
        assert changed == [(ann.id, None), (bob.id, None)]
        service.update(bob.id, {"ends_on": last + timedelta(days=7)})
        assert service.restore("ends_on", changed, str(last)) == 1
        assert (ann.ends_on, bob.ends_on) == (None, last + timedelta(days=7))


def test_the_timeline_reads_in_words_and_hides_pay_from_who_may_not_see_it(company: Company) -> None:
    with company.acting():
        boss = people.technician(name="Maria Lopez")
        made = people.technician(phone="8135550142")
        made_id = made.id
    with company.acting():
        service.update(made_id, {"supervisor_id": boss.id, "base_pay_cents": 3000, "phone": "813 555 0199",
                                 "pay_type": "salary"})  # fmt: skip
    with company.acting():
        newest = queries.history(made_id)[0][0]
        assert newest["who"] == "Admin Person"
        shown = {c["field"]: (c["before"], c["after"]) for c in newest["diff"]}
        assert shown["Supervisor"] == ("", "Maria Lopez")
        assert shown["Base pay"] == ("$25.00", "$30.00")
        assert shown["Phone"] == ("(813) 555-0142", "(813) 555-0199")
        assert shown["Pay type"] == ("Hourly", "Salary")
    with company.acting("dispatcher"):
        assert "Base pay" not in {c["field"] for c in queries.history(made_id)[0][0]["diff"]}


def test_a_long_timeline_comes_in_pieces_without_a_gap(company: Company) -> None:
    with company.acting():
        made_id = people.technician().id
    for cents in range(1, 26):
        with company.acting():
            service.update(made_id, {"base_pay_cents": cents})
    with company.acting():
        first, following = queries.history(made_id)
        rest, end = queries.history(made_id, following)
        assert (len(first), len(rest), end) == (20, 6, None)
        assert rest[-1]["text"] == "added this technician"


def test_the_leaderboard_joins_what_other_domains_know(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    with company.acting():
        ann, bob, gone = (people.technician(name=n) for n in ("Ann", "Bob", "Gone"))
        service.deactivate(gone.id, date(2020, 1, 1))
        monkeypatch.setattr(queries, "METRICS_PROVIDERS", [
            lambda start, end: {bob.id: {"revenue_cents": 900, "sales_count": 2, "other": 1}},
            lambda start, end: {bob.id: {"average_job_minutes": 90}},
        ])  # fmt: skip
        board = queries.leaderboard(date(2026, 1, 1), date(2026, 1, 31))
        assert [(rank, s.name, s.revenue_cents, s.average_job_minutes) for rank, s in board] == [
            (1, "Bob", 900, 90), (2, "Ann", 0, None)]  # fmt: skip
        assert ann.id == board[1][1].technician_id


def test_search_words_of_a_changed_technician_are_the_new_ones(company: Company) -> None:
    with company.acting():
        made = people.technician(name="Old Name")
        service.update(made.id, {"name": "Fresh Words"})
        assert db.session.scalars(search.matching("technician", "old")).all() == []  # type: ignore[arg-type]
        assert db.session.scalars(search.matching("technician", "fre")).all() == [made.id]  # type: ignore[arg-type]

"""Events and audit entries: numbered in the order of commits, chained, and forgotten when undone."""

import threading

import pytest
import sqlalchemy as sa

from tests.factories.world import Company
from webapp.kit import events, journal
from webapp.kit.db import add, db
from webapp.kit.tables import AuditEntry, Event
from webapp.models import Technician

HAPPENED = events.declare("test.happened", "Something happened in a test")


def chain(company: Company) -> tuple[int, str | None]:
    with company.acting():
        found = db.session.execute(sa.select(*AuditEntry.__table__.c).order_by(AuditEntry.seq)).all()
        count, _, broken = journal.verify(found)
        return count, broken


def test_a_change_writes_its_difference_and_its_author(company: Company) -> None:
    with company.acting("manager"):
        technician = add(Technician(name="Mike", pay_type="hourly", base_pay_cents=2500))
        before = journal.snapshot(technician)
        technician.base_pay_cents = 2800
        journal.audit("technician.updated", technician, before=before, reason="raise")
    with company.acting():
        entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
        assert entry is not None
        assert entry.payload["diff"] == {"base_pay_cents": {"from": 2500, "to": 2800}}
        assert entry.payload["reason"] == "raise"
        assert (entry.actor, entry.actor_name) == (f"user:{company.users['manager']}", "Manager Person")
    assert chain(company)[1] is None


def test_what_is_undone_leaves_no_trace(company: Company) -> None:
    before = chain(company)
    with pytest.raises(ZeroDivisionError), company.acting():
        journal.audit("technician.updated", record_type="technician", record_id=1)
        events.emit(HAPPENED, 1, {})
        raise ZeroDivisionError
    assert chain(company) == before


def test_an_undone_savepoint_keeps_what_the_outer_work_collected(company: Company) -> None:
    with company.acting():
        events.emit(HAPPENED, 7, {"n": 1})
        with pytest.raises(ZeroDivisionError), db.session.begin_nested():
            raise ZeroDivisionError
    with company.acting():
        assert db.session.scalar(sa.select(Event.record_id).where(Event.name == "test.happened")) == 7


def test_many_writers_at_once_leave_one_unbroken_chain(company: Company) -> None:
    before, _ = chain(company)
    start = threading.Barrier(6)
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            start.wait()
            for turn in range(10):
                with company.acting():
                    events.emit(HAPPENED, number, {"turn": turn})
                    journal.audit("test.happened", record_type="test", record_id=number, turn=turn)
        except BaseException as problem:
            failures.append(problem)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    count, broken = chain(company)
    assert (count, broken) == (before + 60, None)
    with company.acting():
        numbers = list(db.session.scalars(sa.select(Event.seq).order_by(Event.seq)))
        assert numbers == list(range(1, len(numbers) + 1))


def test_verify_names_the_entry_that_was_changed_and_the_one_that_is_missing(
    company: Company, superuser: object
) -> None:
    with company.acting():
        for n in range(3):
            journal.audit("test.happened", record_type="test", record_id=n)
    run = superuser.execute  # type: ignore[attr-defined]  # psycopg's connection
    run("update audit_entries set action = 'forged' where tenant_id = %s and seq = 4", (company.tenant_id,))
    assert chain(company) == (3, "entry 4 was changed after it was written")
    run("delete from audit_entries where tenant_id = %s and seq = 4", (company.tenant_id,))
    assert chain(company) == (3, "entry 4 is missing")


def test_handlers_run_inside_the_emitters_transaction(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = events.declare("test.refused", "A handler refuses this")

    def refuse(name: str, record_id: int | None, payload: object) -> None:
        raise ValueError("refused")

    monkeypatch.setitem(events._now, "test.refused", [refuse])
    with pytest.raises(ValueError, match="refused"), company.acting():
        add(Technician(name="Never", pay_type="hourly"))
        events.emit(kind, 1, {})
    with company.acting():
        assert db.session.scalar(sa.select(Technician.id).where(Technician.name == "Never")) is None

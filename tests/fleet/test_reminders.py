"""Reminders: certificates that expire and maintenance that is due, each told once, by day."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from tests.factories import fleet, people, sales
from tests.factories.world import Company
from tests.fleet.test_zones import journal_of, names_of_events
from webapp.accounts.service import users
from webapp.fleet.queries import skilled
from webapp.fleet.service import skills, vehicles
from webapp.kit import clock, jobs
from webapp.kit.db import db, get
from webapp.kit.tables import Job
from webapp.models import Message, Notice, TechnicianSkill, User, Vehicle
from webapp.technicians import service as technicians

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)  # midday in New York
DAY = timedelta(days=1)


@pytest.fixture
def at_noon(company: Company) -> Iterator[Company]:
    with clock.at(NOON):
        yield company


def remind(company: Company) -> dict[str, Any] | None:
    """What a worker does when the reminders' hour has come."""
    with company.acting():
        db.session.execute(delete(Job).where(Job.tenant_id == company.tenant_id))
        number = jobs.add("fleet.remind")
    with company.app.app_context():
        assert jobs.drain(jobs.LONG, company.tenant_id) == 1
    with company.acting():
        job = get(Job, number or 0)
        assert (job.status, job.error) == ("done", None)
        return job.result


def mails(company: Company) -> list[tuple[str, str]]:
    with company.acting():
        found = db.session.scalars(
            select(Message)
            .where(Message.template.in_(("certificates-expiring", "maintenance-due")))
            .order_by(Message.id)
        )
        return [(m.to_address.split("@")[0], m.subject) for m in found]


def notices(company: Company, role: str) -> list[tuple[str, str]]:
    with company.acting():
        found = db.session.scalars(
            select(Notice).where(Notice.user_id == company.users[role]).order_by(Notice.id)
        )
        return [(n.kind, n.title) for n in found]


def certificate(company: Company, days: int, **values: Any) -> int:
    """Mike's certificate, which he hears of as the technician who signs in; its last day is so many days ahead."""
    with company.acting():
        mike = people.technician(name="Mike", email="mike@example.com")
        sales.link(company.users["technician"], mike)
        expires = skilled.today() + timedelta(days=days)
        return fleet.held(mike, fleet.skill("EPA 608"), 4, expires_on=expires, **values).id


def test_the_technician_and_the_manager_hear_of_a_certificate_once_at_each_mark(at_noon: Company) -> None:
    held = certificate(at_noon, 61, certificate="608-1")
    told = []
    for _ in range(70):
        result = remind(at_noon)
        told.append(result["certificates"] if result else 0)
        clock.advance(DAY)
    assert [day for day, count in enumerate(told) if count] == [
        1,
        31,
        54,
        61,
    ]  # 60, 30 and 7 days before, and on the day
    manager = [s for to, s in mails(at_noon) if to == "manager"]
    assert manager == [
        "Mike: EPA 608 (certificate 608-1) expires in 60 days, Mon, Jan 18, 2027",
        "Mike: EPA 608 (certificate 608-1) expires in 30 days, Mon, Jan 18, 2027",
        "Mike: EPA 608 (certificate 608-1) expires in 7 days, Mon, Jan 18, 2027",
        "Mike: EPA 608 (certificate 608-1) expires today, Mon, Jan 18, 2027",
    ]
    assert [s for to, s in mails(at_noon) if to == "mike"] == [
        f"Your {s.removeprefix('Mike: ')}" for s in manager
    ]
    assert [t for _, t in notices(at_noon, "manager")] == manager
    assert len(notices(at_noon, "technician")) == 4
    assert notices(at_noon, "dispatcher") == []
    assert names_of_events(at_noon).count("technician-skill.expiring") == 4
    with at_noon.acting():
        technician_id = get(TechnicianSkill, held).technician_id
        last = [
            e for e in journal_of("technician", technician_id) if e.action == "technician-skill.expiring"
        ][-1]
        assert (last.actor_name, last.payload["words"]) == ("Truckroll", "expires today")


def test_running_again_at_once_tells_nothing_again(at_noon: Company) -> None:
    certificate(at_noon, 5)
    assert remind(at_noon) == {"certificates": 1, "maintenance": 0}
    assert remind(at_noon) == {"certificates": 0, "maintenance": 0}
    assert len(mails(at_noon)) == 2


def test_days_that_were_missed_are_told_of_by_one_reminder(at_noon: Company) -> None:
    certificate(at_noon, 61)
    clock.advance(timedelta(days=56))
    assert remind(at_noon) == {"certificates": 1, "maintenance": 0}
    assert next(s for to, s in mails(at_noon) if to == "manager").startswith(
        "Mike: EPA 608 expires in 5 days"
    )


def test_a_renewed_certificate_is_reminded_of_afresh(at_noon: Company) -> None:
    held = certificate(at_noon, 5)
    remind(at_noon)
    with at_noon.acting():
        skills.update(held, {"expires_on": skilled.today() + timedelta(days=20)})
    assert remind(at_noon) == {"certificates": 1, "maintenance": 0}


def test_nobody_is_told_at_night(at_noon: Company) -> None:
    certificate(at_noon, 5)
    with clock.at(NOON - timedelta(hours=6, minutes=1)):  # 5:59 in the morning
        assert remind(at_noon) == {}
    assert mails(at_noon) == []


def test_long_gone_former_and_archived_are_left_alone(at_noon: Company) -> None:
    certificate(at_noon, -31)
    with at_noon.acting():
        today = skilled.today()
        left = people.technician()
        fleet.held(left, expires_on=today)
        technicians.update(left.id, {"ends_on": today - DAY})
        old = fleet.skill()
        fleet.held(skilled=old, expires_on=today)
        skills.update_skill(old.id, {"archived": True})
    assert remind(at_noon) == {"certificates": 0, "maintenance": 0}


def test_several_come_together_in_one_mail(at_noon: Company) -> None:
    certificate(at_noon, 5)
    with at_noon.acting():
        for n in range(6):
            fleet.held(
                people.technician(name=f"Tech {n}", email=f"tech{n}@example.com"),
                expires_on=skilled.today() - DAY,
            )
    assert remind(at_noon) == {"certificates": 7, "maintenance": 0}
    assert [s for to, s in mails(at_noon) if to == "manager"] == [
        "7 certificates expire soon or have expired"
    ]
    with at_noon.acting():
        mail = db.session.scalars(select(Message).where(Message.to_address.like("manager@%"))).one()
        assert mail.body.count("\n- ") == 7
        assert "/technician-skills/certificates?state=expiring" in mail.body
        note = db.session.scalars(select(Notice).where(Notice.user_id == at_noon.users["manager"])).one()
        assert (note.kind, note.text.endswith("; and 3 more")) == ("danger", True)


def test_without_a_manager_the_owner_is_told(at_noon: Company) -> None:
    certificate(at_noon, 5)
    with at_noon.acting("owner"):
        users.deactivate(at_noon.users["manager"])
    remind(at_noon)
    assert {to for to, _ in mails(at_noon)} == {"mike", "owner", "admin"}


# Maintenance ------------------------------------------------------------------------------------------------------------


def truck(company: Company, **plan: Any) -> int:
    """A truck that the technician who signs in drives, with an oil change planned."""
    with company.acting():
        mike = people.technician(name="Mike")
        sales.link(company.users["technician"], mike)
        made = fleet.vehicle("Truck 1", odometer_miles=40_000)
        vehicles.pair(made.id, mike.id)
        fleet.plan(made, "Oil change", **plan)
        return made.id


def read(company: Company, number: int, miles: int) -> None:
    with company.acting():
        vehicles.read_odometer(number, miles)


def test_maintenance_by_miles_is_told_once_when_soon_and_once_when_overdue(at_noon: Company) -> None:
    van = truck(at_noon, every_miles=5_000)
    counts = []
    for miles in (41_000, 44_500, 44_600, 45_001, 45_100, 46_000):
        clock.advance(DAY)
        read(at_noon, van, miles)
        result = remind(at_noon)
        counts.append(result["maintenance"] if result else None)
    assert counts == [0, 1, 0, 1, 0, 0]
    assert [s for to, s in mails(at_noon) if to == "manager"] == [
        "Truck 1: Oil change is due in 500 miles", "Truck 1: Oil change is 1 mile over"]  # fmt: skip
    assert [k for k, _ in notices(at_noon, "technician")] == [
        "warning",
        "danger",
    ]  # whoever drives it hears of it too
    assert names_of_events(at_noon).count("vehicle.maintenance-due") == 2


def test_maintenance_by_date_is_told_once_when_soon_and_once_when_overdue(at_noon: Company) -> None:
    van = truck(at_noon, every_days=30)
    told = []
    for day in range(40):
        result = remind(at_noon)
        told += [day] if result and result["maintenance"] else []
        clock.advance(DAY)
    assert told == [16, 31]
    with at_noon.acting():
        fleet.work(get(Vehicle, van), plan_id=_plan(van))
    assert remind(at_noon) == {"certificates": 0, "maintenance": 0}


def _plan(van: int) -> int:
    from webapp.fleet.queries import maintenance

    return maintenance.plans_of([van])[van][0].id


def test_a_retired_truck_is_not_told_of(at_noon: Company) -> None:
    van = truck(at_noon, every_days=5)
    with at_noon.acting():
        vehicles.retire(van)
    assert remind(at_noon) == {"certificates": 0, "maintenance": 0}


def test_more_than_one_piece_is_told_of_completely(at_noon: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.fleet.service.reminders.PIECE", 2)
    with at_noon.acting():
        van = fleet.vehicle()
        for _ in range(5):
            fleet.plan(van, every_days=5)
            fleet.held(expires_on=skilled.today())
    assert remind(at_noon) == {"certificates": 5, "maintenance": 5}
    assert remind(at_noon) == {"certificates": 0, "maintenance": 0}


def test_the_reminders_come_round_by_themselves(company: Company) -> None:
    with company.acting():
        assert "fleet.remind" in set(db.session.scalars(select(Job.kind)))
        assert get(User, company.users["manager"]).email

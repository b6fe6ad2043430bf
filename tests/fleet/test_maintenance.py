"""Maintenance: plans, what is due, and the record of work."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.factories import fleet
from tests.factories.world import Company
from tests.fleet.test_zones import journal_of, names_of_events
from webapp.fleet.queries import maintenance as reading
from webapp.fleet.service import maintenance as service
from webapp.fleet.service import vehicles
from webapp.kit import clock, errors
from webapp.kit.db import db, get
from webapp.models import MaintenancePlan, MaintenanceRecord, Vehicle

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
TODAY = date(2026, 11, 18)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


def alerts(**filters: Any) -> list[str]:
    found = db.session.execute(reading.alerts(reading.Filters(**filters))).all()
    return [plan.name for plan, _ in found]


def test_a_plan_counts_from_today_and_the_odometer_unless_told_otherwise(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle(odometer_miles=40_000)
        plan = service.create_plan(van.id, {"name": "Oil", "every_miles": 5_000, "every_days": 180})
        assert (plan.due_on, plan.due_miles) == (TODAY + timedelta(days=180), 45_000)
        told = service.create_plan(van.id, {"name": "Tires", "every_miles": 7_500, "every_days": 100,
                                            "last_done_on": date(2026, 10, 1), "last_done_miles": 38_000})  # fmt: skip
        assert (told.due_on, told.due_miles) == (date(2027, 1, 9), 45_500)


def test_the_usual_maintenance_is_planned_at_once_and_not_twice(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle()
        assert service.plan_usual(van.id) == [
            "Oil change",
            "Tire rotation",
            "State inspection",
            "Brakes",
            "Registration",
        ]
        assert service.plan_usual(van.id) == []


@pytest.mark.parametrize(("values", "kind", "words"), [
    ({"name": "oil", "every_miles": 1}, errors.Conflict, "has a plan oil already"),
    ({"name": "B"}, errors.Invalid, "after how many miles or days"),
    ({"name": "B", "every_miles": 10**15}, errors.Invalid, "from 1 to 500,000"),
    ({"name": "B", "every_days": 5, "last_done_on": TODAY + timedelta(days=1)}, errors.Invalid, "a day to come"),
    ({"name": "B", "every_miles": 5, "last_done_miles": 40_001}, errors.Invalid, "stands at 40,000 miles only"),
])  # fmt: skip
def test_a_plan_that_cannot_be_is_refused(
    company: Company, values: dict[str, Any], kind: type[errors.AppError], words: str
) -> None:
    with company.acting():
        van = fleet.vehicle().id
        service.create_plan(van, {"name": "Oil", "every_miles": 5_000})
    with pytest.raises(kind, match=words), company.acting():
        service.create_plan(van, values)


def test_nothing_is_planned_for_a_retired_vehicle_and_its_plans_rest(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle()
        fleet.plan(van, "Oil", every_miles=5_000, last_done_miles=30_000)
        assert alerts() == ["Oil"]
        vehicles.retire(van.id)
        assert alerts() == []
        with pytest.raises(errors.Conflict, match="is retired, so nothing is planned"):
            service.create_plan(van.id, {"name": "B", "every_days": 5})


def test_alerts_follow_the_date_and_the_odometer_the_most_pressing_first(company: Company) -> None:
    with company.acting():
        van, other = fleet.vehicle("A", odometer_miles=40_000), fleet.vehicle("B", odometer_miles=10_000)
        fleet.plan(van, "Far", every_miles=5_000)
        fleet.plan(van, "Soon by date", every_days=10)
        fleet.plan(van, "Soon by miles", every_miles=5_000, last_done_miles=35_100)
        fleet.plan(van, "Over by miles", every_miles=5_000, last_done_miles=30_000)
        fleet.plan(other, "Over by date", every_days=30, last_done_on=date(2026, 10, 1))
        assert alerts() == ["Over by miles", "Over by date", "Soon by miles", "Soon by date"]
        assert alerts(states=("overdue",)) == ["Over by miles", "Over by date"]
        assert alerts(states=("soon",), vehicle_id=van.id) == ["Soon by miles", "Soon by date"]
        assert alerts(q="b") == ["Over by date"]
        assert reading.tallies() == {"all": 5, "overdue": 2, "soon": 2}


def test_an_odometer_makes_a_plan_overdue(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle("A", odometer_miles=40_000)
        fleet.plan(van, "Oil", every_miles=5_000)
        assert alerts() == []
        vehicles.read_odometer(van.id, 44_600)
        assert (alerts(states=("soon",)), alerts(states=("overdue",))) == (["Oil"], [])
        vehicles.read_odometer(van.id, 45_001)
        assert (alerts(states=("soon",)), alerts(states=("overdue",))) == ([], ["Oil"])


def test_work_done_counts_the_plan_afresh_and_reads_the_odometer(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle(odometer_miles=40_000).id
        plan = fleet.plan(
            get(Vehicle, van), "Oil change", every_miles=5_000, every_days=180, last_done_miles=30_000
        ).id
        made = service.record(
            van, {"odometer_miles": 40_200, "cost_cents": 8_950, "vendor": "Quick Lube"}, plan
        )
        assert (made.name, made.done_on) == ("Oil change", TODAY)
    with company.acting():
        done = get(MaintenancePlan, plan)
        assert (done.last_done_on, done.last_done_miles, done.due_on, done.due_miles) == (
            TODAY, 40_200, TODAY + timedelta(days=180), 45_200)  # fmt: skip
        assert get(Vehicle, van).odometer_miles == 40_200
        assert reading.spent(van, TODAY - timedelta(days=365)) == reading.Spent(1, 8_950, 8_950)
        said = [
            e.payload["words"] for e in journal_of("vehicle", van) if e.action == "vehicle.maintenance-done"
        ]
        assert said == ["on Nov 18, 2026 at 40,200 miles for $89.50 by Quick Lube"]
    assert {"vehicle.plan-added", "vehicle.maintenance-done", "vehicle.odometer-read"} <= set(
        names_of_events(company)
    )


def test_late_entries_do_not_turn_a_plan_back(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle(odometer_miles=40_000)
        plan = fleet.plan(van, "Oil", every_miles=5_000)
        fleet.work(van, plan_id=plan.id, day=date(2026, 11, 10), odometer_miles=39_000)
        fleet.work(van, plan_id=plan.id, day=date(2026, 5, 1), odometer_miles=33_000)
        assert (plan.last_done_miles, plan.due_miles) == (39_000, 44_000)
        assert van.odometer_miles == 40_000


@pytest.mark.parametrize(("values", "words"), [
    ({"done_on": TODAY + timedelta(days=1)}, "a day to come"),
    ({"odometer_miles": 39_000}, "stood at 40,000 miles before that day already"),
    ({"odometer_miles": 400_000}, "read the odometer first, with a reason"),
    ({"cost_cents": -5}, "zero or more"),
    ({"cost_cents": 10**17}, "ten billion"),
    ({"name": " "}, "Write a name"),
])  # fmt: skip
def test_work_that_cannot_be_is_refused(company: Company, values: dict[str, Any], words: str) -> None:
    with clock.at(NOON - timedelta(days=2)), company.acting():
        van = fleet.vehicle(odometer_miles=40_000).id
    with pytest.raises(errors.Invalid, match=words), company.acting():
        service.record(van, {"name": "Oil", **values})


def test_a_record_is_corrected_and_removed_and_the_plan_follows(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle(odometer_miles=40_000)
        plan = fleet.plan(van, "Oil", every_miles=5_000, every_days=100)
        first = fleet.work(van, plan_id=plan.id, day=date(2026, 6, 1), odometer_miles=35_000)
        last = fleet.work(van, plan_id=plan.id, day=date(2026, 11, 1), odometer_miles=39_000)
        service.update_record(van.id, last.id, {"odometer_miles": 39_500, "cost_cents": 5_000})
        assert plan.due_miles == 44_500
        gone = service.remove_record(van.id, last.id)
        assert (plan.last_done_on, plan.due_miles) == (date(2026, 6, 1), 40_000)
        again = service.record(
            van.id, {**gone, "done_on": service.day_of(gone["done_on"])}, gone.pop("plan_id")
        )
        assert (plan.due_miles, again.cost_cents) == (44_500, 5_000)
        service.remove_record(van.id, again.id)
        service.remove_record(van.id, first.id)
        # nobody knows any more when it was done: it is due now, and says so
        assert (plan.last_done_on, plan.due_on, plan.due_miles) == (None, TODAY, 40_000)
        assert alerts() == ["Oil"]


def test_a_plan_changes_and_is_counted_from_the_same_day(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle(odometer_miles=40_000)
        plan = service.create_plan(van.id, {"name": "Oil", "every_miles": 5_000, "every_days": 100})
    with clock.at(NOON + timedelta(days=10)), company.acting():
        vehicles.read_odometer(van.id, 41_000)
        plan = service.update_plan(van.id, plan.id, {"every_miles": 6_000, "every_days": 110})
        assert (plan.due_on, plan.due_miles) == (TODAY + timedelta(days=110), 46_000)
        plan = service.update_plan(van.id, plan.id, {"every_days": None})
        assert (plan.due_on, plan.due_miles) == (None, 46_000)
        with pytest.raises(errors.Invalid, match="or both"):
            service.update_plan(van.id, plan.id, {"every_miles": None})
        service.update_plan(van.id, plan.id, {"active": False})
        assert reading.plans_of([van.id]) == {}
        fleet.plan(van, "Oil")
        with pytest.raises(errors.Conflict):
            service.update_plan(van.id, plan.id, {"active": True})


def test_plans_and_records_belong_to_their_vehicle(company: Company, other_company: Company) -> None:
    with other_company.acting():
        theirs = fleet.vehicle()
        foreign = (theirs.id, fleet.plan(theirs).id, fleet.work(theirs).id)
    with company.acting():
        van, other = fleet.vehicle(), fleet.vehicle()
        plan, work = fleet.plan(other), fleet.work(other)
        for vehicle_id, plan_id, record_id in ((van.id, plan.id, work.id), (van.id, *foreign[1:]), foreign):
            for attempt in (lambda v=vehicle_id, p=plan_id: service.update_plan(v, p, {"name": "x"}),
                            lambda v=vehicle_id, p=plan_id: service.record(v, {}, p),
                            lambda v=vehicle_id, r=record_id: service.update_record(v, r, {"notes": "x"}),
                            lambda v=vehicle_id, r=record_id: service.remove_record(v, r)):  # fmt: skip
                with pytest.raises(errors.NotFound):
                    attempt()
        assert get(MaintenanceRecord, work.id).notes == ""


def test_who_may_not_edit_is_refused(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle()
        ids = (van.id, fleet.plan(van).id, fleet.work(van).id)
    for role in ("dispatcher", "accountant", "technician"):
        for attempt in (lambda: service.create_plan(ids[0], {"name": "B", "every_days": 5}),
            lambda: service.record(ids[0], {}, ids[1]),
                        lambda: service.remove_record(ids[0], ids[2])):  # fmt: skip
            with company.acting(role), pytest.raises(errors.Forbidden):
                attempt()

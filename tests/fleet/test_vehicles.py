"""Vehicles: details, who drives them, odometers and places."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.factories import fleet, people
from tests.factories.world import Company
from tests.fleet.test_zones import journal_of, names_of_events
from webapp.fleet import queries
from webapp.fleet.queries import vehicles as reading
from webapp.fleet.service import vehicles as service
from webapp.kit import clock, errors
from webapp.kit.db import get, rows
from webapp.models import Vehicle
from webapp.technicians import service as technicians

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


def test_a_vehicle_is_added_changed_retired_and_brought_back(company: Company) -> None:
    with company.acting():
        van = service.create({"name": " Truck  12 ", "plate": "abc 123", "vin": "1m8gdm9axkp042788", "year": 2021,
                              "make": "Ford", "model": "Transit", "odometer_miles": 45_210}).id  # fmt: skip
    with company.acting():
        vehicle = get(Vehicle, van)
        assert (vehicle.name, vehicle.plate, vehicle.vin, vehicle.odometer_miles) == (
            "Truck 12", "ABC 123", "1M8GDM9AXKP042788", 45_210)  # fmt: skip
        assert vehicle.odometer_at is not None
        service.update(van, {"notes": "Roof rack"})
        service.update(van, {"notes": "Roof rack"})  # nothing new
        service.retire(van)
        service.restore(van)
        assert get(Vehicle, van).status == "active"
    assert [n for n in names_of_events(company) if "vehicle" in n] == [
        "vehicle.created", "vehicle.updated", "vehicle.retired", "vehicle.restored"]  # fmt: skip


@pytest.mark.parametrize(("values", "kind", "words"), [
    ({"name": "truck 1"}, errors.Conflict, "There is a vehicle Truck 1 already"),
    ({"name": ""}, errors.Invalid, "Write a name"),
    ({"name": "B", "vin": "123"}, errors.Invalid, "has 17 characters; this one has 3"),
    ({"name": "B", "odometer_miles": -1}, errors.Invalid, "between 0 and 2,000,000"),
    ({"name": "B", "odometer_miles": 10**15}, errors.Invalid, "between 0 and 2,000,000"),
    ({"name": "B", "year": 10**15}, errors.Invalid, "between 1900 and 2100"),
])  # fmt: skip
def test_a_vehicle_that_cannot_be_is_refused(
    company: Company, values: dict[str, Any], kind: type[errors.AppError], words: str
) -> None:
    with company.acting():
        fleet.vehicle("Truck 1")
    with pytest.raises(kind, match=words), company.acting():
        service.create(values)


def test_a_doubtful_vin_is_taken_with_a_warning(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle("A", vin="1M8GDM9A1KP042788")
        assert "should be X" in service.doubts(van)[0]
        twin = fleet.vehicle("B", vin="1M8GDM9A1KP042788")
        assert "A has the same VIN." in service.doubts(twin)
        assert service.doubts(fleet.vehicle("C")) == []


# Drivers ----------------------------------------------------------------------------------------------------------------


def test_taking_over_a_vehicle_unpairs_the_other_and_says_so(company: Company) -> None:
    with company.acting():
        mike, ana = people.technician(name="Mike"), people.technician(name="Ana")
        one, two = fleet.vehicle("Truck 1"), fleet.vehicle("Truck 2")
        ids = (mike.id, ana.id, one.id, two.id)
        assert service.pair(one.id, mike.id).words == "Mike drives Truck 1 now."
        assert service.pair(two.id, ana.id).words == "Ana drives Truck 2 now."
        taken = service.pair(two.id, mike.id)
        assert taken.words == "Mike drives Truck 2 now, instead of Ana. Truck 1 has no driver any more."
        assert service.pair(two.id, mike.id).words == "Mike drives Truck 2 now."  # nothing new
        assert queries.vehicle_of([mike.id, ana.id]) == {
            mike.id: queries.Drives(two.id, "Truck 2", "", "active")}  # fmt: skip
        assert service.pair(two.id, None).words == "Mike drives Truck 2 no longer."
        assert service.pair(two.id, None).words == "Truck 2 has no driver."
        assert queries.vehicle_of([mike.id]) == {}
        assert queries.vehicle_of([]) == {}
    with company.acting():
        found = [(r.technician_id, r.ends_at is None) for r in rows(reading.drivers(ids[3]))]
        assert found == [(ids[0], False), (ids[1], False)]
        told = [
            e.payload["deed"] for e in journal_of("vehicle", ids[2]) if e.action == "vehicle.driver-changed"
        ]
        assert told == ["made Mike its driver", "unpaired Mike, who drives Truck 2 now"]
    assert names_of_events(company).count("vehicle.driver-changed") == 5


def test_nobody_drives_a_retired_vehicle_and_nobody_who_left_drives(company: Company) -> None:
    with company.acting():
        mike, ana = people.technician(name="Mike"), people.technician(name="Ana")
        van, other = fleet.vehicle("Truck 1"), fleet.vehicle("Truck 2")
        service.pair(van.id, mike.id)
        service.retire(van.id)
        assert van.technician_id is None
        with pytest.raises(errors.Conflict, match=r"Truck 1 is retired\. Bring it back"):
            service.pair(van.id, mike.id)
        technicians.update(ana.id, {"ends_on": date(2020, 1, 1)})
        with pytest.raises(errors.Invalid, match="Ana does not work here at present"):
            service.pair(other.id, ana.id)
        with pytest.raises(errors.NotFound, match="No technician has the number"):
            service.pair(other.id, 2**40)
        with pytest.raises(errors.NotFound, match="No vehicle has the number"):
            service.pair(2**40, mike.id)


def test_a_retired_vehicle_comes_back_with_its_driver_unless_that_one_drives_another(
    company: Company,
) -> None:
    with company.acting():
        mike = people.technician()
        van, other = fleet.vehicle("Truck 1"), fleet.vehicle("Truck 2")
        for _ in range(2):
            service.pair(van.id, mike.id)
            service.retire(van.id)
            assert service.restore(van.id, mike.id).technician_id == mike.id
        service.retire(van.id)
        service.pair(other.id, mike.id)
        assert service.restore(van.id, mike.id).technician_id is None


# Odometer and place -----------------------------------------------------------------------------------------------------


def test_an_odometer_goes_forward_and_backward_only_with_a_reason(company: Company) -> None:
    with clock.at(NOON), company.acting():
        van = fleet.vehicle(odometer_miles=40_000).id
    with clock.at(NOON + timedelta(days=1)), company.acting():
        service.read_odometer(van, 40_300)
        with pytest.raises(errors.Invalid, match="less than the 40,300 miles read before"):
            service.read_odometer(van, 4_030)
        with pytest.raises(errors.Invalid, match="a digit may be too many"):
            service.read_odometer(van, 403_000)
        with pytest.raises(errors.Invalid, match="between 0 and 2,000,000"):
            service.read_odometer(van, 10**12)
        assert service.read_odometer(van, 4_030, reason="  New  instrument panel ").odometer_miles == 4_030
    with company.acting():
        found = [(r.miles, r.reason, r.who) for r in rows(reading.readings(van))]
    assert found == [
        (4_030, "New instrument panel", "Admin Person"),
        (40_300, "", "Admin Person"),
        (40_000, "", "Admin Person"),
    ]
    assert names_of_events(company).count("vehicle.odometer-read") == 2


def test_readings_arrive_in_order_and_not_from_the_future(company: Company) -> None:
    with clock.at(NOON), company.acting():
        van = fleet.vehicle(odometer_miles=40_000).id
        with pytest.raises(errors.Invalid, match="must not lie in the future"):
            service.read_odometer(van, 40_100, read_at=NOON + timedelta(hours=1))
        with pytest.raises(errors.Invalid, match="There is a later reading already, of 40,000 miles"):
            service.read_odometer(van, 40_100, read_at=NOON - timedelta(hours=1))
        with pytest.raises(errors.Invalid, match="before the year 2000"):
            service.read_odometer(van, 40_100, read_at=datetime(1, 1, 1, tzinfo=UTC))


def test_a_vehicle_never_read_takes_any_first_reading(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle(odometer_miles=None)
        assert service.read_odometer(van.id, 190_000).odometer_miles == 190_000


def test_the_miles_of_a_month_come_from_the_readings(company: Company) -> None:
    with clock.at(NOON), company.acting():
        van = fleet.vehicle(odometer_miles=40_000).id
    with clock.at(NOON + timedelta(days=10)), company.acting():
        service.read_odometer(van, 40_400)
    with clock.at(NOON + timedelta(days=11)), company.acting():
        assert reading.miles_a_month(van) is None  # ten days are too few
    with clock.at(NOON + timedelta(days=60)), company.acting():
        service.read_odometer(van, 42_000)
    with clock.at(NOON + timedelta(days=60)), company.acting():
        assert reading.miles_a_month(van) == 1_000


def test_only_the_latest_place_is_kept(company: Company) -> None:
    with clock.at(NOON), company.acting():
        van = fleet.vehicle().id
        service.set_position(van, 27.95, -82.46)
        service.set_position(van, 10, 10, NOON - timedelta(hours=1))  # an older sighting
        vehicle = get(Vehicle, van)
        assert (float(vehicle.latitude), float(vehicle.longitude), vehicle.position_at) == (
            27.95,
            -82.46,
            NOON,
        )
        with pytest.raises(errors.Invalid, match="latitude must lie between -90 and 90"):
            service.set_position(van, 99, 0)
        with pytest.raises(errors.Invalid, match="must not lie in the future"):
            service.set_position(van, 0, 0, NOON + timedelta(hours=1))
        assert [r.name for r in reading.parked()] == [vehicle.name]
    with company.acting():
        assert [e.action for e in journal_of("vehicle", van)] == [
            "vehicle.created"
        ]  # a tracker tells once a minute


def test_who_may_not_is_refused(company: Company) -> None:
    with company.acting():
        van, mike = fleet.vehicle().id, people.technician().id
    with company.acting("dispatcher"):  # pairs and reads odometers, but does not edit
        service.pair(van, mike)
        service.read_odometer(van, 40_001)
    with company.acting("dispatcher"), pytest.raises(errors.Forbidden):
        service.update(van, {"notes": "x"})
    for role in ("payroll", "accountant", "technician"):
        for attempt in (lambda: fleet.vehicle("X"), lambda: service.pair(van, None), lambda: service.read_odometer(van, 50_000),
                        lambda: service.set_position(van, 0, 0)):  # fmt: skip
            with company.acting(role), pytest.raises(errors.Forbidden):
                attempt()


def test_another_companys_vehicle_is_not_there(company: Company, other_company: Company) -> None:
    with other_company.acting():
        foreign, somebody = fleet.vehicle().id, people.technician().id
    with company.acting():
        van = fleet.vehicle().id
        for attempt in (lambda: service.update(foreign, {"notes": "x"}), lambda: service.pair(foreign, None),
                        lambda: service.pair(van, somebody), lambda: service.read_odometer(foreign, 5),
                        lambda: service.set_position(foreign, 0, 0)):  # fmt: skip
            with pytest.raises(errors.NotFound):
                attempt()

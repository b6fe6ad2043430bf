"""Skills and vehicles from CSV files, and the files that lists give, taken again."""

from datetime import date

import pytest

from tests.factories import fleet, people
from tests.factories.world import Company
from tests.imports.test_domains import bring, check, problems, states
from webapp.downloads.registry import EXPORTERS
from webapp.fleet import queries
from webapp.fleet.queries import skilled, vehicles
from webapp.fleet.rules.skills import SkillHeld
from webapp.fleet.service import vehicles as service
from webapp.kit.db import db
from webapp.models import Skill, Vehicle

SKILLS = """Employee,Certification,Rating,Expiration date,License number,Comment
Mike Johnson,EPA 608,4,3/1/2027,608-11873,Renewed once
T-105,EPA 608,Expert,,,
Sara Lee,Gas fitting,,2027-05-31,,
"""
VEHICLES = """Unit,License plate,VIN,Model year,Manufacturer,Model,Mileage,Assigned to,Status
Truck 12,abc 123,1M8GDM9AXKP042788,2021,Ford,Transit,"45,210",T-104,In use
Van 3,,,2018,Ram,ProMaster,98000 miles,,Shop
Old 1,,,,,,,,Sold
"""


@pytest.fixture(autouse=True)
def _people(company: Company) -> None:
    with company.acting():
        people.technician(name="Mike Johnson", employee_number="T-104")
        people.technician(name="Sara Lee", employee_number="T-105")


def held(company: Company) -> dict[tuple[str, str], SkillHeld]:
    with company.acting():
        rows = db.session.execute(skilled.rows(skilled.Filters())).all()
        return {(r.technician, r.skill): SkillHeld(r.level, r.expires_on) for r in rows}


def test_skills_come_from_a_file_and_again_change_nothing(company: Company) -> None:
    bring(company, "technician-skills", SKILLS)
    assert held(company) == {
        ("Mike Johnson", "EPA 608"): SkillHeld(4, date(2027, 3, 1)),
        ("Sara Lee", "EPA 608"): SkillHeld(5, None),
        ("Sara Lee", "Gas fitting"): SkillHeld(3, date(2027, 5, 31)),
    }
    with company.acting():
        assert {s.name: s.certified for s in db.session.query(Skill)} == {
            "EPA 608": True,
            "Gas fitting": True,
        }
    assert states(company, "technician-skills", SKILLS) == ["same", "same", "same"]
    assert states(company, "technician-skills", SKILLS.replace(",4,", ",5,")) == ["changed", "same", "same"]


def test_what_a_skills_file_leaves_empty_stays(company: Company) -> None:
    bring(company, "technician-skills", SKILLS)
    bring(company, "technician-skills", "Technician,Skill,Level\nT-104,EPA 608,5\n")
    assert held(company)["Mike Johnson", "EPA 608"] == SkillHeld(5, date(2027, 3, 1))


@pytest.mark.parametrize(("row", "words"), [
    ("Nobody,EPA 608,3,", "No technician is called Nobody."),
    ("Mike Johnson,EPA 608,0,", "“0” is no level; write 1 (helper) to 5 (expert)."),
    ("Mike Johnson,EPA 608,6,", "is no level"),
    ("Mike Johnson,,3,", "Skill is missing."),
    ("Mike Johnson,EPA 608,3,soon", "is no date"),
    ("Mike Johnson,Old,3,", "The skill Old is archived."),
])  # fmt: skip
def test_a_wrong_skill_row_says_why(company: Company, row: str, words: str) -> None:
    from webapp.fleet.service import skills

    with company.acting():
        skills.update_skill(fleet.skill("Old").id, {"archived": True})
    (said,) = problems(company, "technician-skills", f"Technician,Skill,Level,Expires on\n{row}\n")
    assert words in said


def test_skills_that_would_be_made_are_named_beforehand(company: Company) -> None:
    _, rows = check(company, "technician-skills", SKILLS)
    assert [r.status for r in rows] == ["new"] * 3
    assert held(company) == {}


def test_vehicles_come_from_a_file_and_again_change_nothing(company: Company) -> None:
    bring(company, "vehicles", VEHICLES)
    with company.acting():
        found = {v.name: v for v in db.session.query(Vehicle)}
        truck = found["Truck 12"]
        assert (truck.plate, truck.year, truck.odometer_miles, truck.status) == (
            "ABC 123",
            2021,
            45_210,
            "active",
        )
        assert (found["Van 3"].status, found["Van 3"].odometer_miles, found["Old 1"].status) == (
            "in_shop",
            98_000,
            "retired",
        )
        assert truck.technician_id is not None
        assert queries.vehicle_of([truck.technician_id])[truck.technician_id].name == "Truck 12"
    assert states(company, "vehicles", VEHICLES) == ["same"] * 3
    # known by the VIN under another name; an older odometer is no change
    assert states(company, "vehicles", "Name,VIN,Odometer\nTruck 12,1M8GDM9AXKP042788,40000\n") == ["same"]
    assert states(company, "vehicles", "Name,VIN\nUnit 99,1M8GDM9AXKP042788\n") == ["changed"]
    bring(company, "vehicles", "Name,Odometer,Driver\nTruck 12,46000,Sara Lee\n")
    with company.acting():
        truck = vehicles.named("truck 12")
        assert truck is not None
        assert truck.odometer_miles == 46_000


@pytest.mark.parametrize(("row", "words"), [
    (",,5", "Vehicle is missing."),
    ("A,123,", "this one has 3"),
    ("A,,12.5", "is no whole number"),
    ("A,,9999999", "between 0 and 2,000,000"),
    ("Truck 1,,400000", "a digit may be too many"),
])  # fmt: skip
def test_a_wrong_vehicle_row_says_why(company: Company, row: str, words: str) -> None:
    with company.acting():
        fleet.vehicle("Truck 1", odometer_miles=40_000)
    (said,) = problems(company, "vehicles", f"Vehicle,VIN,Odometer\n{row}\n")
    assert words in said


def test_a_driver_who_is_not_there_or_of_a_retired_vehicle_says_why(company: Company) -> None:
    text = "Vehicle,Driver,State\nA,Nobody,In use\nB,Mike Johnson,Retired\n"
    assert problems(company, "vehicles", text) == [
        "No technician is called Nobody.", "Nobody drives a retired vehicle. Leave the driver empty."]  # fmt: skip


def exported(company: Company, kind: str) -> str:
    with company.acting("manager"):
        made = EXPORTERS[kind].make({}, lambda done, total=None: None)
        assert not isinstance(made.content, bytes)
        return b"".join(made.content).decode()  # type: ignore[arg-type]  # an iterator of bytes


def test_exports_are_taken_again_as_imports(company: Company, other_company: Company) -> None:
    bring(company, "technician-skills", SKILLS)
    bring(company, "vehicles", VEHICLES)
    with company.acting():
        fleet.work(db.session.query(Vehicle).filter_by(name="Van 3").one(), cost_cents=8_950)
        fleet.zone("North", zips=["33606"])
        service.set_position(db.session.query(Vehicle).filter_by(name="Van 3").one().id, 27.95, -82.46)
    assert states(company, "technician-skills", exported(company, "technician-skills.csv")) == ["same"] * 3
    assert states(company, "vehicles", exported(company, "vehicles.csv")) == ["same"] * 3
    assert "89.50" in exported(company, "vehicle-work.csv")
    assert "North,ZIP codes,33606" in exported(company, "service-zones.csv")
    with other_company.acting():
        people.technician(name="Mike Johnson", employee_number="T-104")
        people.technician(name="Sara Lee", employee_number="T-105")
    bring(other_company, "technician-skills", exported(company, "technician-skills.csv"))
    bring(other_company, "vehicles", exported(company, "vehicles.csv"))
    assert held(other_company) == held(company)
    assert exported(other_company, "technician-skills.csv").count("\n") == exported(
        company, "technician-skills.csv"
    ).count("\n")

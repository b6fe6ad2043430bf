"""Vehicles from a CSV file. One is known by its VIN, else by its name; drivers are paired on the way."""

from typing import Any

from sqlalchemy import select

from webapp.fleet import rules
from webapp.fleet.imports.people import technician
from webapp.fleet.permissions import VEHICLES_EDIT
from webapp.fleet.queries import vehicles as queries
from webapp.fleet.service import vehicles as service
from webapp.imports import rules as cells
from webapp.imports.registry import (
    CHANGED,
    NEW,
    SAME,
    WRONG,
    Change,
    Context,
    FieldSpec,
    ImportSpec,
    Outcome,
    Problem,
    Values,
    register,
)
from webapp.kit import context, errors
from webapp.kit.db import db, get
from webapp.models import Technician, Vehicle

STATES = {"In use": "active", "In the shop": "in_shop", "Retired": "retired", "Active": "active", "Shop": "in_shop",
          "In shop": "in_shop", "Inactive": "retired", "Sold": "retired"}  # fmt: skip


def _number(text: str, ctx: Context) -> int:
    bare = text.replace(",", "").replace(" ", "").casefold().removesuffix("miles").removesuffix("mi")
    if not (bare.isascii() and bare.isdigit() and len(bare) < 16):
        raise ValueError(f"“{text[:40]}” is no whole number.")
    return int(bare)


def _miles(text: str, ctx: Context) -> int:
    return rules.vehicles.miles(_number(text, ctx))


def _vin(text: str, ctx: Context) -> str:
    return rules.vehicles.vin(text)


FIELDS = (
    FieldSpec("name", "Vehicle", required=True, most=80, example="Truck 12",
              synonyms=("Name", "Vehicle name", "Unit", "Unit number", "Truck", "Van", "Asset")),
    FieldSpec("plate", "Plate", most=20, example="ABC 123", synonyms=("License plate", "Tag", "License", "Plate number")),
    FieldSpec("vin", "VIN", most=40, parse=_vin, example="1FTBR1C8XMKA12345",
              synonyms=("VIN number", "Vehicle identification number", "Serial number"),
              hint="Recognizes a vehicle that is here already, whatever its name."),
    FieldSpec("year", "Year", parse=_number, example="2021", synonyms=("Model year",)),
    FieldSpec("make", "Make", most=60, example="Ford", synonyms=("Manufacturer", "Brand")),
    FieldSpec("model", "Model", most=60, example="Transit 250"),
    FieldSpec("odometer_miles", "Odometer", parse=_miles, example="45,210",
              synonyms=("Miles", "Mileage", "Odometer miles", "Current mileage"), hint="Only a higher reading is taken over."),
    FieldSpec("driver", "Driver", most=120, example="T-104", synonyms=("Technician", "Assigned to", "Operator"),
              hint="A name or an employee number."),
    FieldSpec("status", "State", parse=cells.one_of(STATES), synonyms=("Status",), example="In use"),
    FieldSpec("notes", "Notes", most=4_000, synonyms=("Note", "Comment", "Comments")),
)  # fmt: skip


def natural_key(values: Values) -> str | None:
    return f"vin:{values['vin']}" if values["vin"] else f"name:{values['name'].casefold()}"


def check(values: Values, ctx: Context) -> Outcome:
    """Compare a row with the vehicles there are. What the file leaves empty stays as it is."""
    given = rules.vehicles.cleaned(_given(values))
    driver, problem = _driver(values, ctx)
    if problem is not None:
        return Outcome(WRONG, [problem])
    vehicle = _like(values)
    if vehicle is None:
        return Outcome(NEW)
    doubt = _doubt(vehicle, values["odometer_miles"])
    if doubt:
        return Outcome(WRONG, [Problem("odometer_miles", doubt)])
    wanted = dict(given)
    if _reads(vehicle, values["odometer_miles"]):
        wanted["odometer_miles"] = values["odometer_miles"]
    if driver is not None:
        wanted["technician_id"] = driver
    changes = cells.compared(vehicle, wanted, {"technician_id": ("driver", _name_of)})
    if "odometer_miles" in wanted and wanted["odometer_miles"] == vehicle.odometer_miles:
        changes.append(Change("odometer_miles", "", cells.in_words("odometer_miles", vehicle.odometer_miles)))
    return Outcome(CHANGED if changes else SAME, record_id=vehicle.id, changes=changes)


def _name_of(technician_id: int | None) -> str:
    return get(Technician, technician_id).name if technician_id is not None else ""


def write(values: Values, ctx: Context) -> int:
    """Add a vehicle, or change the one that is meant; read its odometer and pair its driver."""
    driver, problem = _driver(values, ctx)
    if problem is not None:
        raise errors.Invalid.one(problem.field, problem.message)
    vehicle, given = _like(values), _given(values)
    if vehicle is None:
        vehicle = service.create({**given, "odometer_miles": values["odometer_miles"]})
    else:
        vehicle = service.update(vehicle.id, given)
        if _reads(vehicle, values["odometer_miles"]):
            service.read_odometer(vehicle.id, values["odometer_miles"])
    if driver is not None:
        service.pair(vehicle.id, driver)
    return vehicle.id


def _given(values: Values) -> dict[str, Any]:
    return {k: values[k] for k in rules.vehicles.FIELDS if values[k] is not None}


def _driver(values: Values, ctx: Context) -> tuple[int | None, Problem | None]:
    if not values["driver"]:
        return None, None
    if values["status"] == "retired":
        return None, Problem("driver", "Nobody drives a retired vehicle. Leave the driver empty.")
    return technician(values["driver"], "", ctx, "driver")


def _like(values: Values) -> Vehicle | None:
    """The vehicle with this VIN; else the one of this name, unless that has another VIN."""
    if values["vin"]:
        statement = select(Vehicle).where(
            Vehicle.tenant_id == context.tenant_id(), Vehicle.vin == values["vin"]
        )
        found = db.session.scalars(statement.order_by(Vehicle.id).limit(1)).first()
        if found is not None:
            return found
    return queries.named(values["name"])


def _reads(vehicle: Vehicle, miles: int | None) -> bool:
    return miles is not None and (vehicle.odometer_at is None or miles > vehicle.odometer_miles)


def _doubt(vehicle: Vehicle, miles: int | None) -> str:
    if miles is None or not _reads(vehicle, miles):
        return ""  # an older file holds an older reading: that is nothing wrong
    return rules.vehicles.reading_doubt(vehicle.odometer_miles, miles, vehicle.odometer_at is not None)


SPEC = register(
    ImportSpec(
        kind="vehicles",
        title="Vehicles",
        permission=VEHICLES_EDIT,
        fields=FIELDS,
        check=check,
        write=write,
        natural_key=natural_key,
        record_url="/vehicles/{}",
        list_url="/vehicles",
        one="vehicle",
        many="vehicles",
        help="Your trucks and vans with plates, odometers and who drives them.",
    )
)

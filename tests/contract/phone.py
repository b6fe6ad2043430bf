"""What the phone keeps on jobs, for the contract's tests."""

import base64
from collections.abc import Callable
from typing import Any

from tests.contract.house import House
from tests.factories.phone import picture
from webapp.dispatch import service
from webapp.dispatch.service import positions
from webapp.kit import clock
from webapp.kit.db import add
from webapp.models import PhoneConflict
from webapp.timesheets import service as timesheets
from webapp.timesheets.queries import entries

MINE = "/api/v1/tech/dispatch/my-jobs/<int:job_id>"


def fill(house: House) -> None:
    """A material, a photo and an open conflict on the technician's job; consent to positions."""
    house.values |= {**material(house), **photo(house), **conflict(house)}
    with house.acting("technician"):
        positions.agree()
    at_work(house)


def material(house: House) -> dict[str, Any]:
    with house.acting("technician"):
        made = service.add_material(house.values["job_id"], description=f"Tape {house.number()}")
        return {"job_id": house.values["job_id"], "material_id": made.id}


def photo(house: House) -> dict[str, Any]:
    with house.acting("technician"):
        made = service.add_photo(house.values["job_id"], picture())
        return {"job_id": house.values["job_id"], "job_file_id": made.id}


def conflict(house: House) -> dict[str, Any]:
    """An open conflict on the technician's job."""
    with house.acting():
        made = add(
            PhoneConflict(
                job_id=house.values["job_id"], technician_id=house.values["technician_id"], subject="what was done",
                action="outcome", sent={"outcome": "Mine"}, found={"words": "The office's"}, happened_at=clock.now(),
                created_at=clock.now(),
            )
        )  # fmt: skip
        return {"job_id": house.values["job_id"], "conflict_id": made.id}


def content() -> str:
    """A picture as the API takes it."""
    return base64.b64encode(picture("PNG")).decode()


def at_work(house: House) -> dict[str, Any]:
    """The technician is clocked in."""
    with house.acting("technician"):
        if entries.running(house.values["technician_id"]) is None:
            timesheets.clock_in(timesheets.Punch(source="api"))
    return {}


BODIES = {
    ("POST", "/api/v1/tech/dispatch/location"): lambda house: {"latitude": 27.9506, "longitude": -82.4572},
    ("POST", f"{MINE}/photos"): lambda house: {"content": content(), "caption": f"Words {house.number()}"},
    ("POST", f"{MINE}/signature"): lambda house: {"content": content(), "signer": f"Words {house.number()}"},
    ("POST", f"{MINE}/materials"): lambda house: {"description": f"Words {house.number()}"},
}
PREPARED = {("POST", "/tech/dispatch/location"): at_work}
FRESH: dict[str, Callable[[House], dict[str, Any]]] = {
    "material_id": material,
    "job_file_id": photo,
    "conflict_id": conflict,
}

"""What technicians keep on their jobs, and where they are: `/tech/dispatch`, beside the steps."""

from typing import Any

from webapp.dispatch import field_schemas as shapes
from webapp.dispatch import service
from webapp.dispatch.permissions import DISPATCH_OWN
from webapp.dispatch.queries import own
from webapp.dispatch.queries import pages as reading
from webapp.dispatch.service import positions, reported
from webapp.kit import files
from webapp.kit.api import Api
from webapp.kit.db import get
from webapp.kit.dialects import FIELD
from webapp.models import DispatchJob

api = Api(
    "dispatch_field_api",
    __name__,
    dialect=FIELD,
    url_prefix="/api/v1/tech/dispatch",
    tag="Technician dispatch",
)
MINE = "/my-jobs/<int:job_id>"


def _job(job_id: int) -> int:
    """One of the caller's own jobs. Raises NotFound for any other, Forbidden for somebody who is no technician."""
    own.visit_of(job_id)
    return job_id


@api.get(f"{MINE}/details", permission=DISPATCH_OWN, returns=shapes.DetailsOut)
def details(job_id: int) -> dict[str, Any]:
    """Notes, checklist, materials, files and readings of one of your jobs."""
    job = get(DispatchJob, _job(job_id))
    return {
        "outcome": job.outcome,
        "notes": [shapes.note(n) for n in reading.notes(job.id)],
        "checklist": [shapes.step(s) for s in reading.steps(job.id)],
        "materials": [shapes.material(m) for m in reading.materials(job.id)],
        "files": [shapes.file(row.JobFile, row.StoredFile) for row in reading.files(job.id)],
        "readings": [shapes.reading(r) for r in reading.readings(job.id)],
    }


@api.post(f"{MINE}/notes", permission=DISPATCH_OWN, body=shapes.NoteIn, returns=shapes.NoteOut, status=201)
def add_note(job_id: int, body: shapes.NoteIn) -> dict[str, Any]:
    """Write a note on one of your jobs."""
    at = reported.moment(body.happened_at, body.sent_at)
    return shapes.note(service.write_note(_job(job_id), body.body, public=body.public, at=at))


@api.patch(
    f"{MINE}/checklist/<int:step_id>", permission=DISPATCH_OWN, body=shapes.CheckIn, returns=shapes.StepOut
)
def check(job_id: int, step_id: int, body: shapes.CheckIn) -> dict[str, Any]:
    """Tick a step of the checklist, take the tick back, or write why it was passed over."""
    at = reported.moment(body.happened_at, body.sent_at)
    return shapes.step(service.set_step(_job(job_id), step_id, done=body.done, note=body.note, at=at))


@api.post(
    f"{MINE}/materials",
    permission=DISPATCH_OWN,
    body=shapes.MaterialIn,
    returns=shapes.MaterialOut,
    status=201,
)
def add_material(job_id: int, body: shapes.MaterialIn) -> dict[str, Any]:
    """Note something that was used; the price is the item's of now unless given."""
    at = reported.moment(body.happened_at, body.sent_at)
    made = service.add_material(_job(job_id), item_id=body.item_id, description=body.description, at=at,
                                quantity_milli=body.quantity_milli, unit_price_cents=body.unit_price_cents)  # fmt: skip
    return shapes.material(made)


@api.delete(f"{MINE}/materials/<int:material_id>", permission=DISPATCH_OWN)
def remove_material(job_id: int, material_id: int) -> None:
    """Take a material of your own off again."""
    service.remove_material(_job(job_id), material_id)


@api.post(f"{MINE}/photos", permission=DISPATCH_OWN, body=shapes.PhotoIn, returns=shapes.FileOut, status=201)
def add_photo(job_id: int, body: shapes.PhotoIn) -> dict[str, Any]:
    """Add a photo, before or after the work, with a caption."""
    at = reported.moment(body.happened_at, body.sent_at)
    made = service.add_photo(
        _job(job_id), shapes.picture(body), caption=body.caption, stage=body.stage, at=at
    )
    return shapes.file(made, files.find(made.file_id))


@api.post(
    f"{MINE}/signature", permission=DISPATCH_OWN, body=shapes.SignatureIn, returns=shapes.FileOut, status=201
)
def add_signature(job_id: int, body: shapes.SignatureIn) -> dict[str, Any]:
    """Add a signature and the name of who signed."""
    at = reported.moment(body.happened_at, body.sent_at)
    made = service.add_signature(_job(job_id), shapes.picture(body), body.signer, at=at)
    return shapes.file(made, files.find(made.file_id))


@api.delete(f"{MINE}/files/<int:job_file_id>", permission=DISPATCH_OWN)
def remove_file(job_id: int, job_file_id: int) -> None:
    """Remove a photo or signature that you added."""
    service.remove_file(_job(job_id), job_file_id)


@api.post(
    f"{MINE}/readings", permission=DISPATCH_OWN, body=shapes.ReadingIn, returns=shapes.ReadingOut, status=201
)
def add_reading(job_id: int, body: shapes.ReadingIn) -> dict[str, Any]:
    """Note what was measured on a unit of the customer."""
    at = reported.moment(body.happened_at, body.sent_at)
    made = service.take_reading(_job(job_id), body.equipment_id, body.name, body.value, unit=body.unit, at=at)
    return shapes.reading(made)


# Where they are ---------------------------------------------------------------------------------------------------


@api.post("/location", permission=DISPATCH_OWN, body=shapes.LocationIn, returns=shapes.PositionOut)
def report_location(body: shapes.LocationIn) -> dict[str, Any]:
    """Report where you are: only while clocked in (else 409), and with your recorded consent (else 403)."""
    found = positions.report(body.latitude, body.longitude, speed=body.speed, heading=body.heading, accuracy=body.accuracy,
                             happened_at=body.happened_at, sent_at=body.sent_at)  # fmt: skip
    return shapes.position(found)


@api.get("/location-consent", permission=DISPATCH_OWN, returns=shapes.ConsentOut)
def location_consent() -> dict[str, Any]:
    """Whether you agreed that your position is recorded."""
    return _consent()


@api.put("/location-consent", permission=DISPATCH_OWN, body=shapes.ConsentIn, returns=shapes.ConsentOut)
def set_location_consent(body: shapes.ConsentIn) -> dict[str, Any]:
    """Agree, or take it back: from then on nothing is recorded, and where you are now is forgotten."""
    if body.agreed:
        positions.agree()
    else:
        positions.withdraw()
    return _consent()


def _consent() -> dict[str, Any]:
    found = positions.consent(own.me())
    return {
        "agreed": positions.has_consent(own.me()),
        "agreed_at": found.consent_at if found else None,
        "withdrawn_at": found.consent_withdrawn_at if found else None,
    }

"""What was used on a job: from the price book, at the price of that moment, or in one's own words."""

from datetime import datetime

from webapp.dispatch import events as told
from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.dispatch.service.authors import Author, present, writable
from webapp.kit import clean, clock, context, errors, events, journal, money
from webapp.kit.db import add, db, find
from webapp.kit.permissions import may
from webapp.models import Item, JobMaterial

MOST = 1_000_000_000  # thousandths: a million pieces


def add_material(
    job_id: int, *, item_id: int | None = None, description: str = "", quantity_milli: int = 1000,
    unit_price_cents: int | None = None, at: datetime | None = None, by: Author | None = None,
) -> JobMaterial:  # fmt: skip
    """Note that something was used. `quantity_milli` is in thousandths; the price is the item's of now unless given.

    Raises Invalid without an item and words, or for an impossible quantity or price; NotFound for an unknown item.
    """
    job = writable(job_id)
    problems = clean.Problems()
    words = problems.of("description", clean.line, description or "", 200) or ""
    if not 0 < quantity_milli <= MOST:
        problems.add("quantity_milli", "The quantity must be more than 0 and at most 1,000,000.")
    if unit_price_cents is not None and not 0 <= unit_price_cents <= money.MAX_CENTS:
        problems.add("unit_price_cents", "The price must be an amount of 0 or more.")
    if item_id is None and not words:
        problems.add("description", "Choose an item, or write what was used.")
    problems.done()
    if item_id is not None:
        item = find(Item, item_id)
        if item is None:
            raise errors.NotFound(f"No item has the number {item_id}.")
        words = words or item.name
        unit_price_cents = unit_price_cents if unit_price_cents is not None else item.list_price_cents
    who = by or present()
    made = add(
        JobMaterial(job_id=job.id, item_id=item_id, description=words, quantity_milli=quantity_milli,
                    unit_price_cents=unit_price_cents, technician_id=who.technician_id, used_at=at or clock.now(),
                    added_by=who.name)
    )  # fmt: skip
    journal.audit("dispatch.material-added", job, diff={}, material=f"{quantity(made)} × {words}", material_id=made.id,
                  by=who.name)  # fmt: skip
    events.emit(told.DETAIL, job.id, told.payload(job, what="material", detail_id=made.id))
    return made


def remove_material(job_id: int, material_id: int) -> None:
    """Take a material off a job: the office any, a technician their own. Raises NotFound."""
    job = writable(job_id)
    found = find(JobMaterial, material_id, lock=True)
    mine = found is not None and found.technician_id == context.principal().technician_id is not None
    if found is None or found.job_id != job.id or not (mine or may(DISPATCH_EDIT)):
        raise errors.NotFound(f"Job {job_id} has no material with the number {material_id}.")
    journal.audit("dispatch.material-removed", job, diff={}, material=f"{quantity(found)} × {found.description}",
                  material_id=found.id)  # fmt: skip
    db.session.delete(found)
    db.session.flush()
    events.emit(told.DETAIL, job.id, told.payload(job, what="material", detail_id=material_id))


def quantity(material: JobMaterial) -> str:
    """`2.5` for 2,500 thousandths."""
    whole, rest = divmod(material.quantity_milli, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)

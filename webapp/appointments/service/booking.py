"""Booking a call: presets of work, free times for it, and the job with its confirmation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from webapp.appointments import settings
from webapp.appointments.permissions import APPOINTMENTS_SETTINGS
from webapp.appointments.queries import booking as queries
from webapp.appointments.queries import visits
from webapp.appointments.service import configuring, telling
from webapp.dispatch import service as dispatch
from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.dispatch.rules import values
from webapp.kit import clean, crypto, errors, permissions
from webapp.models import DispatchJob
from webapp.routing import service as routing

OFFERS: Final = 6
SLOT: Final = "booking-slot"
SLOT_SECONDS: Final = 3600
MOST_PRESETS: Final = 60
GONE: Final = "That time has just been taken. These are free now."


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of call: what it is called, how long it takes, who can do it, what it is to cost. `skills`: (id, level)."""

    key: str
    title: str
    job_type: str = "repair"
    minutes: int = 60
    skills: tuple[tuple[int, int], ...] = ()
    item_id: int | None = None
    item: str = ""
    price_cents: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {"title": self.title, "job_type": self.job_type, "minutes": self.minutes,
                "skills": [list(s) for s in self.skills], "item_id": self.item_id}  # fmt: skip


def presets() -> list[Preset]:
    """The organization's presets with today's prices; without any, one for each type of job. One statement."""
    kept = settings.present().presets
    if not kept:
        return [Preset(kind, name, kind, values.LENGTHS[kind]) for kind, name in values.JOB_TYPES.items()]
    prices = queries.prices({p["item_id"] for p in kept if p.get("item_id")})
    found = []
    for number, row in enumerate(kept):
        name, cents = prices.get(row.get("item_id") or 0, ("", None))
        found.append(
            Preset(str(number), row["title"], row["job_type"], int(row["minutes"]),
                   tuple((int(a), int(b)) for a, b in row.get("skills") or ()), row.get("item_id"), name, cents)
        )  # fmt: skip
    return found


def save_preset(key: str | None, new: Preset) -> None:
    """Add a preset (None), or change one. Raises Invalid, NotFound."""
    permissions.demand(APPOINTMENTS_SETTINGS)
    problems = clean.Problems()
    title = problems.of("title", clean.line, new.title, 120)
    if not title:
        problems.add("title", "Give it a name.")
    if new.job_type not in values.JOB_TYPES:
        problems.add("job_type", "Choose a type.")
    if not 1 <= new.minutes <= values.LONGEST:
        problems.add("minutes", "From 1 minute to 24 hours (1440).")
    problems.done()
    known = queries.skill_names()
    if any(skill not in known or not 1 <= level <= 5 for skill, level in new.skills):
        raise errors.Invalid.one("skills", "Choose skills of the list.")
    if new.item_id is not None and new.item_id not in queries.prices([new.item_id]):
        raise errors.NotFound(f"No item has the number {new.item_id}.")
    row = replace(new, title=title or "").as_json()

    def change(now: settings.AppointmentSettings) -> settings.AppointmentSettings:
        kept = list(now.presets)
        if key is None:
            if len(kept) >= MOST_PRESETS:
                raise errors.Conflict(f"There are {MOST_PRESETS} presets already.")
            return replace(now, presets=(*kept, row))
        kept[_place(key, kept)] = row
        return replace(now, presets=tuple(kept))

    configuring.change(change)


def remove_preset(key: str) -> None:
    """Take a preset away. Raises NotFound."""
    permissions.demand(APPOINTMENTS_SETTINGS)

    def change(now: settings.AppointmentSettings) -> settings.AppointmentSettings:
        kept = list(now.presets)
        del kept[_place(key, kept)]
        return replace(now, presets=tuple(kept))

    configuring.change(change)


def _place(key: str, kept: Sequence[Any]) -> int:
    if not key.isdecimal() or int(key) >= len(kept):
        raise errors.NotFound("There is no such preset any more.")
    return int(key)


# A call -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What the person on the phone wants. Where the customer is not on record yet, `said` names them and the address."""

    preset: Preset
    title: str = ""
    description: str = ""
    priority: str = "normal"
    minutes: int | None = None
    customer_id: int | None = None
    property_id: int | None = None
    equipment_ids: tuple[int, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)  # fields of a job: customer_name, service_zip …
    earliest: datetime | None = None

    @property
    def length(self) -> int:
        return self.minutes or self.preset.minutes


def offers(call: Call) -> list[routing.Offer]:
    """The next best times for a call, best first. Raises Invalid for lengths that no visit has."""
    permissions.demand(DISPATCH_EDIT)
    there = queries.where(call.property_id, call.said.get("service_zip", ""))
    return routing.offers(
        routing.Wanted(
            job_type=call.preset.job_type, priority=call.priority, expected_minutes=call.length, skills=call.preset.skills,
            latitude=there.latitude, longitude=there.longitude, zone_id=there.zone_id, customer_id=call.customer_id,
            equipment_ids=call.equipment_ids, earliest=call.earliest,
        ),
        limit=OFFERS,
    )  # fmt: skip


def slot(offer: routing.Offer) -> str:
    """An offer as the form sends it back, under a MAC."""
    return crypto.sign(SLOT, place(offer))


def place(offer: routing.Offer) -> list[int]:
    """Who comes, and from when to when; the same for the same offer, whenever it is made."""
    moments = (offer.starts_at, offer.ends_at, offer.window_start, offer.window_end)
    return [offer.technician_id, *(int(m.timestamp()) for m in moments)]


def read(chosen: str) -> list[int] | None:
    """The place of a slot that came back; None for what was never offered, or too long ago."""
    found = crypto.unsign(SLOT, chosen, SLOT_SECONDS)
    return found if isinstance(found, list) and len(found) == 5 else None


def book(call: Call, chosen: str) -> DispatchJob:
    """Book a call into a time that was offered, and confirm it to the customer.

    Raises Conflict when the time was taken meanwhile, Invalid for what cannot be, NotFound.
    """
    permissions.demand(DISPATCH_EDIT)
    slot_read = read(chosen)
    if slot_read is None:
        raise errors.Conflict("Choose one of these times.")
    starts, ends, window_start, window_end = (datetime.fromtimestamp(n, tz=UTC) for n in slot_read[1:])
    if round((ends - starts).total_seconds() / 60) != call.length:
        raise errors.Conflict("The length has changed since: choose one of these times.")
    given: dict[str, Any] = {
        **call.said, "title": call.title or call.preset.title, "description": call.description, "priority": call.priority,
        "job_type": call.preset.job_type, "expected_minutes": call.length, "price_cents": call.preset.price_cents,
        "window_start": window_start, "window_end": window_end,
    }  # fmt: skip
    try:
        job = dispatch.create(
            dispatch.NewJob(
                values=given, customer_id=call.customer_id, property_id=call.property_id, scheduled_start=starts,
                scheduled_end=ends, technician_ids=[slot_read[0]], equipment_ids=call.equipment_ids, source="phone",
                skills=[dispatch.SkillNeed(skill, level) for skill, level in call.preset.skills],
            )
        )  # fmt: skip
    except errors.Conflict as problem:
        raise errors.Conflict(GONE) from problem
    for visit_id in visits.visit_ids(job.id):
        telling.tell_standing(visit_id)
    return job

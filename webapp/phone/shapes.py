"""The day as it goes to the phone: plain data, moments in UTC, money in cents."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from flask import g

from webapp.accounts import queries as accounts
from webapp.dispatch import service as dispatch
from webapp.dispatch.queries import basis, own
from webapp.dispatch.service import positions
from webapp.kit import clean, clock, context, crypto, files
from webapp.models import PhoneConflict, TimeEntry
from webapp.phone import queries
from webapp.phone.queries import Stop
from webapp.timesheets import queries as timesheets
from webapp.timesheets.queries import entries

PROOF = "phone-job"  # proves that a technician was sent on a job when the phone last heard
PROOF_DAYS = 8


def day() -> dict[str, Any]:
    """Everything that the phone of the present technician keeps, but the price book."""
    me, zone, how = own.me(), basis.zone(), basis.present()
    found = queries.stops(me, zone, how.drive_mph)
    today = clock.today(zone)
    conflicts = queries.undecided_elsewhere(me, [s.job.id for s in found])
    return {
        "today": today,
        "zone": zone,
        "jobs": [{**job(s, me), "day": queries.day_of(s.visit.scheduled_start, zone, today)} for s in found],
        "blocks": [
            {"id": b.id, "kind": b.kind, "title": b.title or basis.BLOCKS[b.kind], "starts_at": b.starts_at,
             "ends_at": b.ends_at}
            for b in queries.blocks(me, zone)
        ],
        "clock": time(me),
        "consent": consent(me),
        "conflicts": [{**conflict(row.PhoneConflict), "title": row.title} for row in conflicts],
        "require_signature": how.require_signature,
    }  # fmt: skip


def job(stop: Stop, me: int) -> dict[str, Any]:
    """One stop with everything on it."""
    j, v = stop.job, stop.visit
    return {
        "id": j.id, "visit_id": v.id, "version": j.version, "title": j.title, "description": j.description,
        "type": basis.TYPES[j.job_type], "priority": j.priority, "status": v.status, "held": j.hold_reason if j.held_at else None,
        "reason": v.reason, "starts_at": v.scheduled_start, "ends_at": v.scheduled_end, "window_start": j.window_start,
        "window_end": j.window_end, "expected_minutes": j.expected_minutes, "drive_minutes": stop.drive_minutes,
        "customer": j.customer_name, "customer_id": j.customer_id, "phone": j.customer_phone,
        "phone_words": clean.phone_words(j.customer_phone), "email": j.customer_email, "address": basis.address(j),
        "map_url": map_url(j), "customer_notes": stop.customer_notes, "access_notes": stop.access_notes,
        "property": stop.property_label, "outcome": j.outcome, "price_cents": j.price_cents, "tags": j.tags,
        "crew": [s.name for s in stop.crew if s.technician_id != me],
        "steps_at": {s: getattr(v, f"{s}_at") for s in ("acknowledged", "en_route", "on_site", "in_progress", "completed")},
        "pass": crypto.sign(PROOF, [j.id, me]),
        "notes": [{"id": n.id, "body": n.body, "author": n.author, "at": n.written_at, "public": n.public, "pinned": n.pinned}
                  for n in stop.notes],
        "steps": [{"id": s.id, "list": s.checklist, "body": s.body, "required": s.required, "done": s.done_at is not None,
                   "note": s.note, "by": s.done_by} for s in stop.steps],
        "materials": [{"id": m.id, "item_id": m.item_id, "description": m.description, "quantity_milli": m.quantity_milli,
                       "unit_price_cents": m.unit_price_cents, "mine": m.technician_id == me} for m in stop.materials],
        "files": [{"id": f.id, "kind": f.kind, "stage": f.stage, "caption": f.caption or (k.name if f.kind == "document" else ""),
                   "signer": f.signer, "at": f.taken_at, "by": f.added_by, "mine": k.created_by == context.principal().id,
                   "url": files.link(k, inline=True)} for f, k in stop.files],
        "equipment": [unit(stop, u) for u in stop.units],
        "history": [{"id": h.id, "title": h.title, "outcome": h.outcome, "at": h.completed_at, "technician": h.technician,
                     "here": h.property_id == j.property_id} for h in stop.history],
        "sales": [{"id": s.id, "item": s.item, "price_cents": s.sale_price_cents, "status": s.status} for s in stop.sales],
        "conflicts": [conflict(c) for c in stop.conflicts],
    }  # fmt: skip


def unit(stop: Stop, found: Any) -> dict[str, Any]:
    """A unit at the property, with what it showed last."""
    return {
        "id": found.id, "kind": found.kind, "make": found.make, "model": found.model, "serial": found.serial,
        "location": found.location, "installed_on": found.installed_on, "warranty_until": found.warranty_until,
        "notes": found.notes, "concerned": found.id in stop.concerned,
        "readings": [{"name": r.name, "value": r.value, "unit": r.unit, "at": r.taken_at} for r in stop.readings.get(found.id, ())],
    }  # fmt: skip


def conflict(found: PhoneConflict) -> dict[str, Any]:
    """Both versions of what the phone and the office changed, in basis."""
    return {
        "id": found.id, "job_id": found.job_id, "subject": found.subject, "at": found.happened_at,
        **dispatch.conflict_words(found),
    }  # fmt: skip


def time(me: int) -> dict[str, Any]:
    """Whether the technician is clocked in, since when, and on what break."""
    entry = entries.running(me)
    if entry is None:
        return {"in": False, "since": None, "break": None, "break_since": None, "missing": False}
    pause = next((b for b in entries.breaks_of([entry.id])[entry.id] if b.ended_at is None), None)
    return {
        "in": True, "since": entry.clock_in, "break": pause.kind if pause else None,
        "break_since": pause.started_at if pause else None,
        "break_minutes": entry.break_minutes, "missing": _missing(entry),
    }  # fmt: skip


def _missing(entry: TimeEntry) -> bool:
    return clock.now() - entry.clock_in >= timesheets.missing_after()


def consent(me: int) -> dict[str, Any]:
    """What the technician said to positions: `agreed`, and whether they were ever asked."""
    profile = positions.consent(me)
    return {
        "agreed": positions.has_consent(me),
        "asked": profile is not None and profile.consent_at is not None,
    }


def map_url(found: Any) -> str:
    """An address that the phone's own maps open, for driving there."""
    where = basis.address(found)
    if not where and found.latitude is not None:
        where = f"{found.latitude},{found.longitude}"
    return "https://www.google.com/maps/dir/?" + urlencode({"api": 1, "destination": where}) if where else ""


def prices() -> list[dict[str, Any]]:
    """The price book."""
    return [{"id": r.id, "name": r.name, "code": r.code, "category": r.category, "price_cents": r.list_price_cents}
            for r in queries.prices()]  # fmt: skip


def session(navigation: Iterable[dict[str, Any]], csrf: str) -> dict[str, Any]:
    """Who sits at this phone, what they may open, and what the time is here."""
    who, company = context.principal(), g.organization
    items = [i for section in navigation for i in section["items"]]
    return {
        "person": person(), "name": who.name, "technician": who.technician_id is not None,
        "csrf": csrf, "now": clock.iso_ms(clock.now()), "zone": company.time_zone, "company": company.display_name,
        "code": company.business_code, "color": company.primary_color, "phone": accounts.organization().phone,
        "tabs": [{"label": i["label"], "url": i["url"], "icon": i["icon"]} for i in items],
    }  # fmt: skip


def person() -> str:
    """Whose a phone's queue is: the same for the same person, whatever session they have."""
    who = context.principal()
    return f"{str(who.tenant_id)[:8]}-{who.id}"

"""Commands on service zones."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert

from webapp.fleet.permissions import ZONES_EDIT
from webapp.fleet.queries import zones as queries
from webapp.fleet.rules import zones as rules
from webapp.kit import (
    clock,
    context,
    db,
    errors,
    events,
    ids,
    journal,
    locks,
    permissions,
    search,
    timeline,
    words,
)
from webapp.models import ServiceZone, Technician, TechnicianZone, ZoneZip
from webapp.technicians import queries as technicians

_EXAMPLE = {"id": 3, "name": "North Tampa", "kind": "zip", "zip_count": 14, "position": 1, "technician_ids": [1, 4],
            "archived": False}  # fmt: skip
CREATED = events.declare("service-zone.created", "A service zone was added", _EXAMPLE)
UPDATED = events.declare(
    "service-zone.updated", "A service zone, its order or who serves it was changed", _EXAMPLE
)
ARCHIVED = events.declare(
    "service-zone.archived", "A service zone is no longer served", {**_EXAMPLE, "archived": True}
)
UNARCHIVED = events.declare("service-zone.unarchived", "A service zone is served again", _EXAMPLE)
BATCHED = (ARCHIVED.name, UNARCHIVED.name)
_ORDER = "service-zones"


def create(values: Mapping[str, Any], *, keep_unknown: bool = False) -> ServiceZone:
    """Add a zone at the end of the order.

    `values`: `name`, and `zips` (a text or a list) or a `polygon` (`[[longitude, latitude], …]`); besides `color`, `notes`
    and `technician_ids`. ZIP codes that nobody knows are refused by name unless `keep_unknown`. Raises Invalid, Conflict
    for a name that is taken, NotFound for an unknown technician.
    """
    permissions.demand(ZONES_EDIT)
    found = rules.cleaned({"name": "", **values})
    zips: rules.ZipList = found.pop("zips")
    _refuse_unknown(zips.unknown, keep_unknown)
    _check_name(found["name"], None)
    serving = _technicians(values.get("technician_ids") or ())
    locks.hold(_ORDER)
    found.setdefault("color", next_color())
    zone = db.add(ServiceZone(**found, position=queries.last_position() + 1))
    _set_zips(zone.id, set(zips.all), set())
    _set_technicians(zone.id, set(serving), set())
    _index(zone)
    journal.audit("service-zone.created", zone, area=area_words(zone, len(zips.all)), zips=list(zips.all),
                  technicians=list(serving.values()))  # fmt: skip
    events.emit(CREATED, zone.id, payload(zone))
    return zone


def update(
    zone_id: int, changes: Mapping[str, Any], *, keep_unknown: bool = False, **facts: Any
) -> ServiceZone:
    """Change some fields of a zone; what is not named stays. `archived` ends it or takes it back. Raises as :func:`create`.

    `facts` are kept with the audit entry: the batch of a bulk action.
    """
    permissions.demand(ZONES_EDIT)
    zone = db.get(ServiceZone, zone_id, what="service zone", lock=True)
    before = journal.snapshot(zone)
    found = rules.cleaned(changes, before)
    said = [*_change_zips(zone, found.pop("zips", None), keep_unknown)]
    if changes.get("technician_ids") is not None:
        said += _change_technicians(zone, changes["technician_ids"])
    found = {k: v for k, v in found.items() if before[k] != v}
    if not found and not said:
        return zone
    if "name" in found or found.get("archived") is False:
        _check_name(found.get("name", zone.name), zone.id)
    if found.get("archived") is False:
        locks.hold(_ORDER)
        found["position"] = queries.last_position() + 1
    for name, value in found.items():
        setattr(zone, name, value)
    zone.updated_at = clock.now()  # also where only its ZIP codes or technicians changed
    db.db.session.flush()
    _index(zone)
    action, kind = UPDATED.name, UPDATED
    if "archived" in found:
        kind = ARCHIVED if zone.archived else UNARCHIVED
        action = kind.name
    if said:
        facts["changes"] = " ".join(said)
    journal.audit(action, zone, before=before, **facts)
    events.emit(kind, zone.id, {**payload(zone), "changed": sorted(found)})
    return zone


def place(zone_id: int, rank: int) -> ServiceZone:
    """Move a zone to a rank of the order, 1 first; beyond the last it becomes the last. Raises Conflict for an archived one."""
    permissions.demand(ZONES_EDIT)
    locks.hold(_ORDER)
    zone = db.get(ServiceZone, zone_id, what="service zone", lock=True)
    if zone.archived:
        raise errors.Conflict(f"{zone.name} is archived, so it has no place in the order.")
    order = queries.in_order()
    old = order.index(zone)
    order.remove(zone)
    order.insert(min(max(rank, 1) - 1, len(order)), zone)
    new = order.index(zone)
    before = {z.id: z.position for z in order}
    for number, other in enumerate(order, 1):
        if other.position != number:
            other.position = number
    db.db.session.flush()
    if new != old:
        journal.audit("service-zone.moved", zone, diff={"position": {"from": before[zone.id], "to": zone.position}},
                      direction="up" if new < old else "down", rank=new + 1)  # fmt: skip
        events.emit(UPDATED, zone.id, {**payload(zone), "changed": ["position"]})
    return zone


def move(zone_id: int, direction: str) -> ServiceZone:
    """Move a zone one place `up` or `down` in the order; at its end it stays."""
    zone = db.get(ServiceZone, zone_id, what="service zone")
    order = [z.id for z in queries.in_order()]
    rank = order.index(zone.id) + 1 if zone.id in order else 1
    return place(zone_id, rank - 1 if direction == "up" else rank + 1)


def archive_all(zone_ids: Sequence[int], *, archived: bool) -> tuple[str, int]:
    """Archive several zones, or take them back: the batch, for :func:`undo`, and how many changed."""
    batch, changed = ids.prefixed("batch"), 0
    for zone_id in zone_ids:
        before = db.get(ServiceZone, zone_id, what="service zone").archived
        changed += update(zone_id, {"archived": archived}, batch=batch).archived != before
    return batch, changed


def undo(batch: str) -> int:
    """Take a bulk action of the last day back, where nobody changed the same since. How many zones."""
    permissions.demand(ZONES_EDIT)
    undone = 0
    for row in timeline.batch(batch, BATCHED):
        zone = db.find(ServiceZone, row.record_id)
        change = row.diff.get("archived") or {}
        if zone and change and zone.archived == change["to"]:
            update(zone.id, {"archived": change["from"]})
            undone += 1
    return undone


def payload(zone: ServiceZone) -> dict[str, Any]:
    """What events tell of a zone: not its whole area, which an address of the API gives."""
    return {
        "id": zone.id,
        "name": zone.name,
        "kind": zone.kind,
        "zip_count": len(queries.zips_of([zone.id]).get(zone.id, ())),
        "position": zone.position,
        "technician_ids": queries.technicians_of([zone.id]).get(zone.id, []),
        "archived": zone.archived,
    }


def area_words(zone: ServiceZone, zip_count: int) -> str:
    """`14 ZIP codes`, `an area with 5 corners`."""
    if zone.kind == "polygon":
        return f"an area with {len(zone.polygon or ())} corners"
    return words.plural(zip_count, "ZIP code")


def next_color() -> str:
    """A colour for one more zone."""
    return rules.COLORS[queries.tallies()["all"] % len(rules.COLORS)]


def _refuse_unknown(unknown: Sequence[str], keep: bool) -> None:
    if unknown and not keep:
        sentence = rules.unknown_words(unknown)
        raise errors.Invalid.one("zips", f"{sentence} Correct the list, or choose to keep them.")


def _check_name(name: str, zone_id: int | None) -> None:
    if queries.named(name, zone_id) is not None:
        sentence = f"There is a zone {name} already."
        raise errors.Conflict(sentence, details={"fields": {"name": sentence}})


def _change_zips(zone: ServiceZone, wanted: rules.ZipList | None, keep_unknown: bool) -> list[str]:
    if wanted is None:
        return []
    present = set(queries.zips_of([zone.id]).get(zone.id, ()))
    _refuse_unknown([z for z in wanted.unknown if z not in present], keep_unknown)
    added, gone = set(wanted.all) - present, present - set(wanted.all)
    _set_zips(zone.id, added, gone)
    said = [("Added", sorted(added)), ("Removed", sorted(gone))]
    return [f"{deed} {rules.zip_words(zips, 12)}." for deed, zips in said if zips]


def _set_zips(zone_id: int, added: set[str], gone: set[str]) -> None:
    tenant = context.tenant_id()
    if gone:
        db.db.session.execute(
            delete(ZoneZip)
            .where(ZoneZip.tenant_id == tenant, ZoneZip.zone_id == zone_id, ZoneZip.zip.in_(gone))
            .execution_options(synchronize_session=False)
        )
    if added:
        rows = [{"tenant_id": tenant, "zip": z, "zone_id": zone_id} for z in sorted(added)]
        db.db.session.execute(insert(ZoneZip), rows)


def _technicians(technician_ids: Sequence[int]) -> dict[int, str]:
    """Names by id. Raises NotFound for one who does not exist here."""
    wanted = set(technician_ids)
    names = technicians.names(wanted)
    for missing in sorted(wanted - set(names)):
        db.get(Technician, missing)
    return names


def _change_technicians(zone: ServiceZone, technician_ids: Sequence[int]) -> list[str]:
    names = _technicians(technician_ids)
    present = set(queries.technicians_of([zone.id]).get(zone.id, ()))
    added, gone = set(names) - present, present - set(names)
    names |= technicians.names(gone)
    _set_technicians(zone.id, added, gone)
    said = [("Now served by", added), ("No longer served by", gone)]
    return [f"{deed} {', '.join(sorted(names[i] for i in who))}." for deed, who in said if who]


def _set_technicians(zone_id: int, added: set[int], gone: set[int]) -> None:
    tenant = context.tenant_id()
    if gone:
        db.db.session.execute(
            delete(TechnicianZone)
            .where(
                TechnicianZone.tenant_id == tenant,
                TechnicianZone.zone_id == zone_id,
                TechnicianZone.technician_id.in_(gone),
            )
            .execution_options(synchronize_session=False)
        )
    if added:
        rows = [{"tenant_id": tenant, "technician_id": i, "zone_id": zone_id} for i in sorted(added)]
        db.db.session.execute(insert(TechnicianZone), rows)


def _index(zone: ServiceZone) -> None:
    search.index("service_zone", zone.id, zone.name, zone.notes)

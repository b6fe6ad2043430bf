"""The field API of service zones."""

from typing import Any

from webapp.fleet.permissions import ZONES_EDIT, ZONES_READ
from webapp.fleet.queries import zones as queries
from webapp.fleet.schemas import Removed, shape
from webapp.fleet.schemas import zones as schemas
from webapp.fleet.service import zones as service
from webapp.kit import db, errors, geo, paging
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD
from webapp.models import ServiceZone

api = Api("service_zones_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Service zones")
ONE = "/admin/service-zones/<int:zone_id>"


@api.get(
    "/admin/service-zones",
    permission=ZONES_READ,
    query=schemas.ZoneQuery,
    returns=schemas.ZoneOut,
    paged=True,
)
def list_zones(query: schemas.ZoneQuery) -> Any:
    """List service zones, in the order they were added."""
    kinds = (query.kind,) if query.kind else ()
    filters = queries.Filters(query.q, kinds, query.technician_id, query.archived)
    page = paging.numbered(
        queries.numbered(filters, query.updated_since), query, lambda zone: zone, scalars=True
    )
    return paging.Page(_shapes(list(page.items)), page.total, page.page, page.limit)


def _shapes(zones: list[ServiceZone]) -> list[dict[str, Any]]:
    ids = [zone.id for zone in zones]
    zips, technicians = queries.zips_of(ids), queries.technicians_of(ids)
    return [
        shape(zone, schemas.ZoneOut, zips=zips.get(zone.id, []), technician_ids=technicians.get(zone.id, []),
              polygon=zone.polygon if zone.kind == "polygon" else None)
        for zone in zones
    ]  # fmt: skip


@api.post(
    "/admin/service-zones", permission=ZONES_EDIT, body=schemas.ZoneIn, returns=schemas.ZoneOut, status=201
)
def create_zone(body: schemas.ZoneIn) -> dict[str, Any]:
    """Add a service zone, last in the order."""
    values = body.model_dump(exclude_unset=True, exclude={"keep_unknown_zips"})
    if values.get("color") is None:
        values.pop("color", None)
    return _shapes([service.create(values, keep_unknown=body.keep_unknown_zips)])[0]


@api.get(
    "/admin/service-zones/resolve",
    permission=ZONES_READ,
    query=schemas.ResolveQuery,
    returns=schemas.Resolved,
)
def resolve_zone(query: schemas.ResolveQuery) -> dict[str, Any]:
    """Which zone serves a place: `?zip=33606`, or a point `?lat=27.95&lon=-82.46`.

    The first zone in order that names the ZIP code or holds the point; without a point the ZIP code's middle stands for
    it. A place that nobody serves is in no zone: `null`.
    """
    point: geo.Point | tuple[None, None] = (None, None)
    if (query.lat is None) != (query.lon is None):
        missing = "lat" if query.lat is None else "lon"
        raise errors.Invalid.one(missing, "Give lat and lon together.")
    if query.lat is not None:
        point = geo.position(query.lat, query.lon, ("lat", "lon"))
    elif query.zip.strip() and not geo.is_zip(query.zip.strip()[:5]):
        raise errors.Invalid.one("zip", "zip must be five digits, such as 33606.")
    found = queries.zone_of(query.zip, *point)
    zone = db.get(ServiceZone, found, what="service zone") if found is not None else None
    return {
        "zone": _shapes([zone])[0] if zone else None,
        "technician_ids": queries.who_serves(zone.id) if zone else [],
    }


@api.get(ONE, permission=ZONES_READ, returns=schemas.ZoneOut)
def get_zone(zone_id: int) -> dict[str, Any]:
    """One service zone."""
    return _shapes([db.get(ServiceZone, zone_id, what="service zone")])[0]


@api.patch(ONE, permission=ZONES_EDIT, body=schemas.ZoneChange, returns=schemas.ZoneOut)
def update_zone(zone_id: int, body: schemas.ZoneChange) -> dict[str, Any]:
    """Change a service zone, its place in the order, or who serves it. `archived` ends it, or takes it back."""
    values = body.model_dump(exclude_unset=True, exclude={"keep_unknown_zips", "position"})
    zone = service.update(zone_id, values, keep_unknown=body.keep_unknown_zips)
    if "position" in body.model_fields_set:
        zone = service.place(zone_id, body.position)
    return _shapes([zone])[0]


@api.delete(ONE, permission=ZONES_EDIT, returns=Removed)
def delete_zone(zone_id: int) -> dict[str, Any]:
    """Archive a service zone: jobs that were in it keep it."""
    service.update(zone_id, {"archived": True})
    return {"id": zone_id, "deleted": False, "archived": True}

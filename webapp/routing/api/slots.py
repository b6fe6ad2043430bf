"""The next best slots: `/admin/dispatch/slots`, and those of one job."""

from typing import Any

from webapp.dispatch.permissions import DISPATCH_READ
from webapp.dispatch.rules import values
from webapp.fleet import queries as fleet
from webapp.kit import errors, geo
from webapp.kit.api import Api
from webapp.kit.db import get
from webapp.kit.dialects import FIELD
from webapp.models import Customer, DispatchJob, ServiceZone
from webapp.routing import schemas, service

api = Api("routing_slots_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Dispatch")


@api.get(
    "/admin/dispatch/slots", permission=DISPATCH_READ, query=schemas.SlotQuery, returns=[schemas.OfferOut]
)
def find_slots(query: schemas.SlotQuery) -> list[dict[str, Any]]:
    """The next best slots for work that is not booked yet, best first; an empty list when nobody can."""
    if (query.latitude is None) != (query.longitude is None):
        raise errors.Invalid.one("longitude", "A position needs both latitude and longitude.")
    if query.customer_id is not None:
        get(Customer, query.customer_id)
    if query.zone_id is not None:
        get(ServiceZone, query.zone_id, what="zone")
    place = (query.latitude, query.longitude) if query.latitude is not None else geo.zip_centroid(query.zip)
    latitude, longitude = place or (None, None)
    zone_id = query.zone_id or fleet.zone_of(query.zip, latitude, longitude)
    found = service.offers(
        service.Wanted(
            job_type=query.job_type, priority=query.priority, latitude=latitude, longitude=longitude, zone_id=zone_id,
            expected_minutes=query.expected_minutes or values.LENGTHS[query.job_type], customer_id=query.customer_id,
            skills=tuple(schemas.skill_of(s) for s in query.skills), equipment_ids=tuple(query.equipment_ids),
            earliest=query.earliest, latest=query.latest,
        ),
        limit=query.limit,
    )  # fmt: skip
    return [schemas.shape_offer(o) for o in found]


@api.get("/admin/dispatch/<int:job_id>/slots", permission=DISPATCH_READ, query=schemas.SpanQuery,
         returns=[schemas.OfferOut])  # fmt: skip
def slots_of_job(job_id: int, query: schemas.SpanQuery) -> list[dict[str, Any]]:
    """The next best slots for a job's present visit; its present time counts as free."""
    job = get(DispatchJob, job_id, what="job")
    wanted = service.wanted_by(job, earliest=query.earliest, latest=query.latest)
    return [schemas.shape_offer(o) for o in service.offers(wanted, limit=query.limit)]

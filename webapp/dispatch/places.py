"""Where jobs are: from the property, from coordinates that were given, else from the middle of the ZIP code."""

from webapp.fleet import queries as fleet
from webapp.kit import geo
from webapp.models import DispatchJob


def locate(job: DispatchJob) -> None:
    """Find a job's coordinates and zone, as far as they are known; coordinates that it has stay."""
    if job.latitude is None:
        middle = geo.zip_centroid(job.service_zip or "")
        job.place_source = "zip" if middle else ""
        job.latitude, job.longitude = middle or (None, None)
    job.zone_id = fleet.zone_of(job.service_zip or "", job.latitude, job.longitude)

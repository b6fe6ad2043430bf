"""Where jobs are: from the property, from coordinates that were given, from the geocoder, else from the middle of the ZIP code.

`place_source` says which. A geocoder is asked in the background (:mod:`webapp.dispatch.service.geocoding`): booking never
waits for it, and without one, or while it fails, the middle of the ZIP code stands.
"""

import hashlib
from typing import Any

from flask import current_app

from webapp.customers import rules as addresses
from webapp.dispatch.queries import places as known
from webapp.fleet import queries as fleet
from webapp.kit import geo, jobs
from webapp.models import DispatchJob

GEOCODE = "dispatch.geocode"
ROUGH = ("zip", "")  # sources that a geocoder improves on
PARTS = ("service_address", "service_city", "service_state", "service_zip")


def locate(job: DispatchJob) -> None:
    """Find a job's coordinates and zone, as far as they are known; coordinates that it has stay."""
    if job.latitude is None:
        found = _geocoded(job)
        middle = geo.zip_centroid(job.service_zip or "")
        if found is not None:
            job.latitude, job.longitude, job.place_source = *found, "geocoder"
        else:
            job.place_source = "zip" if middle else ""
            job.latitude, job.longitude = middle or (None, None)
    job.zone_id = fleet.zone_of(job.service_zip or "", job.latitude, job.longitude)


def ask_later(job: DispatchJob) -> None:
    """Have the geocoder asked for a job that is only roughly known, where one is configured."""
    if geocoder_url() and job.place_source in ROUGH and can_be_asked(job):
        jobs.add(GEOCODE, {"job_id": job.id}, dedupe_key=str(job.id))


def geocoder_url() -> str:
    """The geocoder's address; empty when none is configured."""
    found: str = current_app.config["SETTINGS"].geocoder_url
    return found


def can_be_asked(job: DispatchJob) -> bool:
    """Whether a job's address says enough to be found: a street, and a town or ZIP code."""
    return bool(
        (job.service_address or "").strip() and ((job.service_city or "") + (job.service_zip or "")).strip()
    )


def line(job: Any) -> str:
    """The address as a geocoder is asked for it: `9 Elm St, Tampa, FL 33602`; the unit would only confuse it."""
    region = " ".join(x for x in (job.service_state, job.service_zip) if x)
    return ", ".join(x for x in (job.service_address, job.service_city, region) if x)


def address_hash(job: Any) -> bytes:
    """What an address is remembered by: the same for 9 Elm Street and 9 elm st."""
    read = addresses.read_address(
        job.service_address or "", "", job.service_city or "", job.service_state or "", job.service_zip or ""
    )
    said = (read.street, read.city, read.state, read.zip) if read is not None else (line(job).casefold(),)
    return hashlib.sha256("|".join(said).encode()).digest()


def _geocoded(job: DispatchJob) -> tuple[Any, Any] | None:
    """What the geocoder said of the same address before."""
    if not geocoder_url() or not can_be_asked(job):
        return None
    found = known.geocode(address_hash(job))
    return (found.latitude, found.longitude) if found is not None and found.latitude is not None else None

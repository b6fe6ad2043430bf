"""Asking a geocoder where a job is: any server that speaks Nominatim's search API, as `TRUCKROLL_GEOCODER_URL` names it.

Each address is asked for once; the answer is kept, also that nothing is known. The answer is believed only near the middle
of the address's ZIP code: there are many Main Streets.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import current_app
from sqlalchemy.dialects.postgresql import insert

from webapp.dispatch import events as told
from webapp.dispatch import places
from webapp.dispatch.queries import places as known
from webapp.fleet import queries as fleet
from webapp.kit import clock, context, errors, events, geo, jobs, journal, outbound
from webapp.kit.db import db, find
from webapp.models import DispatchJob, Geocode

FAR = 60_000  # metres from the middle of the ZIP code beyond which an answer means another place
AGAIN = timedelta(days=30)  # after which an address that was not known is asked for again
SECONDS = 10.0


class NotNow(Exception):  # says what happened
    """The geocoder did not answer; the job of the clock tries again later."""


def locate(job_id: int) -> bool:
    """Find where a job is with the geocoder's help; whether that changed anything.

    Raises NotNow when it does not answer, jobs.GiveUp when trying again cannot help.
    """
    job = find(DispatchJob, job_id)
    if job is None or job.place_source not in places.ROUGH or not places.can_be_asked(job):
        return False
    asked = places.address_hash(job)
    answer = known.geocode(asked)
    if answer is None or (answer.latitude is None and answer.found_at < clock.now() - AGAIN):
        if not places.geocoder_url():
            return False
        at = _believed(_ask(places.line(job)), job)
        _remember(asked, at)
    else:
        at = _of(answer)
    return at is not None and _put(job_id, asked, at)


def _of(answer: Geocode) -> geo.Point | None:
    if answer.latitude is None or answer.longitude is None:
        return None
    return float(answer.latitude), float(answer.longitude)


def _ask(address: str) -> geo.Point | None:
    """One question to the geocoder; None when it knows no such place."""
    settings = current_app.config["SETTINGS"]
    url = settings.geocoder_url
    query = urlencode({"q": address, "format": "jsonv2", "limit": 1})
    try:
        answer = outbound.fetch(
            "GET", f"{url}{'&' if '?' in url else '?'}{query}",
            {"User-Agent": f"Truckroll ({settings.base_url})", "Accept": "application/json"}, timeout=SECONDS,
        )  # fmt: skip
    except outbound.Refused as problem:
        raise jobs.GiveUp(f"The geocoder cannot be asked: {problem.message}") from None
    except outbound.Failed as problem:
        raise NotNow(f"The geocoder did not answer: {problem}") from None
    if answer.status == 429 or answer.status >= 500:
        raise NotNow(f"The geocoder answered {answer.status}.")
    if answer.status != 200:
        raise jobs.GiveUp(f"The geocoder answered {answer.status}.")
    return _read(answer.body)


def _read(body: bytes) -> geo.Point | None:
    try:
        found = json.loads(body)
        if found == []:
            return None
        return geo.position(found[0]["lat"], found[0]["lon"])
    except (ValueError, KeyError, TypeError, IndexError, errors.Invalid):
        raise jobs.GiveUp("The geocoder's answer cannot be read.") from None


def _believed(at: geo.Point | None, job: DispatchJob) -> geo.Point | None:
    """An answer, unless it is nowhere near the address's ZIP code."""
    middle = geo.zip_centroid(job.service_zip or "")
    return None if at is not None and middle is not None and geo.haversine_metres(at, middle) > FAR else at


def _remember(asked: bytes, at: geo.Point | None) -> None:
    said: dict[str, Any] = {
        "latitude": at[0] if at else None,
        "longitude": at[1] if at else None,
        "source": "geocoder",
        "found_at": clock.now(),
    }
    db.session.execute(
        insert(Geocode)
        .values(tenant_id=context.tenant_id(), address_hash=asked, **said)
        .on_conflict_do_update(index_elements=["tenant_id", "address_hash"], set_=said)
    )


def _put(job_id: int, asked: bytes, at: geo.Point) -> bool:
    """Write it on the job, unless somebody gave it another address or place meanwhile."""
    job = find(DispatchJob, job_id, lock=True)
    if job is None or job.place_source not in places.ROUGH or places.address_hash(job) != asked:
        return False
    before = journal.snapshot(job)
    job.latitude, job.longitude, job.place_source = at[0], at[1], "geocoder"
    job.zone_id = fleet.zone_of(job.service_zip or "", job.latitude, job.longitude)
    db.session.flush()
    journal.audit("dispatch.located", job, before=before, source="by its address")
    events.emit(told.UPDATED, job.id, told.payload(job, changed=["latitude", "longitude"]))
    return True

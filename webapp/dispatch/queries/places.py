"""What the geocoder said before."""

from sqlalchemy import select

from webapp.kit import context
from webapp.kit.db import db
from webapp.models import Geocode


def geocode(address_hash: bytes) -> Geocode | None:
    """The remembered answer for an address; one without coordinates says that the geocoder does not know it."""
    return db.session.scalar(
        select(Geocode).where(Geocode.tenant_id == context.tenant_id(), Geocode.address_hash == address_hash)
    )

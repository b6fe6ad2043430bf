"""Shapes of the zone API."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from webapp.fleet.rules.zones import MOST_ZIPS
from webapp.fleet.schemas import STRICT, Id, Name
from webapp.kit import geo
from webapp.kit.paging import PageQuery

Kind = Literal["zip", "polygon"]
Zip = Annotated[str, Field(min_length=1, max_length=20)]
Zips = Annotated[list[Zip], Field(max_length=MOST_ZIPS)]
Corner = Annotated[list[float], Field(min_length=2, max_length=2)]
Polygon = Annotated[list[Corner], Field(max_length=geo.MOST_POINTS + 1)]
TechnicianIds = Annotated[list[Id], Field(max_length=2_000)]


class ZoneIn(BaseModel):
    """A new zone: a list of ZIP codes, or an area."""

    model_config = STRICT
    name: Name
    zips: Zips | None = Field(
        None,
        description="ZIP codes; also ranges `33601-33610` and beginnings `336*`. Either these or `polygon`",
    )
    polygon: Polygon | None = Field(
        None,
        description="Corners `[longitude, latitude]` in GeoJSON's order, three or more, without crossings",
    )
    keep_unknown_zips: bool = Field(
        False, description="Keep ZIP codes that nobody knows instead of refusing them"
    )
    color: str | None = Field(None, max_length=7, description="Such as #2563eb; chosen when left out")
    notes: str = Field("", max_length=4_000)
    technician_ids: TechnicianIds = Field([], description="Who serves it; whoever serves none serves all")


class ZoneChange(BaseModel):
    """What is sent changes, what is left out stays. `zips` and `technician_ids` replace the whole list."""

    model_config = STRICT
    name: Name = ""
    zips: Zips | None = None
    polygon: Polygon | None = None
    keep_unknown_zips: bool = False
    color: str = Field("", max_length=7)
    notes: str = Field("", max_length=4_000)
    technician_ids: TechnicianIds = []
    position: int = Field(1, ge=1, le=10_000, description="Its place in the order, 1 first")
    archived: bool = False


class ZoneOut(BaseModel):
    """A zone. Where zones overlap, the lowest `position` wins. `polygon` is null where it is a list of ZIP codes."""

    id: int
    name: str
    kind: Kind
    zips: list[str]
    polygon: list[list[float]] | None
    color: str
    notes: str
    position: int
    technician_ids: list[int]
    archived: bool
    created_at: datetime
    updated_at: datetime


class ZoneQuery(PageQuery):
    """Which zones to list."""

    archived: bool | None = None
    kind: Kind | None = None
    technician_id: Id | None = None
    q: str = Field(
        "", max_length=200, description="Beginnings of words of the name or notes, or of a ZIP code"
    )


class ResolveQuery(BaseModel):
    """A place: a ZIP code, a point in degrees, or both."""

    model_config = STRICT
    zip: str = Field("", max_length=20)
    lat: float | None = Field(None, description="Latitude, -90 to 90")
    lon: float | None = Field(None, description="Longitude, -180 to 180")


class Resolved(BaseModel):
    """The zone that a place is in, and who serves it; null and empty where nobody does."""

    zone: ZoneOut | None
    technician_ids: list[int] = Field(description="Active technicians who serve this zone, or all zones")

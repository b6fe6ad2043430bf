"""Reading service zones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from webapp.accounts import queries as accounts
from webapp.fleet import rules
from webapp.fleet.rules.zones import Area, Overlap, Place, first_zone, overlaps
from webapp.kit import context, csv, listing, search, timeline
from webapp.kit.db import db
from webapp.kit.db import rows as read_rows
from webapp.models import ServiceZone, Technician, TechnicianZone, ZoneZip
from webapp.technicians import queries as technicians

__all__ = ["Overlap", "Place", "zone_of", "zones_at", "zones_of"]


# What other domains ask ---------------------------------------------------------------------------------------------


def zone_of(zip: str, latitude: Any = None, longitude: Any = None) -> int | None:  # noqa: A002  # as addresses call it
    """The zone that a place belongs to: the first in order that names its ZIP code or holds its point. One query.

    Without coordinates (degrees) the ZIP code's middle stands for the place. None where nobody serves it.
    """
    return zones_at([Place(zip or "", latitude, longitude)])[0]


def zones_at(places: Sequence[Place]) -> list[int | None]:
    """As :func:`zone_of` for many places at once, in one query."""
    wanted = {place.five for place in places} - {""}
    areas = _areas(wanted)
    return [first_zone(areas, place) for place in places]


def _areas(zips: set[str]) -> list[Area]:
    """Zones in force, in order, with the lists cut to these ZIP codes."""
    tenant = context.tenant_id()
    statement = (
        select(ServiceZone.id, ServiceZone.polygon, func.array_agg(ZoneZip.zip).label("zips"))
        .outerjoin(
            ZoneZip,
            and_(
                ZoneZip.tenant_id == tenant,
                ZoneZip.zone_id == ServiceZone.id,
                ZoneZip.zip.in_(sorted(zips)),
            ),
        )
        .where(
            ServiceZone.tenant_id == tenant,
            ServiceZone.archived.is_(False),
            or_(ServiceZone.kind == "polygon", ZoneZip.zip.is_not(None)),
        )
        .group_by(ServiceZone.tenant_id, ServiceZone.id)
        .order_by(ServiceZone.position, ServiceZone.id)
    )
    return [Area(row.id, frozenset(z for z in row.zips if z), row.polygon) for row in read_rows(statement)]


def zones_of(technician_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """The zones that technicians serve, by technician. Who serves none in particular (and so all) is left out."""
    wanted = list(technician_ids)
    if not wanted:
        return {}
    tenant = context.tenant_id()
    statement = (
        select(TechnicianZone.technician_id, func.array_agg(TechnicianZone.zone_id).label("zones"))
        .join(
            ServiceZone,
            and_(ServiceZone.tenant_id == tenant, ServiceZone.id == TechnicianZone.zone_id),
        )
        .where(
            TechnicianZone.tenant_id == tenant,
            TechnicianZone.technician_id.in_(wanted),
            ServiceZone.archived.is_(False),
        )
        .group_by(TechnicianZone.technician_id)
    )
    return {row.technician_id: frozenset(row.zones) for row in read_rows(statement)}


def zone_names(*, with_id: int | None = None) -> list[tuple[int, str]]:
    """Zones in force as choices, in order; an archived one only when it is `with_id`."""
    statement = select(ServiceZone.id, ServiceZone.name).where(
        ServiceZone.tenant_id == context.tenant_id(),
        or_(ServiceZone.archived.is_(False), ServiceZone.id == (with_id or 0)),
    )
    found = read_rows(statement.order_by(ServiceZone.position, ServiceZone.id).limit(2000))
    return [(row.id, row.name) for row in found]


# The list -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of zones is narrowed to."""

    q: str = ""
    kinds: tuple[str, ...] = ()
    technician_id: int | None = None
    archived: bool | None = False  # None: both


SORTS = {
    "position": listing.Sort(ServiceZone.position),
    "name": listing.Sort(ServiceZone.name),
    "kind": listing.Sort(ServiceZone.kind),
    "updated_at": listing.Sort(ServiceZone.updated_at, descending=True),
}


def matching(statement: Any, filters: Filters) -> Any:
    """Narrow a statement over zones. A search for digits also finds zones by their ZIP codes' beginnings."""
    tenant = context.tenant_id()
    statement = statement.where(ServiceZone.tenant_id == tenant)
    if filters.archived is not None:
        statement = statement.where(ServiceZone.archived.is_(filters.archived))
    if filters.kinds:
        statement = statement.where(ServiceZone.kind.in_(filters.kinds))
    if filters.technician_id is not None:
        serving = select(TechnicianZone.zone_id).where(
            TechnicianZone.tenant_id == tenant, TechnicianZone.technician_id == filters.technician_id
        )
        statement = statement.where(ServiceZone.id.in_(serving))
    for word in search.words(filters.q)[:6]:
        found: list[ColumnElement[bool]] = search.conditions("service_zone", word, ServiceZone.id)
        if word.isdigit() and len(word) <= 5:
            held = select(ZoneZip.zone_id).where(
                ZoneZip.tenant_id == tenant,
                ZoneZip.zip >= word.ljust(5, "0"),
                ZoneZip.zip <= word.ljust(5, "9"),
            )
            found.append(ServiceZone.id.in_(held))
        statement = statement.where(or_(*found))
    return statement


def _zip_count() -> Any:
    return (
        select(func.count())
        .where(ZoneZip.tenant_id == ServiceZone.tenant_id, ZoneZip.zone_id == ServiceZone.id)
        .correlate(ServiceZone)
        .scalar_subquery()
    )


def _served_by() -> Any:
    """Names of who serves a zone, as one text."""
    return (
        select(func.string_agg(Technician.name, aggregate_order_by(literal(", "), Technician.name)))
        .join(
            TechnicianZone,
            and_(
                TechnicianZone.tenant_id == Technician.tenant_id,
                TechnicianZone.technician_id == Technician.id,
            ),
        )
        .where(
            Technician.tenant_id == ServiceZone.tenant_id,
            TechnicianZone.zone_id == ServiceZone.id,
            technicians.in_state("active", technicians.today()),
        )
        .correlate(ServiceZone)
        .scalar_subquery()
    )


def rows(filters: Filters) -> Any:
    """The rows of the list page."""
    statement = select(
        ServiceZone.id,
        ServiceZone.name,
        ServiceZone.kind,
        ServiceZone.color,
        ServiceZone.notes,
        ServiceZone.position,
        ServiceZone.archived,
        ServiceZone.updated_at,
        _zip_count().label("zip_count"),
        case((ServiceZone.kind == "polygon", func.jsonb_array_length(ServiceZone.polygon))).label("corners"),
        _served_by().label("technicians"),
    )  # fmt: skip
    return matching(statement, filters)


def ids(filters: Filters, limit: int) -> list[int]:
    """Ids of all zones that match, for “all that match” of a bulk action."""
    return list(
        db.session.scalars(matching(select(ServiceZone.id), filters).order_by(ServiceZone.id).limit(limit))
    )


def csv_columns() -> dict[str, list[ColumnElement[Any]]]:
    """The list's columns as a file has them."""
    zone = accounts.organization().time_zone
    zips = (
        select(func.string_agg(ZoneZip.zip, aggregate_order_by(literal(" "), ZoneZip.zip)))
        .where(ZoneZip.tenant_id == ServiceZone.tenant_id, ZoneZip.zone_id == ServiceZone.id)
        .correlate(ServiceZone)
        .scalar_subquery()
    )
    kind = case(*((ServiceZone.kind == k, v) for k, v in rules.zones.KINDS.items()))
    return {
        "name": [csv.safe(ServiceZone.name).label("Zone")],
        "area": [kind.label("Kind"), zips.label("ZIP codes")],
        "technicians": [csv.safe(_served_by()).label("Technicians")],
        "notes": [csv.safe(ServiceZone.notes).label("Notes")],
        "archived": [case((ServiceZone.archived, "Yes"), else_="No").label("Archived")],
        "updated_at": [csv.moment(ServiceZone.updated_at, zone).label("Changed")],
    }


def tallies() -> dict[str, int]:
    """How many zones are in force, archived, and in all."""
    row = db.session.execute(
        select(
            func.count().filter(ServiceZone.archived.is_(False)).label("current"),
            func.count().filter(ServiceZone.archived).label("archived"),
            func.count().label("all"),
        ).where(ServiceZone.tenant_id == context.tenant_id())
    ).one()
    return dict(row._mapping)


def numbered(filters: Filters, updated_since: Any = None) -> Any:
    """Zones in the order they were added, for the API."""
    statement = matching(select(ServiceZone), filters)
    if updated_since is not None:
        statement = statement.where(ServiceZone.updated_at >= updated_since)
    return statement.order_by(ServiceZone.id)


# One zone, and all on a map -----------------------------------------------------------------------------------------


def zips_of(zone_ids: Iterable[int]) -> dict[int, list[str]]:
    """ZIP codes of zones, in order, by zone."""
    statement = select(ZoneZip.zone_id, ZoneZip.zip).where(
        ZoneZip.tenant_id == context.tenant_id(), ZoneZip.zone_id.in_(list(zone_ids))
    )
    found: dict[int, list[str]] = defaultdict(list)
    for row in read_rows(statement.order_by(ZoneZip.zone_id, ZoneZip.zip)):
        found[row.zone_id].append(row.zip)
    return found


def technicians_of(zone_ids: Iterable[int]) -> dict[int, list[int]]:
    """Who serves zones, by zone."""
    statement = select(TechnicianZone.zone_id, TechnicianZone.technician_id).where(
        TechnicianZone.tenant_id == context.tenant_id(), TechnicianZone.zone_id.in_(list(zone_ids))
    )
    found: dict[int, list[int]] = defaultdict(list)
    for row in read_rows(statement.order_by(TechnicianZone.zone_id, TechnicianZone.technician_id)):
        found[row.zone_id].append(row.technician_id)
    return found


def serving(zone_id: int) -> Sequence[Row[Any]]:
    """Names of who serves a zone and still works here."""
    tenant = context.tenant_id()
    statement = (
        select(Technician.id, Technician.name, Technician.color)
        .join(
            TechnicianZone,
            and_(TechnicianZone.tenant_id == tenant, TechnicianZone.technician_id == Technician.id),
        )
        .where(
            Technician.tenant_id == tenant,
            TechnicianZone.zone_id == zone_id,
            technicians.in_state("active", technicians.today()),
        )
    )
    return read_rows(statement.order_by(Technician.name, Technician.id))


def who_serves(zone_id: int) -> list[int]:
    """Active technicians who serve a zone: those who are named for it, and those who are named for none."""
    tenant = context.tenant_id()
    named = (
        select(TechnicianZone.technician_id)
        .join(ServiceZone, and_(ServiceZone.tenant_id == tenant, ServiceZone.id == TechnicianZone.zone_id))
        .where(TechnicianZone.tenant_id == tenant, ServiceZone.archived.is_(False))
    )
    statement = select(Technician.id).where(
        Technician.tenant_id == tenant,
        technicians.in_state("active", technicians.today()),
        or_(Technician.id.in_(named.where(TechnicianZone.zone_id == zone_id)), Technician.id.not_in(named)),
    )
    return list(db.session.scalars(statement.order_by(Technician.id)))


def of_technician(technician_id: int) -> Sequence[Row[Any]]:
    """The zones that one technician serves."""
    tenant = context.tenant_id()
    statement = (
        select(ServiceZone.id, ServiceZone.name, ServiceZone.color)
        .join(
            TechnicianZone,
            and_(TechnicianZone.tenant_id == tenant, TechnicianZone.zone_id == ServiceZone.id),
        )
        .where(
            ServiceZone.tenant_id == tenant,
            TechnicianZone.technician_id == technician_id,
            ServiceZone.archived.is_(False),
        )
    )
    return read_rows(statement.order_by(ServiceZone.position, ServiceZone.id))


def serving_only(zone_ids: Sequence[int]) -> int:
    """How many active technicians serve these zones and no other: without them they would serve everywhere."""
    tenant = context.tenant_id()
    others = (
        select(TechnicianZone.technician_id)
        .join(ServiceZone, and_(ServiceZone.tenant_id == tenant, ServiceZone.id == TechnicianZone.zone_id))
        .where(
            TechnicianZone.tenant_id == tenant,
            TechnicianZone.zone_id.not_in(zone_ids),
            ServiceZone.archived.is_(False),
        )
    )
    statement = (
        select(func.count(Technician.id.distinct()))
        .join(
            TechnicianZone,
            and_(TechnicianZone.tenant_id == tenant, TechnicianZone.technician_id == Technician.id),
        )
        .where(
            Technician.tenant_id == tenant,
            TechnicianZone.zone_id.in_(zone_ids),
            Technician.id.not_in(others),
            technicians.in_state("active", technicians.today()),
        )
    )
    return int(db.session.scalar(statement) or 0)


def whole(*, besides: int | None = None) -> list[tuple[Row[Any], Area]]:
    """Every zone in force with its whole area, in order: for the map and for overlaps. Two queries."""
    statement = select(ServiceZone.id, ServiceZone.name, ServiceZone.color, ServiceZone.kind, ServiceZone.polygon).where(
        ServiceZone.tenant_id == context.tenant_id(),
        ServiceZone.archived.is_(False),
        ServiceZone.id != (besides or 0),
    )  # fmt: skip
    found = read_rows(statement.order_by(ServiceZone.position, ServiceZone.id).limit(2000))
    zips = zips_of(row.id for row in found if row.kind == "zip")
    return [(row, Area(row.id, frozenset(zips.get(row.id, ())), row.polygon)) for row in found]


def overlapping() -> list[tuple[Overlap, Mapping[int, str]]]:
    """Pairs of zones that share ground, with the names of both."""
    everything = whole()
    names = {row.id: row.name for row, _ in everything}
    return [(pair, names) for pair in overlaps([area for _, area in everything])]


def named(name: str, besides: int | None = None) -> ServiceZone | None:
    """The zone in force of this name, in any case."""
    return db.session.scalar(
        select(ServiceZone).where(
            ServiceZone.tenant_id == context.tenant_id(),
            func.lower(ServiceZone.name) == func.lower(name),
            ServiceZone.archived.is_(False),
            ServiceZone.id != (besides or 0),
        )
    )


def last_position() -> int:
    """The position of the zone that comes last in order; 0 without any."""
    statement = select(func.max(ServiceZone.position)).where(ServiceZone.tenant_id == context.tenant_id())
    return db.session.scalar(statement) or 0


def in_order() -> list[ServiceZone]:
    """Zones in force, in the order that decides."""
    statement = select(ServiceZone).where(
        ServiceZone.tenant_id == context.tenant_id(), ServiceZone.archived.is_(False)
    )
    return list(db.session.scalars(statement.order_by(ServiceZone.position, ServiceZone.id)))


DEEDS = {
    "service-zone.created": timeline.Deed("added this zone: {area}", "plus", "success"),
    "service-zone.updated": timeline.Deed("changed the zone", "pencil", "accent", body="changes", diff=True),
    "service-zone.moved": timeline.Deed("moved the zone {direction} in the order", "arrow-up", "neutral"),
    "service-zone.archived": timeline.Deed("archived", "archive", "warning"),
    "service-zone.unarchived": timeline.Deed("took it back from the archive", "rotate-ccw", "success"),
}


def history(zone_id: int, before: int | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """What happened to a zone, newest first, and where the next piece begins."""
    found, following = timeline.read("service_zone", zone_id, before=before)
    fields = {
        "name": timeline.Shown("Name"),
        "kind": timeline.Shown("Kind", lambda v: rules.zones.KINDS.get(v, v or "")),
        "color": timeline.Shown("Color"),
        "notes": timeline.Shown("Notes"),
        "polygon": timeline.Shown("Area", lambda v: f"{len(v)} corners" if v else ""),
    }
    return [timeline.entry(row, DEEDS, fields) for row in found], following

"""Service zones: which ZIP codes a text means, what an area may be, which zone a place is in. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.kit import clean, geo, words

FIELDS = ("name", "color", "notes", "kind", "polygon", "archived")  # columns of a zone that people set
KINDS = {"zip": "ZIP codes", "polygon": "Drawn area"}
COLORS = (
    "#2563eb",
    "#0d9488",
    "#d97706",
    "#9333ea",
    "#dc2626",
    "#65a30d",
    "#0891b2",
    "#c026d3",
    "#b45309",
    "#4f46e5",
)
MOST_ZIPS = 5_000  # of one zone: all of Florida and Georgia have 2,500
NAMED = 6  # ZIP codes that a sentence names before “and … more”

_DASHES = re.compile(r"[\u2010-\u2015\u2212]")
_JOINED = re.compile(r"\s*-\s*|\s+(?:to|through|thru)\s+")
_RANGE = re.compile(r"^(\d{5})-(\d{5})$")
_PLUS_FOUR = re.compile(r"^(\d{5})-\d{4}$")
_PREFIX = re.compile(r"^(\d{1,4})(?:\*+|[xX]{1,4})$")


@dataclass(frozen=True, slots=True)
class ZipList:
    """What a text of ZIP codes means: those that exist, those of the right form that do not, and what is neither."""

    known: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(sorted({*self.known, *self.unknown}))


def read_zips(text: str) -> ZipList:
    """ZIP codes from what people paste: any separators, `33601-33610`, `336*`, `33601-1234` (its first five)."""
    known: set[str] = set()
    unknown: set[str] = set()
    problems: list[str] = []
    joined = _JOINED.sub("-", _DASHES.sub("-", text))
    for piece in re.split(r"[\s,;|/.]+", joined):
        if not piece:
            continue
        found, problem = _read_piece(piece)
        if problem:
            problems.append(problem)
        for zip_code in found:
            (known if geo.zip_centroid(zip_code) else unknown).add(zip_code)
        if len(known) + len(unknown) > MOST_ZIPS:
            return ZipList(problems=(f"One zone can hold {MOST_ZIPS:,} ZIP codes. Draw an area for more.",))
    return ZipList(tuple(sorted(known)), tuple(sorted(unknown)), tuple(dict.fromkeys(problems)))


def _read_piece(piece: str) -> tuple[list[str], str]:
    shown = f"“{piece[:20]}”"
    if match := _PLUS_FOUR.match(piece):
        return [match[1]], ""
    if geo.is_zip(piece):
        return [piece], ""
    if match := _RANGE.match(piece):
        first, last = match.groups()
        if first > last:
            return [], f"{shown} runs backwards; write {last}-{first}."
        return _some(geo.zips_between(first, last), f"No ZIP code lies between {first} and {last}.")
    if match := _PREFIX.match(piece):
        return _some(geo.zips_beginning(match[1]), f"No ZIP code begins with {match[1]}.")
    if piece.isascii() and piece.isdigit():
        return [], f"{shown} has {words.plural(len(piece), 'digit')}; a ZIP code has 5."
    return [], f"{shown} is not a ZIP code. Write 33601, a range 33601-33610 or a beginning 336*."


def _some(found: list[str], otherwise: str) -> tuple[list[str], str]:
    return (found, "") if found else ([], otherwise)


def zip_words(zips: Sequence[str], most: int = NAMED) -> str:
    """`33601, 33602 and 33603`; `33601 … 33606 and 14 more`."""
    if len(zips) <= 1:
        return "".join(zips)
    if len(zips) <= most:
        return f"{', '.join(zips[:-1])} and {zips[-1]}"
    return f"{', '.join(zips[: most - 1])} and {len(zips) - most + 1:,} more"


def unknown_words(unknown: Sequence[str]) -> str:
    """A sentence that names ZIP codes nobody knows."""
    if len(unknown) == 1:
        return f"{unknown[0]} is no ZIP code that we know."
    return f"{zip_words(unknown, 12)} are no ZIP codes that we know."


def cleaned(values: Mapping[str, Any], present: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Values of a zone fit to keep, only the fields that are there; `zips` becomes a :class:`ZipList`.

    `present` holds the columns of a zone that is changed. The kind follows from what is given: `zips` (a text or a list)
    or a `polygon`. Raises Invalid naming every field that is wrong.
    """
    found = {name: values[name] for name in FIELDS if name in values and name != "kind"}
    problems = clean.Problems()
    problems.each(
        found,
        {
            "name": lambda text: clean.name(text, 80),
            "color": clean.color,
            "notes": lambda text: clean.lines(text, 4_000),
        },
    )
    zips, polygon = values.get("zips"), values.get("polygon")
    if zips and polygon:
        problems.add("polygon", "A zone is a list of ZIP codes or a drawn area, not both. Leave one empty.")
    elif polygon:
        found |= {"kind": "polygon", "polygon": _area(polygon, problems), "zips": ZipList()}
    elif zips:
        found |= {"kind": "zip", "polygon": None, "zips": _zips(zips, problems)}
    elif present is None or "zips" in values or "polygon" in values:
        wanted = values.get("kind") or (present or {}).get("kind")
        if wanted == "polygon":
            problems.add("polygon", "Draw the area: click on the map for each corner, at least three.")
        elif wanted == "zip" or values.get("kind") != "polygon":
            problems.add("zips", "Write at least one ZIP code, or draw an area instead.")
    problems.done()
    return found


def _area(polygon: Any, problems: clean.Problems) -> list[list[float]]:
    for sentence in geo.polygon_problems(polygon):
        problems.add("polygon", sentence)
        return []
    return [[round(x, 6), round(y, 6)] for x, y in geo.without_repeats(polygon)]


def _zips(zips: Any, problems: clean.Problems) -> ZipList:
    found = read_zips(zips if isinstance(zips, str) else " ".join(zips))
    if not found.all and not found.problems:
        problems.add("zips", "Write at least one ZIP code.")
    for sentence in found.problems[:5]:
        problems.add("zips", sentence)
    return found


def read_points(text: str) -> list[list[float]]:
    """Corners as people type them, one `latitude, longitude` on a line, as `[longitude, latitude]`.

    Raises ValueError naming the line that is wrong.
    """
    corners = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        parts = [p for p in re.split(r"[,;\s]+", line.strip().strip("()[]")) if p]
        try:
            latitude, longitude = (float(p) for p in parts)
            corner = [round(longitude, 6), round(latitude, 6)]
        except (ValueError, OverflowError):
            raise ValueError(
                f"Line {number}, “{line.strip()[:30]}”: write latitude and longitude, such as 27.9506, -82.4572."
            ) from None
        corners.append(corner)
    return corners


def point_lines(polygon: Sequence[Sequence[float]] | None) -> str:
    """The opposite of :func:`read_points`."""
    return "\n".join(f"{y:.6f}, {x:.6f}" for x, y in polygon or ())


# Which zone ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A ZIP code, a point, or both; without a point the ZIP code's middle stands for it."""

    zip: str = ""
    latitude: float | None = None
    longitude: float | None = None

    @property
    def five(self) -> str:
        five = self.zip.strip()[:5]
        return five if geo.is_zip(five) else ""

    @property
    def point(self) -> geo.Point | None:
        if self.latitude is not None and self.longitude is not None:
            return float(self.latitude), float(self.longitude)
        return geo.zip_centroid(self.five) if self.five else None


@dataclass(frozen=True, slots=True)
class Area:
    """A zone as far as finding goes: `zips` of a list (only those asked about are needed), or a polygon."""

    id: int
    zips: frozenset[str] = frozenset()
    polygon: Sequence[Sequence[float]] | None = None


def first_zone(areas: Sequence[Area], place: Place) -> int | None:
    """The first zone, in order, that a place is in."""
    five = place.five
    point: geo.Point | None = None
    looked = False
    for area in areas:
        if area.polygon is None:
            if five and five in area.zips:
                return area.id
            continue
        if not looked:  # the middle of a ZIP code is asked for only where an area needs it
            point, looked = place.point, True
        if point is not None and geo.in_polygon(point, area.polygon):
            return area.id
    return None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two zones that share ground; `first` comes earlier in the order, so it gets what both hold."""

    first: int
    second: int
    zips: tuple[str, ...] = ()  # those that are in both; empty where drawn areas meet


def overlaps(areas: Sequence[Area]) -> list[Overlap]:
    """Every pair of zones, in order, that share ZIP codes or ground. A ZIP code is in an area with its middle."""
    found = []
    middles = {z: geo.zip_centroid(z) for z in {z for a in areas for z in a.zips}} if _mixed(areas) else {}
    for position, one in enumerate(areas):
        for other in areas[position + 1 :]:
            if one.polygon is not None and other.polygon is not None:
                if geo.polygons_overlap(one.polygon, other.polygon):
                    found.append(Overlap(one.id, other.id))
                continue
            shared = _shared_zips(one, other, middles)
            if shared:
                found.append(Overlap(one.id, other.id, shared))
    return found


def _mixed(areas: Sequence[Area]) -> bool:
    return len({a.polygon is None for a in areas}) == 2


def _shared_zips(one: Area, other: Area, middles: Mapping[str, geo.Point | None]) -> tuple[str, ...]:
    if one.polygon is None and other.polygon is None:
        return tuple(sorted(one.zips & other.zips))
    listed, drawn = (one, other) if one.polygon is None else (other, one)
    assert drawn.polygon is not None
    west, south, east, north = geo.bounds(drawn.polygon)
    inside = []
    for zip_code in listed.zips:
        middle = middles.get(zip_code)
        if (
            middle is not None
            and south <= middle[0] <= north
            and west <= middle[1] <= east
            and geo.in_polygon(middle, drawn.polygon)
        ):
            inside.append(zip_code)
    return tuple(sorted(inside))

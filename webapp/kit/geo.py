"""Places on the earth: distances, polygons, ZIP codes. Pure, without a network.

A point is `(latitude, longitude)` in degrees (WGS 84). A polygon is a list of `[longitude, latitude]` in GeoJSON's
order, not closed. Polygons are taken as flat, which is right to a few metres over a county, and may not cross the
180th meridian.
"""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from webapp.kit import errors

Point = tuple[float, float]  # latitude, longitude
Polygon = Sequence[Sequence[float]]  # [[longitude, latitude], …]

EARTH_METRES = 6_371_009  # mean radius
METRES_PER_MILE = 1609.344
DETOUR = 1.3  # roads against the straight line, usual for American cities
MILES_PER_HOUR = 30  # door to door in town, lights and all
MOST_POINTS = 500  # of a polygon: checking one for crossings takes 0.05 s then
_TINY = 1e-9  # square degrees: about ten square metres


def position(latitude: Any, longitude: Any, fields: tuple[str, str] = ("latitude", "longitude")) -> Point:
    """A point fit to keep, to six decimals (0.1 m). Raises Invalid naming the coordinate that cannot be."""
    problems = []
    found = []
    for value, field, most in ((latitude, fields[0], 90), (longitude, fields[1], 180)):
        number = _number(value)
        if number is None or not -most <= number <= most:
            problems.append(errors.FieldProblem(field, f"{field} must lie between -{most} and {most}."))
        else:
            found.append(round(number, 6) + 0.0)  # + 0.0: no negative zero
    if problems:
        raise errors.Invalid(" ".join(p.message for p in problems), problems=problems)
    return found[0], found[1]


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def haversine_metres(one: Point, other: Point) -> float:
    """The straight distance over the ground between two points, in metres; within 0.5% of the ellipsoid's."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*one, *other))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(min(1.0, math.sqrt(half)))


def drive_minutes(metres: float, miles_per_hour: float = MILES_PER_HOUR) -> int:
    """About how long a drive takes over a straight distance, in minutes, rounded up: :data:`DETOUR` times as far by road."""
    return math.ceil(metres * DETOUR / (miles_per_hour * METRES_PER_MILE / 60))


# Polygons ---------------------------------------------------------------------------------------------------------


def in_polygon(point: Point, polygon: Polygon) -> bool:
    """Whether a point lies inside. On an edge it belongs to one of two neighbours that share the edge, never to both."""
    y, x = point
    inside = False
    for (x1, y1), (x2, y2) in _edges(polygon):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def polygon_problems(points: Polygon) -> list[str]:
    """What keeps points from being an area, each in a sentence; empty when they are one."""
    if any(
        len(p) != 2 or _number(p[0]) is None or not -180 <= p[0] <= 180 or not -90 <= p[1] <= 90
        or _number(p[1]) is None
        for p in points
    ):  # fmt: skip
        return ["A corner lies outside the earth: latitude goes from -90 to 90, longitude from -180 to 180."]
    corners = without_repeats(points)
    if len({tuple(c) for c in corners}) < 3:
        return ["An area needs at least 3 corners."]
    if len(corners) > MOST_POINTS:
        return [f"An area may have at most {MOST_POINTS} corners; this one has {len(corners):,}."]
    if _crosses_itself(corners):
        return ["The area’s outline crosses itself. Move a corner so that no two edges meet."]
    if abs(_signed_area(corners)) < _TINY:
        return ["The corners lie on one line, so there is no area between them."]
    return []


def without_repeats(points: Polygon) -> list[list[float]]:
    """The corners without those that repeat the one before, nor a last one that repeats the first."""
    kept: list[list[float]] = []
    for point in points:
        if not kept or list(point) != kept[-1]:
            kept.append(list(point))
    while len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    return kept


def polygons_overlap(one: Polygon, other: Polygon) -> bool:
    """Whether two areas share more than edges and corners."""
    west, south, east, north = bounds(one)
    west2, south2, east2, north2 = bounds(other)
    if west >= east2 or west2 >= east or south >= north2 or south2 >= north:
        return False
    if any(_crosses(a, b, c, d) for a, b in _edges(one) for c, d in _edges(other)):
        return True
    # no edges cross: one lies in the other, they are the same, or they are apart
    return any(_inside(p, other) for p in _samples(one)) or any(_inside(p, one) for p in _samples(other))


def bounds(polygon: Polygon) -> tuple[float, float, float, float]:
    """West, south, east and north of an area, in degrees."""
    xs, ys = [p[0] for p in polygon], [p[1] for p in polygon]
    return min(xs), min(ys), max(xs), max(ys)


def centre(polygon: Polygon) -> Point:
    """A point inside the area, near its middle: where its name is written."""
    x, y = _inner_point(polygon)
    return y, x


def _edges(polygon: Polygon) -> Iterator[tuple[Sequence[float], Sequence[float]]]:
    for position, corner in enumerate(polygon):
        yield polygon[position - 1], corner


def _signed_area(polygon: Polygon) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in _edges(polygon)) / 2


def _turn(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> int:
    """1 when a → b → c turns left, -1 when right, 0 when the three lie on one line."""
    value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return 0 if abs(value) < 1e-14 else 1 if value > 0 else -1


def _between(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> bool:
    """Whether c, on the line through a and b, lies from a to b."""
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def _crosses(a: Sequence[float], b: Sequence[float], c: Sequence[float], d: Sequence[float]) -> bool:
    """Whether a–b and c–d cross in their middles, not only touch."""
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _meets(a: Sequence[float], b: Sequence[float], c: Sequence[float], d: Sequence[float]) -> bool:
    """Whether a–b and c–d cross or touch anywhere."""
    if _crosses(a, b, c, d):
        return True
    touches = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(_turn(*three) == 0 and _between(*three) for three in touches)


def _crosses_itself(polygon: Polygon) -> bool:
    edges = list(_edges(polygon))
    for i, (a, b) in enumerate(edges):
        for j in range(i + 1, len(edges)):
            c, d = edges[j]
            if j == i + 1 or (i == 0 and j == len(edges) - 1):
                # neighbours share a corner; they may not fold back over each other
                first, corner, last = (a, b, d) if j == i + 1 else (c, d, b)
                if _turn(first, corner, last) == 0 and (
                    _between(first, corner, last) or _between(corner, last, first)
                ):
                    return len(edges) > 3  # three corners on a line have no area, which says it better
            elif _meets(a, b, c, d):
                return True
    return False


def _inside(point: Sequence[float], polygon: Polygon) -> bool:
    """Whether a corner `[longitude, latitude]` lies inside and not on the outline."""
    if any(_turn(a, b, point) == 0 and _between(a, b, point) for a, b in _edges(polygon)):
        return False
    return in_polygon((point[1], point[0]), polygon)


def _samples(polygon: Polygon) -> Iterator[Sequence[float]]:
    """Points by which an area whose edges cross no other's is found inside it: corners, middles of edges, one within."""
    yield _inner_point(polygon)
    yield from polygon
    for a, b in _edges(polygon):
        yield ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)


def _inner_point(polygon: Polygon) -> tuple[float, float]:
    """A point inside: the middle of the widest stretch of a line through the area's middle heights."""
    heights = sorted({p[1] for p in polygon})
    middle = (heights[0] + heights[-1]) / 2
    gap = min(range(len(heights) - 1), key=lambda i: abs((heights[i] + heights[i + 1]) / 2 - middle))
    y = (heights[gap] + heights[gap + 1]) / 2
    meets = sorted(
        (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0]
        for a, b in _edges(polygon)
        if (a[1] > y) != (b[1] > y)
    )
    pairs = list(zip(meets[::2], meets[1::2], strict=True))
    west, east = max(pairs, key=lambda pair: pair[1] - pair[0])
    return (west + east) / 2, y


# ZIP codes --------------------------------------------------------------------------------------------------------
# `zipcodes` holds the 42,789 of the country. Importing it takes 9 ms and 1 MB; the first question unpacks them: 0.2 to
# 0.6 s and 38 MB, once in a process that asks. Hence not when the web starts, and only through the cache below.


@lru_cache(maxsize=1000)
def _section(start: str) -> dict[str, Point]:
    """ZIP codes that begin with these three digits, and where their middles are."""
    import zipcodes

    return {
        row["zip_code"]: (float(row["lat"]), float(row["long"]))
        for row in zipcodes.similar_to(start)  # type: ignore[no-untyped-call]  # it says py.typed and types nothing
        if row["lat"] and row["long"]
    }


def is_zip(text: str) -> bool:
    """Whether a text has the form of a ZIP code: five digits."""
    return len(text) == 5 and text.isascii() and text.isdigit()


def zip_centroid(zip_code: str) -> Point | None:
    """The middle of a ZIP code's area; None for one that is not known. `33601-1234` is asked as `33601`."""
    five = zip_code.strip()[:5]
    return _section(five[:3]).get(five) if is_zip(five) else None


def zips_between(first: str, last: str) -> list[str]:
    """Every known ZIP code from `first` to `last`, both included, in order."""
    if not is_zip(first) or not is_zip(last):
        return []
    sections = (f"{number:03d}" for number in range(int(first[:3]), int(last[:3]) + 1))
    return sorted(z for section in sections for z in _section(section) if first <= z <= last)


def zips_beginning(start: str) -> list[str]:
    """Every known ZIP code that begins with these one to five digits, in order."""
    if not 1 <= len(start) <= 5 or not (start.isascii() and start.isdigit()):
        return []
    return [z for z in zips_between(start.ljust(5, "0"), start.ljust(5, "9")) if z.startswith(start)]

"""The technician's way as a sketch, without a map's tiles: where they are, where the house is, circles of miles around it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from webapp.dispatch.rules.lateness import GRACE
from webapp.kit import geo

SIZE: Final = 320  # of the drawing, both ways
EDGE: Final = 34
RINGS: Final = (0.25, 0.5, 1, 2, 3, 5, 10, 20, 50)  # miles


@dataclass(frozen=True, slots=True)
class Sketch:
    """Coordinates of a drawing of :data:`SIZE` units: the house, the technician, rings as (radius, words)."""

    home: tuple[int, int]
    seen: tuple[int, int]
    rings: list[tuple[int, str]]
    miles: float
    words: str
    direction: str


def drive_left(set_off: datetime, drive_minutes: int, now: datetime) -> int | None:
    """Minutes left of a drive of which only the beginning is known; None once it takes so much longer than planned that
    nobody can tell."""
    left = set_off + timedelta(minutes=drive_minutes) - now
    return None if left < -GRACE else max(0, math.ceil(left / timedelta(minutes=1)))


def sketch(seen: geo.Point, home: geo.Point) -> Sketch:
    """The house in the middle, the technician around it where they are; north is up."""
    metres = geo.haversine_metres(seen, home)
    miles = metres / geo.METRES_PER_MILE
    east = (seen[1] - home[1]) * math.cos(math.radians(home[0]))
    north = seen[0] - home[0]
    length = math.hypot(east, north) or 1.0
    reach = SIZE / 2 - EDGE
    outer = next((r for r in RINGS if r >= miles), RINGS[-1])
    away = min(1.0, miles / outer) * reach
    middle = SIZE // 2
    at = (round(middle + east / length * away), round(middle - north / length * away))
    rings = [(round(r / outer * reach), _miles(r)) for r in RINGS if outer / 8 < r <= outer][-3:]
    return Sketch((middle, middle), at, rings, miles, _miles(round(miles, 1)) if miles >= 0.2 else "just around the corner",
                  _direction(east, north))  # fmt: skip


def _miles(amount: float) -> str:
    number = f"{amount:g}"
    return f"{number} mile{'' if number == '1' else 's'}"


def _direction(east: float, north: float) -> str:
    names = ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest")
    return names[round(math.degrees(math.atan2(east, north)) / 45) % 8]


def by_day(slots: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Free times under their days, both in their order."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for slot in slots:
        found.setdefault(str(slot["day"]), []).append(slot)
    return list(found.items())

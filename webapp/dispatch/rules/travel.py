"""Driving without a road server: distance by great circle, a factor for roads, one speed."""

from math import asin, ceil, cos, radians, sin, sqrt
from typing import Final

EARTH_METRES: Final = 6_371_008.8  # mean radius, IUGG
ROADS: Final = (
    1.3  # roads are about this much longer than the great circle (Boscoe et al., 2012: 1.42 over all US)
)
METRES_PER_MILE: Final = 1609.344

Place = tuple[float, float]  # latitude, longitude in degrees


def metres(a: Place, b: Place) -> float:
    """Great-circle distance."""
    lat_a, lat_b = radians(a[0]), radians(b[0])
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin(radians(b[1] - a[1]) / 2) ** 2
    return 2 * EARTH_METRES * asin(min(1.0, sqrt(half)))


def minutes(a: Place, b: Place, mph: int) -> int:
    """Whole minutes of driving, rounded up."""
    return ceil(metres(a, b) * ROADS / METRES_PER_MILE / mph * 60)

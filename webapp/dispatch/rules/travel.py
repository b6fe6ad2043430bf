"""Driving without a road server: the straight distance, a detour for roads, one speed."""

from functools import lru_cache

from webapp.kit import geo

Place = geo.Point  # latitude, longitude in degrees


@lru_cache(maxsize=32_768)  # a board asks for the same ways again with every change on it
def minutes(a: Place, b: Place, mph: int) -> int:
    """Whole minutes of driving, rounded up."""
    return geo.drive_minutes(geo.haversine_metres(a, b), mph)

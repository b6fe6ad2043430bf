"""Driving without a road server: the straight distance, a detour for roads, one speed."""

from webapp.kit import geo

Place = geo.Point  # latitude, longitude in degrees


def minutes(a: Place, b: Place, mph: int) -> int:
    """Whole minutes of driving, rounded up."""
    return geo.drive_minutes(geo.haversine_metres(a, b), mph)

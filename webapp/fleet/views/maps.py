"""What the map module of the browser is told: areas, points, outlines, tiles."""

from collections.abc import Iterable
from typing import Any

from flask import current_app

from webapp.fleet.rules.zones import Area
from webapp.kit import assets, geo

MOST_DOTS = 4_000  # ZIP codes drawn on one map


def of_zones(zones: Iterable[tuple[Any, Area]], *, quiet: frozenset[int] = frozenset()) -> dict[str, Any]:
    """Zones (rows with `id`, `name`, `color`, and their areas) as the module draws them; `quiet` ones are paler."""
    found = []
    left = MOST_DOTS
    for row, area in zones:
        shown: dict[str, Any] = {"id": row.id, "name": row.name, "color": row.color, "quiet": row.id in quiet,
                                 "url": f"/service-zones/{row.id}"}  # fmt: skip
        if area.polygon is not None:
            shown["polygon"] = [[y, x] for x, y in area.polygon]
        else:
            shown["zips"] = dots(sorted(area.zips)[:left])
            left -= len(shown["zips"])
        found.append(shown)
    return {"areas": found}


def dots(zips: Iterable[str]) -> list[list[Any]]:
    """ZIP codes with the middles of their areas: `[["33606", 27.93, -82.47], …]`; unknown ones have no place."""
    middles = ((z, geo.zip_centroid(z)) for z in zips)
    return [[z, *middle] for z, middle in middles if middle is not None]


def ground() -> dict[str, Any]:
    """What lies under every map: our own outlines, and tiles where an address of theirs is configured."""
    settings = current_app.config["SETTINGS"]
    return {
        "outlines": assets.asset("us-counties.json"),
        "tiles": settings.map_tiles_url,
        "attribution": settings.map_tiles_attribution,
    }


def of_vehicles(found: Iterable[Any]) -> dict[str, Any]:
    """Vehicles whose place is known as points of a map."""
    return {
        "points": [
            {"name": row.name, "hint": row.driver or "", "color": row.color or "#5b6270", "url": f"/vehicles/{row.id}",
             "at": [float(row.latitude), float(row.longitude)]}
            for row in found
        ]
    }  # fmt: skip


def of_vehicle(vehicle: Any, driver: str) -> dict[str, Any] | None:
    """One vehicle's place; None where it is not known."""
    if vehicle.latitude is None or vehicle.longitude is None:
        return None
    at = [float(vehicle.latitude), float(vehicle.longitude)]
    return {"points": [{"name": vehicle.name, "hint": driver, "color": "#2563eb", "named": True, "at": at}]}

"""Drive times for a plan: by a road server where one is configured, else, or when it fails, by great circle and speed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from flask import current_app

from webapp.dispatch.rules import travel
from webapp.kit import outbound
from webapp.routing.rules import day as days
from webapp.routing.rules.problem import Matrix

log = logging.getLogger("truckroll.routing")

BLOCK: Final = (
    36  # places on each side of one question: OSRM's servers take 100 in all, and an address has an end
)
SECONDS: Final = 20.0  # for one question
BYTES: Final = 4 * 1024 * 1024


class NoRoads(Exception):  # says what happened
    """The road server did not answer with what was asked, in a sentence."""


@dataclass(slots=True)
class Roads:
    """What :func:`webapp.routing.rules.day.build` asks for ways. `said`: what a person should know of where they come from."""

    mph: int
    used: str = "straight"  # or server
    said: str = field(default="")

    def __call__(self, places: Sequence[travel.Place]) -> tuple[Matrix, Matrix, Matrix]:
        straight = days.straight(places, self.mph)
        url = current_app.config["SETTINGS"].roads_url
        if not url or len(places) < 2:
            return straight
        try:
            found = table(url, places, straight)
        except NoRoads as problem:
            log.warning("drive times by great circle: %s", problem)
            self.said = f"Drive times are estimated by distance: {problem}"
            return straight
        self.used = "server"
        return found


def table(
    url: str, places: Sequence[travel.Place], straight: tuple[Matrix, Matrix, Matrix]
) -> tuple[Matrix, Matrix, Matrix]:
    """Times and distances between all places by `/table/v1/driving` (OSRM's HTTP API, version 1), in blocks.

    Where the server knows no way (an island, a place off its map) the straight one counts. Raises NoRoads.
    """
    time, drive, metres = ([list(row) for row in matrix] for matrix in straight)
    pieces = [list(range(at, min(at + BLOCK, len(places)))) for at in range(0, len(places), BLOCK)]
    for sources in pieces:
        for targets in pieces:
            durations, distances = _ask(url, [places[n] for n in sources], [places[n] for n in targets])
            for row, source in enumerate(sources):
                for column, target in enumerate(targets):
                    seconds, length = durations[row][column], distances[row][column] if distances else None
                    if source == target or seconds is None:
                        continue
                    drive[source][target] = round(seconds)
                    time[source][target] = -(-round(seconds) // 60) * 60
                    if length is not None:
                        metres[source][target] = round(length)
    return time, drive, metres


def _ask(
    url: str, sources: Sequence[travel.Place], targets: Sequence[travel.Place]
) -> tuple[list[list[Any]], list[list[Any]] | None]:
    points = ";".join(f"{lon:.5f},{lat:.5f}" for lat, lon in (*sources, *targets))
    of = ";".join(str(n) for n in range(len(sources)))
    to = ";".join(str(n) for n in range(len(sources), len(sources) + len(targets)))
    address = f"{url.rstrip('/')}/table/v1/driving/{points}?sources={of}&destinations={to}&annotations=duration,distance"
    try:
        answer = outbound.fetch("GET", address, timeout=SECONDS, max_bytes=BYTES)
    except (outbound.Refused, outbound.Failed) as problem:
        raise NoRoads(str(problem)) from None
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise NoRoads(f"the road server answered {answer.status} without JSON.") from None
    if answer.status != 200 or not isinstance(found, dict) or found.get("code") != "Ok":
        code = found.get("code") if isinstance(found, dict) else None
        raise NoRoads(f"the road server answered {answer.status} {str(code or '')[:40]}".strip() + ".")
    durations: Any = found.get("durations")
    distances: Any = found.get("distances")
    if not _fits(durations, len(sources), len(targets)) or (
        distances and not _fits(distances, len(sources), len(targets))
    ):
        raise NoRoads("the road server’s table does not have the shape that was asked for.")
    return durations, distances


def _fits(table: Any, rows: int, columns: int) -> bool:
    return (
        isinstance(table, list)
        and len(table) == rows
        and all(
            isinstance(row, list)
            and len(row) == columns
            and all(v is None or (isinstance(v, int | float) and v >= 0) for v in row)
            for row in table
        )
    )

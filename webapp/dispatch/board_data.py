"""The board as its page's script reads it: short, times in seconds since 1970, built without a step in between.

A day of 40 technicians and 400 visits is shaped in a few milliseconds; `board_schemas` is the same for partners.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from webapp.dispatch import registry, words
from webapp.dispatch.queries import board as reading
from webapp.dispatch.rules import lateness, shifts
from webapp.dispatch.settings import DispatchSettings
from webapp.kit import clock

ICONS = {"lunch": "utensils", "parts_run": "package", "meeting": "users-round", "training": "book-open",
         "time_off": "calendar-x"}  # fmt: skip
LATE_BEFORE = (
    "pending",
    "dispatched",
    "acknowledged",
    "en_route",
)  # not there yet: something can still be done


def whole(
    found: reading.Board,
    tray: Sequence[Any],
    counts: Mapping[str, int],
    tab: str,
    settings: DispatchSettings,
    zone: str,
    holidays: Mapping[date, str],
) -> dict[str, Any]:
    """Everything the script draws."""
    late = running_late(found, zone)
    waiting = [visit(row, (), None) for row in tray]
    if tab == "alerts":
        shown = {row.id for row in tray}
        waiting += [
            visit(found.visits[n], found.crews.get(n, ()), found.forecasts.get(n))
            for n in late
            if n not in shown
        ]
    visits = {
        n: visit(row, found.crews.get(n, ()), found.forecasts.get(n)) for n, row in found.visits.items()
    }
    _mark(list(visits.values()), waiting)
    days = [found.first + timedelta(days=n) for n in range(found.days)]
    first, last = _hours(found, settings, zone)
    return {
        "date": str(found.first),
        "zone": zone,
        "now": _at(clock.now()),
        "starts": _at(found.starts_at),
        "ends": _at(found.ends_at),
        "from": first,
        "until": last,
        "days": [
            {"date": str(day), "starts": _at(clock.day_bounds(day, zone)[0]), "ends": _at(clock.day_bounds(day, zone)[1]),
             "label": f"{day:%a} {day.day}", "holiday": holidays.get(day, "")}
            for day in days
        ],
        "lanes": [_lane(lane, found) for lane in found.lanes],
        "visits": visits,
        "tray": waiting,
        "tab": tab,
        "counts": {**counts, "alerts": counts["alerts"] + len(late)},
    }  # fmt: skip


def running_late(found: reading.Board, zone: str) -> list[int]:
    """Visits of today that will be late as the day goes, and of which the tray's own alerts know nothing yet."""
    now = clock.now()
    tomorrow = clock.day_bounds(clock.today(zone), zone)[1]
    return [
        n for n, forecast in found.forecasts.items()
        if forecast.state == "late" and (row := found.visits[n]).status in LATE_BEFORE and row.scheduled_start < tomorrow
        and not (row.status != "en_route" and now - timedelta(days=7) < row.scheduled_start < now - lateness.GRACE)
    ]  # fmt: skip


def visit(row: Any, crew: Sequence[int], forecast: lateness.Forecast | None) -> dict[str, Any]:
    """A visit on the board or in the tray."""
    status, latitude, start, end = row.status, row.latitude, row.scheduled_start, row.scheduled_end
    from_, until = row.window_start, row.window_end
    shown = {
        "id": row.id, "job": row.job_id, "nth": row.position + 1, "title": row.title, "type": row.job_type,
        "prio": row.priority, "status": status, "cust": row.customer_name, "street": row.service_address,
        "city": row.service_city, "zip": row.service_zip, "zone": row.zone_id, "min": row.expected_minutes,
        "s": None if start is None else int(start.timestamp()), "e": None if end is None else int(end.timestamp()),
        "ws": None if from_ is None else int(from_.timestamp()), "we": None if until is None else int(until.timestamp()),
        "conf": row.confirmed_at is not None, "pin": row.pinned, "v": row.version, "crew": list(crew),
    }  # fmt: skip
    if latitude is not None:
        shown["at"] = (latitude, row.longitude)
    if row.held_at is not None:
        shown["hold"] = row.hold_reason or "On hold"
        shown["back"] = _maybe(row.hold_until)
    if row.tags:
        shown["tags"] = row.tags
    if forecast is not None:
        if forecast.state != "on_time" and status in LATE_BEFORE:  # whoever is there is late no more
            shown["late"], shown["punct"] = forecast.late_minutes, forecast.state
        shown["eta"], shown["fin"] = _at(forecast.arrives_at), _at(forecast.ends_at)
    return shown


def _mark(*several: Sequence[dict[str, Any]]) -> None:
    every = [shown for each in several for shown in each]
    found = registry.marks_of({shown["job"] for shown in every})
    for shown in every:
        if shown["job"] in found:
            shown["marks"] = [{"text": m.text, "tone": m.level} for m in found[shown["job"]]]


def _lane(lane: reading.LaneOf, found: reading.Board) -> dict[str, Any]:
    booked = sum(
        _minutes(found.visits[n].scheduled_start, found.visits[n].scheduled_end) for n in lane.visit_ids
    )
    works = sum(_minutes(a, b) for a, b in lane.hours)
    shown: dict[str, Any] = {
        "id": lane.id, "name": lane.name, "color": lane.color, "phone": lane.phone, "known": lane.scheduled_hours,
        "hours": [(_at(a), _at(b)) for a, b in lane.hours], "visits": lane.visit_ids, "drives": lane.drives,
        "blocks": [
            {"id": b.id, "kind": b.kind, "title": b.title or words.BLOCKS[b.kind], "note": b.note, "s": _at(b.starts_at),
             "e": _at(b.ends_at), "v": b.version}
            for b in lane.blocks
        ],
        "booked": booked, "works": works, "state": state_of(lane, found),
    }  # fmt: skip
    if lane.position is not None and lane.position_at is not None:
        shown["at"], shown["seen"] = lane.position, _at(lane.position_at)
    if lane.home is not None:
        shown["home"] = lane.home
    return shown


def state_of(lane: reading.LaneOf, found: reading.Board) -> dict[str, Any] | None:
    """What a technician does now, in words; None where nothing is known of now."""
    if not found.starts_at <= clock.now() < found.ends_at:
        return None
    if lane.break_kind:
        word = "At lunch" if lane.break_kind == "lunch" else "On a break"
        return {"word": word, "tone": "info", "icon": "utensils" if lane.break_kind == "lunch" else "coffee",
                "since": _maybe(lane.break_since)}  # fmt: skip
    for number in lane.visit_ids:
        row = found.visits[number]
        if row.status in ("in_progress", "on_site", "en_route"):
            since = {
                "in_progress": row.in_progress_at,
                "on_site": row.on_site_at,
                "en_route": row.en_route_at,
            }[row.status]
            icon = {"in_progress": "wrench", "on_site": "map-pin", "en_route": "navigation"}[row.status]
            return {"word": words.STATUSES[row.status], "tone": "info", "icon": icon, "since": _maybe(since)}
    now = clock.now()
    block = next((b for b in lane.blocks if b.starts_at <= now < b.ends_at), None)
    if block is not None:
        return {
            "word": block.title or words.BLOCKS[block.kind],
            "tone": "neutral",
            "icon": "clock",
            "since": None,
        }
    if lane.clocked_in_at is not None:
        return {
            "word": "Clocked in",
            "tone": "success",
            "icon": "circle-play",
            "since": _maybe(lane.clocked_in_at),
        }
    if not any(a <= now < b for a, b in lane.hours):
        return {"word": "Off now", "tone": "neutral", "icon": "moon", "since": None}
    return {"word": "Not clocked in", "tone": "neutral", "icon": "circle", "since": None}


def _hours(found: reading.Board, settings: DispatchSettings, zone: str) -> tuple[int, int]:
    """The hours a day view shows: those of the settings, and whole hours around what lies outside them."""
    day = found.first
    first, last = (
        shifts.moment(day, settings.board_from, zone),
        shifts.moment(day, settings.board_until, zone),
    )
    if found.days > 1:
        return _at(first), _at(last)
    spans = [(row.scheduled_start, row.scheduled_end) for n, row in found.visits.items() if n in found.crews]
    spans += [span for lane in found.lanes for span in lane.hours]
    for start, end in spans:
        if start >= found.starts_at:
            first = min(first, start)
        if end <= found.ends_at:
            last = max(last, end)
    tz = ZoneInfo(zone)
    first = first.astimezone(tz).replace(minute=0)
    whole_hour = last.astimezone(tz)
    if whole_hour.minute:
        last = whole_hour.replace(minute=0) + timedelta(hours=1)
    return _at(max(first, found.starts_at)), _at(min(last, found.ends_at))


def _at(moment: datetime) -> int:
    return int(moment.timestamp())


def _maybe(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment is not None else None


def _minutes(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds()) // 60

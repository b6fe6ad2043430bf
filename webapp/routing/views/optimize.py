"""The day's routes planned anew: what a plan would change and save, before anything does."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from flask import Response, current_app, request

from webapp.dispatch import settings
from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_READ
from webapp.kit import assets, clock, errors, geo, pages, permissions, words
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import RoutePlan
from webapp.routing import service
from webapp.routing.queries import plans as reading
from webapp.routing.service.plans import OVER
from webapp.routing.views import bp

HOME: Final = "/dispatch/optimize"
FIRST, LAST = date(2000, 1, 8), date(2099, 12, 1)  # as the board: there are days before and after them


@bp.get("/optimize")
@requires(DISPATCH_READ)
def optimize() -> Response:
    """The newest plan of a day (`?date=`, today when left out), or the offer to make one."""
    return _page(_day(request.args.get("date", "")))


@bp.post("/optimize")
@requires(DISPATCH_ASSIGN)
def plan() -> Response:
    """Have a day planned."""
    day = _day(request.form.get("date", ""))
    if day < clock.today(settings.zone()):
        raise errors.Invalid.one("date", OVER)
    service.ask(day)
    return _answer(day)


@bp.get("/optimize/<int:route_plan_id>/progress")
@requires(DISPATCH_READ)
def progress(route_plan_id: int) -> Response:
    """How far a plan is: asked every second; the page reads itself anew once it is there."""
    found = get(RoutePlan, route_plan_id, what="route plan")
    if not pages.is_htmx():
        return pages.redirect(f"{HOME}?date={found.on_date}")
    if found.status not in ("queued", "planning"):
        pages.trigger(**{"routes-changed": True})
    return pages.render(
        "routing/progress.html", block="progress", plan=found, percent=reading.progress([found])[found.id]
    )


@bp.post("/optimize/<int:route_plan_id>/accept")
@requires(DISPATCH_ASSIGN)
def accept(route_plan_id: int) -> Response:
    """Put a plan on the board: whole, or for those who are named."""
    names = [
        int(n) for n in request.form.getlist("technician_id") if n.isascii() and n.isdigit() and len(n) < 19
    ]
    before = set(get(RoutePlan, route_plan_id, what="route plan").accepted_for)
    found = service.accept(route_plan_id, names or None)
    count = len(set(found.accepted_for) - before)
    number = len((found.proposal or {}).get("put", [])) - 1
    pages.toast(
        f"The routes of {words.plural(count, 'technician')} are on the board.",
        undo_url=f"{HOME}/{found.id}/take-back?accepting={number}",
    )
    pages.trigger(**{"dispatch-changed": True})
    return _answer(found.on_date)


@bp.post("/optimize/<int:route_plan_id>/take-back")
@requires(DISPATCH_ASSIGN)
def take_back(route_plan_id: int) -> Response:
    """Undo an accepting (`?accepting=`, the first is 0), from the toast."""
    found = service.take_back(route_plan_id, request.args.get("accepting", -1, type=int))
    pages.toast("The visits are back where they were before the plan.", "info")
    pages.trigger(**{"dispatch-changed": True})
    return pages.redirect(f"{HOME}?date={found.on_date}")


@bp.post("/optimize/<int:route_plan_id>/discard")
@requires(DISPATCH_ASSIGN)
def discard(route_plan_id: int) -> Response:
    """Put a plan away."""
    found = service.discard(route_plan_id)
    pages.toast("The plan is discarded. The board is as it was.")
    return _answer(found.on_date)


def _answer(day: date) -> Response:
    return _page(day) if pages.is_htmx() else pages.redirect(f"{HOME}?date={day}")


def _day(text: str) -> date:
    if not text:
        return clock.today(settings.zone())
    try:
        return min(max(date.fromisoformat(text), FIRST), LAST)
    except ValueError:
        raise errors.BadRequest("Write a day like 2026-03-15.") from None


def _page(day: date) -> Response:
    found, zone = reading.latest(day), settings.zone()
    today = clock.today(zone)
    proposed = found.proposal if found is not None and found.status in ("ready", "accepted") else None
    return pages.render(
        "routing/optimize.html", block={"plan": "plan"}, page_title="Optimize routes", day=day, today=today, plan=found,
        earlier=day - timedelta(days=1), later=day + timedelta(days=1), proposed=proposed,
        percent=reading.progress([found])[found.id] if found is not None else 0,
        routes=_routes(found, proposed) if found is not None and proposed is not None else [],
        map=_map(proposed) if proposed is not None else None, saved=_saved(found) if found is not None else None,
        counts=None if proposed is not None else reading.counts(day, zone), over=day < today, open_for=_open(found),
        taken=_taken_back(found),
        plans=permissions.may(DISPATCH_ASSIGN), home=HOME,
    )  # fmt: skip


def _open(found: RoutePlan | None) -> int:
    """For how many technicians there is something left to accept."""
    if found is None or found.proposal is None or found.status not in ("ready", "accepted"):
        return 0
    return sum(
        t["changed"] and t["technician_id"] not in found.accepted_for for t in found.proposal["technicians"]
    )


def _taken_back(found: RoutePlan | None) -> dict[str, Any] | None:
    """Who took a plan back last, and when: the whole of it, or some technicians' routes."""
    taken = (found.proposal or {}).get("taken_back") if found is not None else None
    if found is None or taken is None:
        return None
    return {
        "by": taken["by"] or "somebody", "at": datetime.fromisoformat(taken["at"]), "whole": found.status == "discarded",
    }  # fmt: skip


def _saved(found: RoutePlan) -> dict[str, Any] | None:
    if found.before_minutes is None or found.after_minutes is None:
        return None
    before, after = found.before_metres or 0, found.after_metres or 0
    return {
        "before": _hours(found.before_minutes), "after": found.after_minutes,
        "minutes": found.before_minutes - found.after_minutes, "miles_before": miles(before), "miles_after": miles(after),
        "miles": miles(before - after),
    }  # fmt: skip


def _hours(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(
        x for x in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if x
    )


def miles(metres: int) -> str:
    """Metres in miles, to a tenth."""
    return f"{metres / geo.METRES_PER_MILE:,.1f}"


def _routes(found: RoutePlan, proposed: dict[str, Any]) -> list[dict[str, Any]]:
    """Every technician's day before and after, those that change first."""
    technicians = proposed["technicians"]
    names: dict[int, list[str]] = {}
    for one in technicians:
        if one["changed"]:
            names.setdefault(one["group"], []).append(one["name"])
    rows = [
        {
            **one, "accepted": one["technician_id"] in found.accepted_for,
            "with": [n for n in names.get(one["group"], []) if n != one["name"]],
            "saved": one["before"]["minutes"] - one["after"]["minutes"],
            "miles_before": miles(one["before"]["metres"]), "miles_after": miles(one["after"]["metres"]),
            "begun_stops": _stops(one["begun"]), "before_stops": _stops(one["before"]["stops"]),
            "after_stops": _stops(one["after"]["stops"]),
        }
        for one in technicians
    ]  # fmt: skip
    return sorted(rows, key=lambda r: (not r["changed"], r["accepted"], r["name"]))


def _stops(stops: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    shown = []
    for stop in stops:
        at = datetime.fromisoformat(stop["starts_at"])
        was = datetime.fromisoformat(stop["was_at"]) if stop.get("was_at") and stop.get("changed") else None
        shown.append(
            {
                **stop,
                "at": at,
                "until": datetime.fromisoformat(stop["ends_at"]),
                "was": was if was != at else None,
            }
        )
    return shown


def _map(proposed: dict[str, Any]) -> dict[str, Any]:
    """The routes as lines: before and after, by technician."""
    looks = reading.looks([t["technician_id"] for t in proposed["technicians"]])
    known = current_app.config["SETTINGS"]
    routes = []
    for one in proposed["technicians"]:
        home = looks[one["technician_id"]][1] if one["technician_id"] in looks else None
        color = looks[one["technician_id"]][0] if one["technician_id"] in looks else "#5b6270"
        routes.append({"name": one["name"], "color": color, "home": home,
                       "before": _points(one, "before"), "after": _points(one, "after")})  # fmt: skip
    return {"routes": routes, "outlines": assets.asset("us-counties.json"), "tiles": known.map_tiles_url,
            "attribution": known.map_tiles_attribution}  # fmt: skip


def _points(one: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [
        {"at": [s["latitude"], s["longitude"]], "title": s["title"]}
        for s in [*one["begun"], *one[key]["stops"]]
        if s["kind"] == "visit" and s["latitude"] is not None
    ]

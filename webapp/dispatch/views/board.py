"""The dispatch board: lanes of a day or a week, the tray, the map, the calendar, and a table where no script runs."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Response, current_app, request
from markupsafe import Markup

from webapp.dispatch import board_data, forms, registry, settings, words
from webapp.dispatch.permissions import (
    DISPATCH_ASSIGN,
    DISPATCH_EDIT,
    DISPATCH_OVERRIDE,
    DISPATCH_READ,
    DISPATCH_SETTINGS,
    SCHEDULE_EDIT,
)
from webapp.dispatch.queries import board as reading
from webapp.dispatch.queries import calendar, schedules
from webapp.dispatch.views import board_bp
from webapp.fleet import queries as fleet
from webapp.kit import assets, clock, json, pages, permissions
from webapp.kit import forms as kit_forms
from webapp.kit import words as kit_words
from webapp.kit.permissions import requires
from webapp.technicians import queries as technicians

VIEWS = (("day", "Day", "columns-3"), ("week", "Week", "calendar-days"), ("map", "Map", "map"),
         ("calendar", "Calendar", "calendar"), ("table", "Table", "list"))  # fmt: skip
TABS = {"unassigned": "Unassigned", "unconfirmed": "Unconfirmed", "on_hold": "On hold", "alerts": "Alerts"}
FIRST, LAST = date(2000, 1, 8), date(2099, 12, 1)


@dataclass(frozen=True, slots=True)
class Ask:
    """What the address asks for. `span`: of the calendar, month or week."""

    day: date
    view: str
    tab: str
    technician_ids: tuple[int, ...]
    zone_ids: tuple[int, ...]
    job_types: tuple[str, ...]
    span: str = "month"

    def url(self, path: str = "/dispatch", **changes: Any) -> str:
        """The address with changes; None leaves a parameter out."""
        found: dict[str, Any] = {
            "date": self.day, "view": self.view, "tab": self.tab if self.tab != "unassigned" else None,
            "technician": self.technician_ids, "zone": self.zone_ids, "type": self.job_types,
            "span": self.span if self.view == "calendar" and self.span != "month" else None, **changes,
        }  # fmt: skip
        pairs = {k: v for k, v in found.items() if v not in (None, "", ())}
        return f"{path}?{urlencode(pairs, doseq=True)}" if pairs else path

    @property
    def monday(self) -> date:
        return self.day - timedelta(days=self.day.weekday())

    @property
    def days(self) -> int:
        return 7 if self.view == "week" else 1


def read() -> Ask:
    """The address, understood; what cannot be read counts as not given."""
    args = request.args
    today = clock.today(settings.zone())
    try:
        day = date.fromisoformat(args.get("date", ""))
    except ValueError:
        day = today
    view, tab, span = args.get("view", "day"), args.get("tab", "unassigned"), args.get("span", "month")
    return Ask(
        min(max(day, FIRST), LAST),
        view if view in {v for v, _, _ in VIEWS} else "day",
        tab if tab in TABS else "unassigned",
        _numbers("technician"),
        _numbers("zone"),
        tuple(t for t in args.getlist("type") if t in words.TYPES),
        span if span in ("month", "week") else "month",
    )


def _numbers(name: str) -> tuple[int, ...]:
    found = (v for v in request.args.getlist(name) if v.isascii() and v.isdigit() and len(v) < 19)
    return tuple(sorted({int(v) for v in found}))


@board_bp.get("")
@requires(DISPATCH_READ)
def show() -> Response:
    """The board."""
    ask = read()
    if ask.view == "table":
        return table(ask)
    shared = _frame(ask)
    if ask.view == "calendar":
        return _calendar(ask, shared)
    data = _data(ask)
    if ask.view == "map":
        data["ground"] = _ground()
    return pages.render("dispatch/board.html", data=_embedded(data), counts=data["counts"], **shared)


@board_bp.get("/data")
@requires(DISPATCH_READ)
def data() -> Response:
    """What the board draws, anew: asked for by its script when something happened."""
    return json.answer(_data(read()))


def _data(ask: Ask) -> dict[str, Any]:
    how, zone = settings.present(), settings.zone()
    first = ask.monday if ask.view == "week" else ask.day
    found = reading.board(first, ask.days, how, zone, technician_ids=ask.technician_ids or None)
    tray = reading.tray(ask.tab, zone_ids=ask.zone_ids, job_types=ask.job_types)
    counts = reading.tray_counts(zone_ids=ask.zone_ids, job_types=ask.job_types)
    shown = board_data.whole(found, tray, counts, ask.tab, how, zone, reading.holidays(first, ask.days))
    shown["filters"] = {"zones": ask.zone_ids, "types": ask.job_types}
    shown["view"] = ask.view
    shown["may"] = {
        "assign": permissions.may(DISPATCH_ASSIGN), "override": permissions.may(DISPATCH_OVERRIDE),
        "edit": permissions.may(DISPATCH_EDIT), "blocks": permissions.may(SCHEDULE_EDIT),
    }  # fmt: skip
    return shown


def _ground() -> dict[str, Any]:
    """What lies under the map: our own outlines, and tiles where an address of theirs is configured."""
    known = current_app.config["SETTINGS"]
    return {"outlines": assets.asset("us-counties.json"), "tiles": known.map_tiles_url,
            "attribution": known.map_tiles_attribution}  # fmt: skip


def _embedded(data: dict[str, Any]) -> Markup:
    """JSON that may stand in a script element."""
    text = json.dumps(data).decode()
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704  # escaped just so


def _frame(ask: Ask) -> dict[str, Any]:
    """What stands around every view."""
    today = clock.today(settings.zone())
    return {
        "page_title": "Dispatch", "ask": ask, "today": today, "views": VIEWS, "tabs": TABS, "words": words,
        "title": _title(ask, today), "earlier": ask.url(date=_step(ask, -1)), "later": ask.url(date=_step(ask, 1)),
        "people": technicians.choices(), "zones": fleet.zone_names(), "optimize": offered("/dispatch/optimize"),
        "requests": schedules.leave_waiting() if permissions.may(SCHEDULE_EDIT) else 0,
        "settles": permissions.may(DISPATCH_SETTINGS),
    }  # fmt: skip


def _title(ask: Ask, today: date) -> str:
    if ask.view == "calendar" and ask.span == "month":
        return f"{ask.day:%B %Y}"
    if ask.view in ("week", "calendar"):
        first, last = ask.monday, ask.monday + timedelta(days=6)
        month = "" if first.month == last.month else f"{last:%b} "
        return f"{first:%b} {first.day} – {month}{last.day}, {last.year}"
    near = kit_words.date_words(ask.day, "date", zone=settings.zone())
    exact = f"{ask.day:%a, %b} {ask.day.day}"
    return exact if abs((ask.day - today).days) > 1 else f"{near}, {exact}"


def _step(ask: Ask, way: int) -> date:
    if ask.view == "calendar" and ask.span == "month":
        first = ask.day.replace(day=1)
        found = (
            (first - timedelta(days=1)).replace(day=1)
            if way < 0
            else (first + timedelta(days=31)).replace(day=1)
        )
    else:
        found = ask.day + timedelta(days=way * (7 if ask.view in ("week", "calendar") else 1))
    return min(max(found, FIRST), LAST)


def offered(rule: str) -> bool:
    """Whether some domain answers at an address: no link leads nowhere."""
    known = current_app.extensions.get("board_rules")
    if known is None:
        known = frozenset(r.rule for r in current_app.url_map.iter_rules())
        current_app.extensions["board_rules"] = known
    return rule in known


# Calendar -----------------------------------------------------------------------------------------------------------

SHOWN = {"month": 4, "week": 80}


def _calendar(ask: Ask, shared: dict[str, Any]) -> Response:
    first = ask.day.replace(day=1) if ask.span == "month" else ask.day
    first -= timedelta(days=first.weekday())
    weeks = 6 if ask.span == "month" else 1
    if ask.span == "month":
        after = (ask.day.replace(day=1) + timedelta(days=31)).replace(day=1)
        weeks = -(-(after - first).days // 7)
    found = calendar.days(
        first, first + timedelta(days=7 * weeks - 1), settings.zone(), each=SHOWN[ask.span],
        technician_ids=ask.technician_ids, zone_ids=ask.zone_ids, job_types=ask.job_types,
    )  # fmt: skip
    rows = [[(day := first + timedelta(days=7 * w + n), found[day]) for n in range(7)] for w in range(weeks)]
    return pages.render(
        "dispatch/calendar.html", block={"calendar": "calendar"}, weeks=rows, month=ask.day.month, **shared
    )


# Table --------------------------------------------------------------------------------------------------------------


def table(ask: Ask, form: forms.TableForm | None = None, status: int = 200) -> Response:
    """Lanes and tray as one table with one form: choose a visit, say who and when."""
    how, zone = settings.present(), settings.zone()
    shared = _frame(ask)
    found = reading.board(ask.day, 1, how, zone, technician_ids=ask.technician_ids or None)
    tray = reading.tray(ask.tab, zone_ids=ask.zone_ids, job_types=ask.job_types)
    counts = reading.tray_counts(zone_ids=ask.zone_ids, job_types=ask.job_types)
    late = board_data.running_late(found, zone)
    if form is None:
        form = forms.TableForm(formdata=None, technician_id="same")
        form.technician_id.choices = kit_forms.choices(
            [("same", "As it is"), ("", "Nobody"), *shared["people"]]
        )
    return pages.render(
        "dispatch/table.html", block={"table": "table"}, status=status, found=found, tray=tray, form=form,
        counts=counts | {"alerts": counts["alerts"] + len(late)},
        states={lane.id: board_data.state_of(lane, found) for lane in found.lanes},
        marks=registry.marks_of({row.job_id for row in (*tray, *found.visits.values())}), **shared,
    )  # fmt: skip


def on(ask: Ask, view: str) -> Ask:
    """The same day and filters in another view."""
    return replace(ask, view=view)

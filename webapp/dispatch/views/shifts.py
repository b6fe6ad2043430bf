"""When technicians work, and how each is dispatched: a grid of technicians and weekdays, and days that differ."""

from datetime import date
from typing import Any

from flask import Response, request

from webapp.dispatch import schedule_forms, settings
from webapp.dispatch.permissions import DISPATCH_READ, SCHEDULE_EDIT
from webapp.dispatch.queries import schedules as reading
from webapp.dispatch.schedule_forms import DayForm, ProfileForm, WeekForm
from webapp.dispatch.service import profiles
from webapp.dispatch.service import shifts as service
from webapp.dispatch.views import board_bp
from webapp.kit import clock, errors, geo, pages
from webapp.kit import forms as kit_forms
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import Shift, Technician
from webapp.technicians import queries as technicians

HOME = "/dispatch/shifts"


@board_bp.get("/shifts")
@requires(DISPATCH_READ)
def shifts() -> Response:
    """The week of every technician, what comes after it, and single days."""
    today = clock.today(settings.zone())
    staff = reading.staff(today, everybody=True)
    found = reading.shifts_of([p.id for p in staff], on_dates_from=today)
    names = {p.id: p.name for p in staff}
    days = sorted(
        (s for each in found.values() for s in each if s.on_date is not None),
        key=lambda s: (s.on_date, names[s.technician_id]),
    )
    return pages.render(
        "dispatch/shifts.html", block={"shifts": "shifts"}, page_title="Shifts", staff=staff,
        weeks={p.id: [_cell(found[p.id], n, today) for n in range(7)] for p in staff}, known={p.id for p in staff if found[p.id]},
        weekdays=schedule_forms.WEEKDAYS, company=_company(), days=days, names=names, time=schedule_forms.time_words,
        span=_span,
    )  # fmt: skip


def _span(shift: Shift) -> str:
    return f"{schedule_forms.time_words(shift.starts_minute)}–{schedule_forms.time_words(shift.ends_minute)}"


def _company() -> list[str]:
    hours = settings.present().business_hours
    words = schedule_forms.time_words
    return [f"{words(hours[n][0])}–{words(hours[n][1])}" if n in hours else "" for n in range(7)]


def _cell(found: list[Shift], weekday: int, today: date) -> dict[str, Any]:
    """What holds on a weekday now, and what is going to."""
    mine = [s for s in found if s.weekday == weekday and (s.valid_until is None or s.valid_until >= today)]
    return {
        "now": [s for s in mine if s.valid_from is None or s.valid_from <= today],
        "later": [s for s in mine if s.valid_from is not None and s.valid_from > today],
    }


@board_bp.route("/shifts/<int:technician_id>/week", methods=["GET", "POST"])
@requires(SCHEDULE_EDIT)
def week(technician_id: int) -> Response:
    """Set the hours of some weekdays; `?weekday=` begins with one."""
    who = get(Technician, technician_id, what="technician")
    weekday = request.args.get("weekday", type=int)
    today = clock.today(settings.zone())
    now = _cell(
        reading.shifts_of([technician_id])[technician_id], weekday if weekday is not None else 0, today
    )["now"]
    hours = settings.present().business_hours
    begins, ends = hours.get(weekday if weekday is not None else 0, (480, 1020))
    data: dict[str, Any] = {"weekdays": [weekday] if weekday in range(7) else [0, 1, 2, 3, 4], "starts_minute": begins,
                            "ends_minute": ends}  # fmt: skip
    if now:
        data |= {"starts_minute": now[0].starts_minute, "ends_minute": now[0].ends_minute}
    if len(now) > 1:
        data |= {"again_from": now[1].starts_minute, "again_until": now[1].ends_minute}
    form = WeekForm(data=data)

    def act() -> None:
        service.set_week(technician_id, form.weekdays.data or [], _spans(form), valid_from=form.valid_from.data,
                         valid_until=form.valid_until.data)  # fmt: skip
        pages.toast(f"The hours of {who.name} are saved.")

    return dialog(
        "dispatch/week_hours.html", form, act, f"Hours of {who.name}", f"{HOME}/{technician_id}/week"
    )


def _spans(form: WeekForm) -> list[tuple[int, int]]:
    """The spans of a form; one that ends earlier than it begins goes on into the next day. Raises Invalid."""
    if form.off.data:
        return []
    found = []
    pairs = ((form.starts_minute, form.ends_minute), (form.again_from, form.again_until))
    for position, (start, end) in enumerate(pairs):
        if start.data is None and end.data is None and position:
            continue
        if start.data is None or end.data is None:
            raise errors.Invalid.one(
                start.name if start.data is None else end.name,
                "Give both times, or say that it is a day off.",
            )
        found.append((start.data, end.data if end.data > start.data else end.data + 1440))
    return found


@board_bp.route("/shifts/days/new", methods=["GET", "POST"])
@requires(SCHEDULE_EDIT)
def new_day() -> Response:
    """A single day with other hours, or off."""
    form = DayForm(
        data={
            "technician_id": request.args.get("technician", type=int),
            "starts_minute": 480,
            "ends_minute": 1020,
        }
    )
    form.technician_id.choices = kit_forms.choices(technicians.choices())

    def act() -> None:
        start, end = (0, 0) if form.off.data else (form.starts_minute.data, form.ends_minute.data)
        if start is None or end is None:
            raise errors.Invalid.one("starts_minute", "Give both times, or say that it is a day off.")
        end = end if form.off.data or end > start else end + 1440
        service.create(
            form.technician_id.data,
            {"on_date": form.on_date.data, "starts_minute": start, "ends_minute": end},
        )
        pages.toast("That day is saved.")

    return dialog("dispatch/day_hours.html", form, act, "A single day", f"{HOME}/days/new")


@board_bp.post("/shifts/<int:shift_id>/delete")
@requires(SCHEDULE_EDIT)
def delete_shift(shift_id: int) -> Response:
    """Take a single day, or hours that are to come, away."""
    service.remove(shift_id)
    pages.toast("Those hours are gone.")
    return _after()


@board_bp.route("/profiles/<int:technician_id>", methods=["GET", "POST"])
@requires(SCHEDULE_EDIT)
def profile(technician_id: int) -> Response:
    """How a technician is dispatched."""
    who = get(Technician, technician_id, what="technician")
    found = reading.profile_of(technician_id)
    names = (
        "dispatched",
        "position",
        "start_address",
        "end_address",
        "lunch_minutes",
        "lunch_from",
        "lunch_until",
    )
    form = ProfileForm(data={n: getattr(found, n) for n in names} if found is not None else None)

    def act() -> None:
        changes = {n: getattr(form, n).data for n in names}
        for address, latitude, longitude in (("start_address", "latitude", "longitude"),
                                             ("end_address", "end_latitude", "end_longitude")):  # fmt: skip
            if found is None or changes[address] != getattr(found, address):
                place = _middle(changes[address])
                changes |= {latitude: place[0] if place else None, longitude: place[1] if place else None}
        profiles.change(technician_id, changes)
        pages.toast(f"{who.name} is dispatched as you said.")

    return dialog(
        "dispatch/profile.html",
        form,
        act,
        f"How {who.name} is dispatched",
        f"/dispatch/profiles/{technician_id}",
    )


def _middle(address: str) -> geo.Point | None:
    """The middle of the ZIP code that an address ends with."""
    words = address.replace(",", " ").split()
    for word in reversed(words):
        if geo.is_zip(word[:5]):
            return geo.zip_centroid(word[:5])
    return None


def _after() -> Response:
    return pages.done("dispatch-changed") if pages.is_htmx() else pages.redirect(HOME)


def dialog(
    template: str, form: Any, act: Any, title: str, action: str, back: str = HOME, after: Any = _after
) -> Response:
    """A dialog: asks, acts, shows what is wrong at its form."""
    refused = request.method == "POST"
    if refused and form.validate():
        try:
            act()
        except errors.AppError as problem:
            form.blame(problem)
        else:
            answer: Response = after()
            return answer
    return pages.render(template, block="form" if refused else {"dialog": "dialog"}, status=422 if refused else 200,
                        page_title=title, title=title, form=form, action=action, back=back)  # fmt: skip


def closing(back: str) -> Any:
    """What a dialog of another page answers when it is done."""
    return lambda: pages.done("dispatch-changed") if pages.is_htmx() else pages.redirect(back)

"""The rota of who is on call: turns, gaps, and dealing out a rotation."""

from datetime import timedelta
from typing import Any

from flask import Response

from webapp.dispatch import forms, settings
from webapp.dispatch.permissions import DISPATCH_READ, SCHEDULE_EDIT
from webapp.dispatch.queries import schedules as reading
from webapp.dispatch.rules import schedules
from webapp.dispatch.schedule_forms import RotationForm, TurnForm
from webapp.dispatch.service import shifts as service
from webapp.dispatch.service import undo
from webapp.dispatch.views import board_bp
from webapp.dispatch.views.shifts import closing, dialog
from webapp.kit import clean, clock, errors, pages
from webapp.kit import forms as kit_forms
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import OnCallTurn
from webapp.technicians import queries as technicians

HOME = "/dispatch/on-call"
AHEAD = timedelta(days=91)


@board_bp.get("/on-call")
@requires(DISPATCH_READ)
def rota() -> Response:
    """Who is on call now, and the turns of the next three months with the gaps between them."""
    now = clock.now()
    turns = reading.turns(now - timedelta(days=7), now + AHEAD)
    coming = [t for t in turns if t.ends_at > now]
    gaps: list[Any] = []
    if coming:
        last = max(t.ends_at for t in coming)
        gaps = schedules.gaps([(t.starts_at, t.ends_at) for t in coming], now, last)
    lines = [{"turn": t, "at": t.starts_at} for t in turns] + [{"gap": g, "at": g[0]} for g in gaps]
    return pages.render(
        "dispatch/on_call.html", block={"rota": "rota"}, page_title="On call",
        now=[t for t in turns if t.starts_at <= now < t.ends_at],
        lines=sorted(lines, key=lambda line: line["at"]), moment=now, phone=clean.phone_words,
    )  # fmt: skip


@board_bp.route("/on-call/new", methods=["GET", "POST"])
@requires(SCHEDULE_EDIT)
def new_turn() -> Response:
    """Put somebody on call for a time."""
    form = TurnForm()
    form.technician_id.choices = kit_forms.choices(technicians.choices())

    def act() -> None:
        service.add_turn(form.technician_id.data, _values(form))
        pages.toast("The turn is on the rota.")

    return dialog("dispatch/turn.html", form, act, "New turn", f"{HOME}/new", HOME, closing(HOME))


@board_bp.route("/on-call/<int:turn_id>", methods=["GET", "POST"])
@requires(SCHEDULE_EDIT)
def edit_turn(turn_id: int) -> Response:
    """Change a turn, or give it to somebody else."""
    turn, zone = get(OnCallTurn, turn_id, what="on-call turn"), settings.zone()
    form = TurnForm(data={"technician_id": turn.technician_id, "note": turn.note,
                          "starts_at": forms.local(turn.starts_at, zone), "ends_at": forms.local(turn.ends_at, zone)})  # fmt: skip
    form.technician_id.choices = kit_forms.choices(technicians.choices(with_id=turn.technician_id))

    def act() -> None:
        service.change_turn(turn_id, _values(form), technician_id=form.technician_id.data)
        pages.toast("The turn is changed.")

    return dialog("dispatch/turn.html", form, act, "Change turn", f"{HOME}/{turn_id}", HOME, closing(HOME))


@board_bp.post("/on-call/<int:turn_id>/delete")
@requires(SCHEDULE_EDIT)
def delete_turn(turn_id: int) -> Response:
    """Take a turn off the rota."""
    kept = service.remove_turn(turn_id)
    token = undo.of_removed("turn-removed", kept)
    pages.toast("The turn is off the rota.", undo_url=f"/dispatch/undo/{token}?next={HOME}")
    return pages.done("dispatch-changed") if pages.is_htmx() else pages.redirect(HOME)


@board_bp.route("/on-call/rotation", methods=["GET", "POST"])
@requires(SCHEDULE_EDIT)
def rotation() -> Response:
    """Deal out turns in an order, again and again."""
    today = clock.today(settings.zone())
    form = RotationForm(data={"first_day": today + timedelta(days=(4 - today.weekday()) % 7), "days": 7, "turns": 12,
                              "change_minute": 1020})  # fmt: skip
    people = technicians.choices()
    form.technician_ids.choices = kit_forms.choices(people)
    form.begins_with.choices = kit_forms.choices([("", "The first of them"), *people])

    def act() -> None:
        first, minute = form.first_day.data, form.change_minute.data
        assert first is not None  # the form requires both
        assert minute is not None
        made = service.deal_out(_in_turn(form), first=first, days=form.days.data,
                                minute=minute, turns=form.turns.data)  # fmt: skip
        pages.toast(f"{len(made)} turns are on the rota.")

    return dialog(
        "dispatch/rotation.html", form, act, "Make a rotation", f"{HOME}/rotation", HOME, closing(HOME)
    )


def _in_turn(form: RotationForm) -> list[int]:
    """Who takes turns, beginning with the one that was chosen."""
    found = [value for value, _ in technicians.choices() if value in (form.technician_ids.data or [])]
    if form.begins_with.data is None:
        return found
    if form.begins_with.data not in found:
        raise errors.Invalid.one("begins_with", "Choose one of those who take turns.")
    at = found.index(form.begins_with.data)
    return found[at:] + found[:at]


def _values(form: TurnForm) -> dict[str, Any]:
    zone = settings.zone()
    return {"starts_at": forms.moment(form.starts_at.data, zone), "ends_at": forms.moment(form.ends_at.data, zone),
            "note": form.note.data}  # fmt: skip

"""Presets of the booking screen: what people call about."""

from flask import Response

from webapp.appointments.forms import PresetForm
from webapp.appointments.permissions import APPOINTMENTS_SETTINGS
from webapp.appointments.queries import booking as queries
from webapp.appointments.service import booking as service
from webapp.appointments.views import presets_bp as bp
from webapp.dispatch.rules import values
from webapp.kit import errors, money, pages
from webapp.kit import forms as kit_forms
from webapp.kit import words as kit_words
from webapp.kit.permissions import requires

HOME = "/settings/booking"


@bp.get("")
@requires(APPOINTMENTS_SETTINGS)
def index() -> Response:
    """All presets."""
    return _page(PresetForm(formdata=None, minutes=60), None)


@bp.post("")
@requires(APPOINTMENTS_SETTINGS)
def create() -> Response:
    """Add one."""
    return _save(None)


@bp.get("/<int:position>")
@requires(APPOINTMENTS_SETTINGS)
def edit(position: int) -> Response:
    """One preset, to be changed."""
    preset = _preset(position)
    form = PresetForm(formdata=None, title=preset.title, job_type=preset.job_type, minutes=preset.minutes,
                      item_id=preset.item_id, skills=[skill for skill, _ in preset.skills])  # fmt: skip
    return _page(form, position)


@bp.post("/<int:position>")
@requires(APPOINTMENTS_SETTINGS)
def update(position: int) -> Response:
    """Change one."""
    _preset(position)
    return _save(position)


@bp.post("/<int:position>/remove")
@requires(APPOINTMENTS_SETTINGS)
def remove(position: int) -> Response:
    """Take one away."""
    name = _preset(position).title
    service.remove_preset(str(position))
    pages.toast(f"“{name}” is gone.")
    return pages.redirect(HOME)


def _preset(position: int) -> service.Preset:
    found = service.presets()
    if position >= len(found) or not found[position].key.isdecimal():
        raise errors.NotFound("There is no such preset any more.")
    return found[position]


def _save(position: int | None) -> Response:
    form = PresetForm()
    _fill(form)
    if form.validate():
        levels = dict(_preset(position).skills) if position is not None else {}
        new = service.Preset(
            "", form.title.data or "", form.job_type.data, form.minutes.data,
            tuple((n, levels.get(n, 1)) for n in form.skills.data or ()), form.item_id.data,
        )  # fmt: skip
        try:
            service.save_preset(None if position is None else str(position), new)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"“{new.title}” is saved.")
            return pages.redirect(HOME)
    return _page(form, position, 422)


def _fill(form: PresetForm) -> None:
    form.item_id.choices = kit_forms.choices([("", "None"), *queries.item_choices()])
    form.skills.choices = kit_forms.choices(queries.skill_names().items())


def _page(form: PresetForm, position: int | None, status: int = 200) -> Response:
    _fill(form)
    found = [
        {"label": p.title, "url": f"{HOME}/{p.key}", "icon": "phone-call",
         "hint": " · ".join(x for x in (values.JOB_TYPES[p.job_type], kit_words.plural(p.minutes, "minute"), p.item) if x),
         "meta": money.dollars(p.price_cents) if p.price_cents is not None else ""}
        for p in service.presets() if p.key.isdecimal()
    ]  # fmt: skip
    return pages.render("appointments/presets.html", block="form" if status == 422 else None, status=status,
                        page_title="Booking a call", form=form, found=found, position=position)  # fmt: skip

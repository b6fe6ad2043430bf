"""Settings of dispatch."""

from typing import Any

from flask import Response

from webapp.dispatch import settings
from webapp.dispatch.permissions import DISPATCH_SETTINGS
from webapp.dispatch.schedule_forms import WEEKDAYS, PreferencesForm
from webapp.dispatch.service import preferences as service
from webapp.dispatch.views import settings_bp
from webapp.kit import errors, pages
from webapp.kit.permissions import requires

PLAIN = ("board_from", "board_until", "window_minutes", "emergency_minutes", "drive_mph", "reminder_hours", "tracking",
         "require_signature")  # fmt: skip


@settings_bp.get("")
@requires(DISPATCH_SETTINGS)
def show() -> Response:
    """The settings in force, to be changed."""
    now = settings.present()
    data: dict[str, Any] = {n: getattr(now, n) for n in PLAIN}
    for day, (opens, closes) in now.business_hours.items():
        data |= {f"opens_{day}": opens, f"closes_{day}": closes}
    return _page(PreferencesForm(formdata=None, data=data))


@settings_bp.post("")
@requires(DISPATCH_SETTINGS)
def save() -> Response:
    """Change them."""
    form = PreferencesForm()
    if form.validate():
        try:
            service.change({n: getattr(form, n).data for n in PLAIN} | {"business_hours": _hours(form)})
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast("The settings of dispatch are saved.")
            return pages.redirect("/settings/dispatch")
    return _page(form, 422)


def _hours(form: PreferencesForm) -> dict[str, list[int]]:
    found, problems = {}, []
    for day in range(7):
        opens, closes = form[f"opens_{day}"].data, form[f"closes_{day}"].data
        if opens is None and closes is None:
            continue
        if opens is None or closes is None:
            name = f"opens_{day}" if opens is None else f"closes_{day}"
            problems.append(
                errors.FieldProblem(name, "Give both times, or neither for a day that is closed.")
            )
            continue
        found[str(day)] = [opens, closes or 1440]
    if problems:
        raise errors.Invalid(problems[0].message, problems=problems)
    return found


def _page(form: PreferencesForm, status: int = 200) -> Response:
    return pages.render("dispatch/preferences.html", block="form" if status == 422 else None, status=status,
                        page_title="Dispatch", form=form, weekdays=WEEKDAYS)  # fmt: skip

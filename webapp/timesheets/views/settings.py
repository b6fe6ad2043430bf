"""Settings of working time."""

from flask import Response

from webapp.kit import errors, pages
from webapp.kit.permissions import requires
from webapp.timesheets import queries, service
from webapp.timesheets.forms import SettingsForm
from webapp.timesheets.permissions import SETTINGS
from webapp.timesheets.views import settings_bp


@settings_bp.get("")
@requires(SETTINGS)
def show() -> Response:
    """The settings in force, to be changed."""
    known = queries.settings()
    latest = known.changes[-1].weekday if known.changes else known.first_weekday
    form = SettingsForm(formdata=None, weekday=latest, overtime=known.overtime,
                        missing_after_hours=known.missing_after_hours)  # fmt: skip
    return _page(form)


@settings_bp.post("")
@requires(SETTINGS)
def save() -> Response:
    """Change them."""
    form = SettingsForm()
    if form.validate():
        try:
            service.settings.change(weekday=form.weekday.data, overtime=form.overtime.data,
                                    missing_after_hours=form.missing_after_hours.data)  # fmt: skip
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast("The settings of time are saved.")
            return pages.redirect("/settings/time")
    return _page(form, status=422)


def _page(form: SettingsForm, status: int = 200) -> Response:
    known, today = queries.settings(), queries.today()
    coming = [c for c in known.changes if c.since > today]
    return pages.render(
        "timesheets/settings.html",
        block="form" if status == 422 else None,
        status=status,
        page_title="Working time",
        form=form,
        week=known.week_of(today),
        coming=coming[0] if coming else None,
    )

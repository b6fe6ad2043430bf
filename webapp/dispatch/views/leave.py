"""A technician asks for time off."""

from flask import Response

from webapp.dispatch import settings
from webapp.dispatch.permissions import DISPATCH_OWN
from webapp.dispatch.queries import own
from webapp.dispatch.queries import schedules as reading
from webapp.dispatch.schedule_forms import LeaveForm
from webapp.dispatch.service import blocks as service
from webapp.dispatch.views import own_bp
from webapp.kit import clock, errors, pages
from webapp.kit.permissions import requires


@own_bp.get("")
@requires(DISPATCH_OWN)
def index() -> Response:
    """What I asked for, what became of it, and the form for more."""
    return _page(LeaveForm(formdata=None))


@own_bp.post("")
@requires(DISPATCH_OWN)
def ask() -> Response:
    """Ask for time off."""
    form, zone = LeaveForm(), settings.zone()
    if form.validate():
        try:
            service.ask_for_leave(*form.span(zone), form.note.data)
        except errors.AppError as problem:
            form.blame(_at_fields(problem))
        else:
            pages.toast("Asked. The office decides, and you see it here.")
            return pages.redirect("/my/time-off")
    return _page(form, 422)


@own_bp.post("/<int:block_id>/withdraw")
@requires(DISPATCH_OWN)
def withdraw(block_id: int) -> Response:
    """Take a request back."""
    service.withdraw(block_id)
    pages.toast("The request is taken back.")
    return pages.redirect("/my/time-off")


def _at_fields(problem: errors.AppError) -> errors.AppError:
    """The problem at the field of the form that its time comes from."""
    if isinstance(problem, errors.Invalid):
        names = {"starts_at": "first_day", "ends_at": "last_day"}
        return errors.Invalid(
            problems=[errors.FieldProblem(names.get(p.field, p.field), p.message) for p in problem.problems]
        )
    return problem


def _page(form: LeaveForm, status: int = 200) -> Response:
    found = reading.leave("", technician_id=own.me(), limit=40)
    return pages.render("dispatch/own_leave.html", block="form" if status == 422 else None, status=status,
                        page_title="Time off", form=form, found=found, now=clock.now())  # fmt: skip

"""One technician in a period, and the amounts added by hand."""

from typing import Any

from flask import Response, request

from webapp.kit import errors, money, pages, pdf
from webapp.kit.db import rows
from webapp.kit.permissions import may, requires
from webapp.models import PayLine
from webapp.sales.pay import answers, exports, manual, periods, queries
from webapp.sales.pay.forms import AmountForm, RejectForm, ReplyForm
from webapp.sales.pay.permissions import PAYROLL_APPROVE, PAYROLL_MANUAL, PAYROLL_READ
from webapp.sales.pay.views import bp
from webapp.sales.pay.views.listing import state_of
from webapp.sales.pay.views.show import line_row


@bp.get("/<int:period_id>/technicians/<int:technician_id>")
@requires(PAYROLL_READ)
def technician(period_id: int, technician_id: int) -> Response:
    """Every line of one technician in a period, with its arithmetic."""
    period = queries.period(period_id)
    statement = queries.statement(period, technician_id)
    waiting = [line_row(queries.line_of(row)) for row in rows(queries.waiting(period_id, technician_id))]
    home = f"/pay-periods/{period_id}/technicians/{technician_id}"
    add = {
        "label": "Add amount",
        "url": f"/pay-periods/{period_id}/amounts/new?technician={technician_id}",
        "icon": "plus",
        "dialog": True,
        "key": "n",
    }
    return pages.render(
        "sales/pay/technician.html",
        block={"record": "record"},
        page_title=f"{statement.name}, {periods.short(period)}",
        period=period,
        label=periods.short(period),
        state=state_of(period),
        statement=statement,
        waiting=waiting,
        home=home,
        primary=add if period.status == "open" and may(PAYROLL_MANUAL) else None,
        may_approve=may(PAYROLL_APPROVE),
        may_change=may(PAYROLL_MANUAL),
        said=answers.standing(period, queries.answer(period_id, technician_id), statement.totals.total_cents),
    )


@bp.route("/<int:period_id>/technicians/<int:technician_id>/reply", methods=["GET", "POST"])
@requires(PAYROLL_APPROVE)
def reply(period_id: int, technician_id: int) -> Response:
    """Answer what a technician says is wrong."""
    period, form = queries.period(period_id), ReplyForm()
    name, home = (
        queries.technician(technician_id).name,
        f"/pay-periods/{period_id}/technicians/{technician_id}",
    )
    failed = request.method == "POST"
    if failed and form.validate():
        try:
            answers.reply(period_id, technician_id, form.reply.data)
        except errors.Invalid as problem:
            form.blame(problem)
        else:
            pages.toast(f"{name} is told.")
            return pages.redirect(home)
    return pages.render(
        "sales/pay/reply.html",
        block="form" if failed else {"dialog": "dialog"},
        status=422 if failed else 200,
        page_title=f"Answer {name}",
        form=form,
        name=name,
        label=periods.short(period),
        said=queries.answer(period_id, technician_id),
        home=home,
    )


@bp.get("/<int:period_id>/technicians/<int:technician_id>/statement.pdf")
@requires(PAYROLL_READ)
def technician_statement(period_id: int, technician_id: int) -> Response:
    """A technician's statement as PDF."""
    period = queries.period(period_id)
    name = queries.technician(technician_id).name
    return pdf.response(exports.statement_pdf(period, technician_id), exports.statement_name(period, name))


@bp.route("/<int:period_id>/amounts/new", methods=["GET", "POST"])
@requires(PAYROLL_MANUAL)
def add_amount(period_id: int) -> Response:
    """Add an amount to a period."""
    period, form = queries.period(period_id), AmountForm()
    form.technician_id.choices = [("", "Choose a technician"), *queries.everybody()]
    if request.method == "GET":
        form.technician_id.data = request.args.get("technician", type=int)
    elif form.validate():
        try:
            line = manual.add(period_id, form.draft())
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            return _done(line, "is added and waits for approval.")
    return _dialog(form, f"/pay-periods/{period_id}/amounts/new", "Add an amount", "Add amount", period)


@bp.route("/<int:period_id>/amounts/<int:line_id>/edit", methods=["GET", "POST"])
@requires(PAYROLL_MANUAL)
def edit_amount(period_id: int, line_id: int) -> Response:
    """Change an amount that is still pending."""
    period, line = queries.period(period_id), queries.manual_line(period_id, line_id)
    form = AmountForm()
    name = queries.technician(line.technician_id).name
    form.technician_id.choices = [(line.technician_id, name)]
    if request.method == "GET":
        form.technician_id.data, form.kind.data, form.reason.data = line.technician_id, line.kind, line.reason
        form.amount_cents.data = line.guarantee_cents or abs(line.amount_cents)
    elif form.validate():
        try:
            manual.edit(line_id, form.draft())
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            return _done(line, "is changed.")
    return _dialog(
        form, f"/pay-periods/{period_id}/amounts/{line_id}/edit", "Change the amount", "Save", period
    )


def _dialog(form: AmountForm, action: str, title: str, submit: str, period: Any) -> Response:
    failed = request.method == "POST"
    return pages.render(
        "sales/pay/amount.html",
        block="form" if failed else {"dialog": "dialog"},
        status=422 if failed else 200,
        page_title=title,
        form=form,
        action=action,
        title=title,
        submit=submit,
        label=periods.short(period),
        back=f"/pay-periods/{period.id}",
    )


@bp.post("/<int:period_id>/amounts/<int:line_id>/approve")
@requires(PAYROLL_APPROVE)
def approve_amount(period_id: int, line_id: int) -> Response:
    """Let an amount count."""
    queries.manual_line(period_id, line_id)
    return _done(manual.approve(line_id), "is approved and counts.")


@bp.route("/<int:period_id>/amounts/<int:line_id>/reject", methods=["GET", "POST"])
@requires(PAYROLL_APPROVE)
def reject_amount(period_id: int, line_id: int) -> Response:
    """Turn an amount down, or take an approved one out."""
    line, form = queries.manual_line(period_id, line_id), RejectForm()
    if request.method == "POST" and form.validate():
        return _done(manual.reject(line_id, form.reason.data), "does not count.")
    name = queries.technician(line.technician_id).name
    return pages.render(
        "sales/pay/reject.html",
        block={"dialog": "dialog"},
        page_title="Turn the amount down",
        form=form,
        line=line,
        kind=manual.KINDS[line.kind],
        name=name,
        action=f"/pay-periods/{period_id}/amounts/{line_id}/reject",
        back=_home(line),
    )


@bp.post("/<int:period_id>/amounts/<int:line_id>/withdraw")
@requires(PAYROLL_MANUAL)
def withdraw_amount(period_id: int, line_id: int) -> Response:
    """Take back an amount that nobody has decided on yet."""
    queries.manual_line(period_id, line_id)
    return _done(manual.withdraw(line_id), "is taken back.")


def _home(line: PayLine) -> str:
    return f"/pay-periods/{line.pay_period_id}/technicians/{line.technician_id}"


def _done(line: PayLine, what: str) -> Response:
    cents = line.guarantee_cents if line.guarantee_cents is not None else abs(line.amount_cents)
    pages.toast(f"{manual.KINDS[line.kind]} of {money.dollars(cents)} {what}")
    return pages.redirect(pages.back(_home(line)))

"""A technician's own pay on the phone."""

from flask import Response, request

from webapp.kit import context, errors, money, pages, pdf
from webapp.kit.db import rows
from webapp.kit.permissions import requires
from webapp.models import PayPeriod
from webapp.sales.pay import answers, exports, periods, queries
from webapp.sales.pay.forms import DisputeForm
from webapp.sales.pay.permissions import PAY_ANSWER, PAY_OWN
from webapp.sales.pay.views import own_bp


@own_bp.get("")
@requires(PAY_OWN)
def index() -> Response:
    """This period so far, line by line, and earlier statements."""
    periods.ensure_ahead()
    return _page(periods.covering(periods.today()), back="")


@own_bp.get("/<int:period_id>")
@requires(PAY_OWN)
def show(period_id: int) -> Response:
    """One's own pay in one period."""
    return _page(_begun(period_id), back="/my/pay")


@own_bp.get("/<int:period_id>/statement.pdf")
@requires(PAY_OWN)
def statement(period_id: int) -> Response:
    """One's own statement as PDF."""
    technician_id = _me()
    period = _begun(period_id)
    name = queries.technician(technician_id).name
    document = exports.statement_pdf(period, technician_id, reader_id=technician_id)
    return pdf.response(document, exports.statement_name(period, name))


@own_bp.post("/<int:period_id>/approve")
@requires(PAY_ANSWER)
def approve(period_id: int) -> Response:
    """Say that it is right."""
    row = answers.approve(period_id)
    pages.toast(f"You approved {money.dollars(row.total_cents)}.")
    return pages.redirect(_home(period_id))


@own_bp.route("/<int:period_id>/dispute", methods=["GET", "POST"])
@requires(PAY_ANSWER)
def dispute(period_id: int) -> Response:
    """Say what is wrong."""
    period, form = _begun(period_id), DisputeForm()
    if request.method == "POST" and form.validate():
        try:
            answers.dispute(period_id, form.note.data)
        except errors.Invalid as problem:
            form.blame(problem)
        else:
            pages.toast("The office is told and will answer you.")
            return pages.redirect(_home(period_id))
    failed = request.method == "POST"
    return pages.render(
        "sales/pay/dispute.html",
        block="form" if failed else None,
        status=422 if failed else 200,
        page_title="Something is wrong",
        back_url=_home(period_id),
        form=form,
        period=period,
        label=periods.short(period),
    )


def _home(period_id: int) -> str:
    return f"/my/pay/{period_id}"


def _begun(period_id: int) -> PayPeriod:
    period = queries.period(period_id)
    if period.start_date > periods.today():
        raise errors.NotFound(f"{periods.short(period)} has not begun yet.")
    return period


def _page(period: PayPeriod, *, back: str) -> Response:
    technician_id = _me()
    mine = queries.statement(period, technician_id, reader_id=technician_id)
    waiting = [queries.line_of(row, technician_id) for row in rows(queries.waiting(period.id, technician_id))]
    earlier = queries.earlier_statements(technician_id) if not back else []
    return pages.render(
        "sales/pay/own.html",
        page_title="My pay" if not back else periods.short(period),
        back_url=back or None,
        period=period,
        label=periods.short(period),
        statement=mine,
        waiting=waiting,
        waiting_cents=sum(line.amount_cents for line in waiting),
        earlier=[(p, periods.label(p), cents) for p, cents in earlier],
        is_present=not back,
        said=answers.standing(period, queries.answer(period.id, technician_id), mine.totals.total_cents),
    )


def _me() -> int:
    """The technician who is signed in. Raises Forbidden for anyone else."""
    found = context.principal().technician_id
    if found is None:
        raise errors.Forbidden("Your account is not connected to a technician, so there is no pay of yours.")
    return found

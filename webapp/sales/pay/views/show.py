"""One pay period: what is in it, what stands in the way, approving, closing, reopening, files."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask import Response, request

from webapp.accounts import queries as accounts
from webapp.downloads import service as downloads
from webapp.kit import errors, money, pages, pdf, words
from webapp.kit.db import rows
from webapp.kit.permissions import may, requires
from webapp.models import PayPeriod
from webapp.sales.pay import answers, closing, exports, history, manual, periods, queries, totals
from webapp.sales.pay.forms import ReasonForm
from webapp.sales.pay.permissions import PAYROLL_APPROVE, PAYROLL_CLOSE, PAYROLL_READ
from webapp.sales.pay.views import bp
from webapp.sales.pay.views.listing import quiet, state_of

MOST_SHOWN = 200  # pending or moved lines on one page
TABS = ("technicians", "pending", "moved")


@bp.get("/<int:period_id>")
@requires(PAYROLL_READ)
def show(period_id: int) -> Response:
    """A pay period."""
    period = queries.period(period_id)
    tab = request.args.get("tab", "")
    held, people = queries.standing(period), totals.by_technician(period)
    whole = totals.together(people)
    heard = answers.heard(period, people)
    entries, following = history.entries(period.id)
    before, after = queries.neighbours(period)
    return pages.render(
        "sales/pay/show.html",
        block={"record": "record"},
        page_title=periods.label(period),
        period=period,
        label=periods.label(period),
        state=state_of(period),
        tab=tab if tab in TABS else "technicians",
        people=[_person(one, heard[one.id]) for one in people],
        whole=whole,
        sums=quiet(whole.as_json()),
        standing=held,
        before=before,
        after=after,
        labels={p.id: periods.short(p) for p in (before, after) if p},
        pending=_pending(period, tab),
        moved=_moved(period, tab),
        most=MOST_SHOWN,
        checks=_checks(period, held, heard),
        actions=_actions(period, whole.lines),
        entries=entries,
        more_url=f"/pay-periods/{period.id}/timeline?before={following}" if following else None,
    )


def _person(one: totals.TechnicianTotals, said: str) -> dict[str, Any]:
    facts = {"id": one.id, "name": one.technician_name, "employee_number": one.employee_number, "said": said}
    return facts | quiet(one.as_json())


@bp.get("/<int:period_id>/timeline")
@requires(PAYROLL_READ)
def timeline(period_id: int) -> Response:
    """The next piece of a period's timeline."""
    period = queries.period(period_id)
    entries, following = history.entries(period_id, request.args.get("before", type=int))
    return pages.render(
        "sales/pay/timeline.html",
        block="entries",
        page_title=periods.label(period),
        period=period,
        entries=entries,
        more_url=f"/pay-periods/{period_id}/timeline?before={following}" if following else None,
    )


def _pending(period: PayPeriod, tab: str) -> list[dict[str, Any]]:
    if tab != "pending":
        return []
    found: Any = rows(queries.waiting(period.id).limit(MOST_SHOWN))
    return [line_row(queries.line_of(row)) for row in found]


def _moved(period: PayPeriod, tab: str) -> list[dict[str, Any]]:
    if tab != "moved":
        return []
    found: Any = rows(queries.moved(period.id).limit(MOST_SHOWN))
    known = queries.of_ids([i for row in found for i in (row.pay_period_id, row.moved_from_id) if i])
    shown = []
    for row in found:
        left = row.pay_period_id != period.id
        other = known.get(row.pay_period_id if left else row.moved_from_id or 0)
        way = "Moved on" if left else "Taken back" if row.reverses_id else "Came in"
        shown.append(
            line_row(queries.line_of(row))
            | {"way": way, "other": other and periods.short(other), "other_id": other and other.id}
        )
    return shown


def line_row(line: queries.Line) -> dict[str, Any]:
    """A line as tables show it."""
    return {
        "id": line.id,
        "line": line,
        "technician_name": line.technician_name,
        "amount_cents": line.amount_cents,
        "sold_on": line.sold_on,
        "sale_price_cents": line.sale_price_cents,
        "may_decide": line.is_manual and manual.may_decide_for(line.requested_by),
    }


def _checks(period: PayPeriod, held: queries.Standing, heard: Mapping[int, str]) -> list[dict[str, Any]]:
    """What stands in the way of closing, as a list to tick off; `state`: done, todo, or note.

    `heard` is what each technician says of their pay.
    """
    if period.status == "closed":
        return []
    home = f"/pay-periods/{period.id}"
    found = []
    if period.start_date > periods.today():
        found.append(_check("note", f"It begins on {_day(period.start_date)} and cannot be closed before."))
    elif period.end_date >= periods.today():
        found.append(
            _check(
                "note",
                f"It runs until {_day(period.end_date)}. Sales of these days cannot be added "
                "once it is closed.",
            )
        )
    else:
        found.append(_check("done", f"It ended on {_day(period.end_date)}."))
    if held.earlier_open:
        found.append(
            _check("note", f"{', '.join(held.earlier_open)} before it: still open.", "/pay-periods?view=open")
        )
    sales = words.plural(held.pending_sales, "sale")
    found.append(
        _check(
            "todo",
            f"{sales} wait{'s' if held.pending_sales == 1 else ''} for approval, "
            f"{money.dollars(held.pending_sales_cents)} of commissions",
            f"{home}?tab=pending#lines",
        )
        if held.pending_sales
        else _check("done", "No sale waits for approval.")
    )
    amounts = words.plural(held.pending_manual, "amount")
    found.append(
        _check(
            "todo",
            f"{amounts} added by hand wait{'s' if held.pending_manual == 1 else ''} for approval",
            f"{home}?tab=pending#lines",
        )
        if held.pending_manual
        else _check("done", "No amount added by hand waits for approval.")
    )
    found += _said(heard)
    found.append(_approval(period, held))
    return found


def _said(heard: Mapping[int, str]) -> list[dict[str, Any]]:
    count = Counter(heard.values())
    found = []
    if count["disputed"]:
        one = count["disputed"] == 1
        sentence = f"{words.plural(count['disputed'], 'technician')} say{'s' if one else ''} something is wrong with their pay."
        found.append(_check("todo", sentence))
    if count["approved"]:
        whole = len(heard)
        done = count["approved"] == whole
        sentence = f"{count['approved']} of {words.plural(whole, 'technician')} approved their pay."
        found.append(_check("done" if done else "note", sentence))
    return found


def _approval(period: PayPeriod, held: queries.Standing) -> dict[str, Any]:
    if period.approved_at is None:
        if accounts.organization().second_person:
            return _check("todo", "A second person has to approve it; whoever approves cannot close.")
        return _check("note", "Not approved. That is optional in your company.")
    who = closing.approver(period)
    text = f"Approved{' by ' + who if who else ''}."
    if held.changed_since_approval:
        changed = words.plural(held.changed_since_approval, "line")
        return _check("todo", f"{text} Since then {changed} changed: look again before you close.")
    return _check("done", text)


def _check(state: str, text: str, url: str = "") -> dict[str, Any]:
    return {"state": state, "text": text, "url": url}


def _day(day: Any) -> str:
    return f"{day:%b} {day.day}"


def _actions(period: PayPeriod, lines: int) -> dict[str, Any]:
    """The next step as the primary action, the rest behind More."""
    home, primary, more = f"/pay-periods/{period.id}", None, []
    begun = period.start_date <= periods.today()
    if period.status == "open":
        approve = {"label": "Approve", "url": f"{home}/approve", "icon": "badge-check", "post": True}
        close = {"label": "Close period", "url": f"{home}/close", "icon": "lock", "dialog": True, "key": "c"}
        wants_approval = accounts.organization().second_person and period.approved_at is None
        may_approve = may(PAYROLL_APPROVE) and period.approved_at is None and begun
        primary = close if may(PAYROLL_CLOSE) and begun else None
        if may_approve and (wants_approval or primary is None):
            primary, more = approve, [close] if primary else []
        elif may_approve:
            more = [approve]
        if period.approved_at is not None and may(PAYROLL_APPROVE):
            more.append(
                {
                    "label": "Withdraw approval",
                    "url": f"{home}/withdraw-approval",
                    "icon": "undo-2",
                    "post": True,
                }
            )
    elif may(PAYROLL_CLOSE):
        refusal = closing.why_not_reopen(period)
        more.append(
            {
                "label": "Open again",
                "url": f"{home}/reopen",
                "icon": "rotate-ccw",
                "dialog": True,
                "danger": True,
                "hint": refusal,
            }
        )
    return {"primary": primary, "more": more, "downloads": _downloads(home, lines)}


def _downloads(home: str, lines: int) -> list[dict[str, Any]]:
    """The files of a period; a long report is prepared in the background."""
    is_long = queries.QUICK_LINES < lines <= queries.MOST_LINES
    report_url = f"{home}/report" if is_long else f"{home}/report.pdf"
    sheet = "file-spreadsheet"
    return [
        {"label": "Report (PDF)", "url": report_url, "icon": "file-text", "post": is_long},
        {"label": "Totals (CSV)", "url": f"{home}/totals.csv", "icon": sheet, "hint": "A row per technician"},
        {"label": "Lines (CSV)", "url": f"{home}/lines.csv", "icon": sheet, "hint": "A row per line"},
        {"label": "All statements (ZIP)", "url": f"{home}/statements", "icon": "file-down", "post": True},
    ]


# Approving, closing, reopening --------------------------------------------------------------------


@bp.post("/<int:period_id>/approve")
@requires(PAYROLL_APPROVE)
def approve(period_id: int) -> Response:
    """Approve a period for closing."""
    period = closing.approve(period_id)
    pages.toast(
        f"{periods.short(period)} is approved.", undo_url=f"/pay-periods/{period.id}/withdraw-approval"
    )
    return pages.redirect(f"/pay-periods/{period.id}")


@bp.post("/<int:period_id>/withdraw-approval")
@requires(PAYROLL_APPROVE)
def withdraw_approval(period_id: int) -> Response:
    """Take the approval back."""
    period = closing.withdraw_approval(period_id)
    pages.toast(f"The approval of {periods.short(period)} is taken back.")
    return pages.redirect(f"/pay-periods/{period.id}")


@bp.get("/<int:period_id>/close")
@requires(PAYROLL_CLOSE)
def close_dialog(period_id: int) -> Response:
    """Say exactly what closing will do, and ask."""
    return _close_dialog(queries.period(period_id))


def _close_dialog(period: PayPeriod, *, problem: str = "", status: int = 200) -> Response:
    held, people = queries.standing(period), totals.by_technician(period)
    whole = totals.together(people)
    refusal = (
        closing.why_not_close(period) if period.status == "open" else f"{periods.short(period)} is closed."
    )
    return pages.render(
        "sales/pay/close.html",
        block="form" if status == 422 else {"dialog": "dialog"},
        status=status,
        page_title=f"Close {periods.short(period)}",
        period=period,
        label=periods.short(period),
        whole=whole,
        people=people,
        standing=held,
        following=closing.following_label(period),
        runs_on=period.end_date >= periods.today(),
        refusal=refusal,
        problem=problem,
        guarantees=queries.guarantee_cents(period),
    )


@bp.post("/<int:period_id>/close")
@requires(PAYROLL_CLOSE)
def close(period_id: int) -> Response:
    """Close a period, unless it comes to something else by now than the dialog said."""
    period = queries.period(period_id)
    seen = request.form.get("total_cents", "")
    present = totals.together(totals.by_technician(period)).total_cents
    if seen and seen != str(present) and period.status == "open":
        problem = f"The total changed while this was open: it is {money.dollars(present)} now. Look again, then close."
        return _close_dialog(period, problem=problem, status=422)
    period = closing.close(period_id)
    pages.toast(f"{periods.short(period)} is closed: {money.dollars(period.total_cents or 0)}.")
    return pages.redirect(f"/pay-periods/{period.id}")


@bp.route("/<int:period_id>/reopen", methods=["GET", "POST"])
@requires(PAYROLL_CLOSE)
def reopen(period_id: int) -> Response:
    """Ask why, then open the latest closed period again."""
    period, form = queries.period(period_id), ReasonForm()
    failed = request.method == "POST"
    if failed and form.validate():
        try:
            closing.reopen(period_id, form.reason.data)
        except errors.Invalid as problem:
            form.blame(problem)
        else:
            pages.toast(f"{periods.short(period)} is open again.", "warning")
            return pages.redirect(f"/pay-periods/{period.id}")
    return pages.render(
        "sales/pay/reopen.html",
        block="form" if failed else {"dialog": "dialog"},
        status=422 if failed else 200,
        page_title=f"Open {periods.short(period)} again",
        period=period,
        label=periods.short(period),
        form=form,
        refusal=closing.why_not_reopen(period),
        statements=len(totals.by_technician(period)),
    )


# Files --------------------------------------------------------------------------------------------


@bp.get("/<int:period_id>/report.pdf")
@requires(PAYROLL_READ)
def report(period_id: int) -> Response:
    """The report of the period as PDF."""
    period = queries.period(period_id)
    return pdf.response(exports.period_pdf(period), f"pay-period-{period.start_date}")


@bp.get("/<int:period_id>/<any(totals, lines):what>.csv")
@requires(PAYROLL_READ)
def as_csv(period_id: int, what: str) -> Response:
    """The period as CSV: a row per technician, or per line."""
    return exports.period_csv(queries.period(period_id), "lines" if what == "lines" else "technicians")


@bp.post("/<int:period_id>/report")
@requires(PAYROLL_READ)
def prepare_report(period_id: int) -> Response:
    """Prepare a long report in the background; it waits on the page Downloads."""
    period = queries.period(period_id)
    downloads.request("pay.report", f"Report {periods.short(period)}", {"pay_period_id": str(period.id)})
    pages.toast("The report is being prepared. It waits for you here when it is ready.", "info")
    return pages.redirect("/downloads")


@bp.post("/<int:period_id>/statements")
@requires(PAYROLL_READ)
def statements(period_id: int) -> Response:
    """Prepare all statements in the background; they wait on the page Downloads."""
    period = queries.period(period_id)
    title = f"Statements {periods.short(period)}"
    download = downloads.request("pay.statements", title, {"pay_period_id": str(period.id)})
    pages.toast(f"{download.title} are being prepared. They wait for you here when they are ready.", "info")
    return pages.redirect("/downloads")

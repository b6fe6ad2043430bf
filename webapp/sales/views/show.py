"""The page of one sale, and what is decided there."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from webapp.customers import queries as customers
from webapp.kit import context, errors, json, pages, permissions
from webapp.kit.permissions import requires
from webapp.sales import rights, rules, service
from webapp.sales.forms import PAYMENT_TYPES, PAYMENT_WORDS, PaymentForm, ReasonForm, WhoForm
from webapp.sales.pay import periods
from webapp.sales.permissions import (
    SALES_APPROVE,
    SALES_CORRECT,
    SALES_PAYMENT,
    SALES_READ_ALL,
    SALES_RECORD,
    SALES_VOID,
)
from webapp.sales.queries import history
from webapp.sales.queries import sales as queries
from webapp.sales.service import people
from webapp.sales.views import bp

STATES = {"pending": "Pending approval", "approved": "Approved", "rejected": "Rejected", "voided": "Voided"}


def load(sale_id: int) -> Any:
    """A sale's row with its names. Raises NotFound for one that the caller may not see."""
    row = queries.one(sale_id)
    if row is None or not (rights.sees_all() or rights.earns_on(row)):
        raise errors.NotFound(f"No sale has the number {sale_id}.")
    return row


@bp.get("/<int:sale_id>")
@requires(SALES_READ_ALL)
def show(sale_id: int) -> Response:
    """One sale: its state, what it earns whom and why, and what happened to it."""
    sale = load(sale_id)
    sees = rights.sees_commission(sale.technician_id)
    entries, following = history.entries(sale_id, pay=sees)
    return pages.render(
        "sales/show.html",
        block={"record": "record"},
        page_title=f"Sale {sale.number}",
        sale=sale,
        states=STATES,
        actions=actions(sale),
        payments=PAYMENT_WORDS,
        payment_types=PAYMENT_TYPES,
        period=rules.label(sale.period_start, sale.period_end) if sale.period_start else None,
        who=people.candidates(sale.customer_name)
        if sale.customer_id is None and sale.customer_name
        else None,
        entries=entries,
        more_url=more_url(sale_id, following),
        **(commission(sale) if sees else {"snapshot": None}),
    )


def commission(sale: Any) -> dict[str, Any]:
    """What a page shows of a sale's frozen commission."""
    snapshot = rules.Snapshot.from_json(sale.snapshot)
    reader = context.principal().technician_id
    return {
        "snapshot": snapshot,
        "explanation": rules.explain(snapshot, reader),
        "considered": rules.explain_rules(snapshot),
        "rate": rules.describe_rate(snapshot.rule),
    }


def more_url(sale_id: int, following: int | None) -> str | None:
    """Where the earlier entries of a timeline are."""
    return f"/sales/{sale_id}/timeline?before={following}" if following else None


@bp.get("/<int:sale_id>/timeline")
@requires(SALES_READ_ALL)
def timeline(sale_id: int) -> Response:
    """Earlier entries of a sale's timeline."""
    sale = load(sale_id)
    entries, following = history.entries(
        sale_id, request.args.get("before", type=int), pay=rights.sees_commission(sale.technician_id)
    )
    return pages.render(
        "sales/timeline.html",
        block="entries",
        page_title=f"Sale {sale.number}",
        sale=sale,
        entries=entries,
        more_url=more_url(sale_id, following),
    )


def actions(sale: Any) -> dict[str, Any]:
    """The primary action of a sale's page, and what is behind “More”: only what may happen now."""
    home, may, voided = f"/sales/{sale.id}", permissions.may, sale.voided_at is not None
    primary: dict[str, Any] | None = None
    more: list[dict[str, Any]] = []
    if sale.state == "pending" and may(SALES_APPROVE):
        primary = {"label": "Approve", "url": f"{home}/approve", "post": True, "icon": "check", "key": "a",
                   "target": "#record"}  # fmt: skip
    elif sale.state == "rejected" and may(SALES_CORRECT):
        primary = {"label": "Correct and send in", "url": f"{home}/correct", "icon": "pencil", "key": "e"}
    elif sale.state == "voided" and may(SALES_VOID) and not sale.replaced_by_id:
        primary = {
            "label": "Undo the void",
            "url": f"{home}/unvoid",
            "post": True,
            "icon": "undo-2",
            "target": "#record",
        }
    payment = {
        "label": "Set the payment",
        "url": f"{home}/payment",
        "icon": "banknote",
        "dialog": True,
        "key": "p",
    }
    if primary is None and may(SALES_PAYMENT) and _is_owed(sale):
        words = "Mark refunded" if sale.refund_due else "Mark paid"
        primary = payment | {"label": words}
    if not voided and may(SALES_CORRECT) and sale.state != "rejected":
        more.append({"label": "Correct", "url": f"{home}/correct", "icon": "pencil", "key": "e"})
    if may(SALES_PAYMENT) and not (primary and primary["url"] == payment["url"]):
        more.append(payment)
    if sale.state == "rejected" and may(SALES_CORRECT):
        more.append({"label": "Send in again as it is", "url": f"{home}/resubmit", "icon": "rotate-ccw", "post": True,
                     "target": "#record"})  # fmt: skip
    dangers = []
    if sale.state == "pending" and may(SALES_APPROVE):
        dangers.append({"label": "Reject", "url": f"{home}/reject", "icon": "x", "dialog": True, "key": "r"})
    if not voided and may(SALES_VOID):
        dangers.append(
            {"label": "Void", "url": f"{home}/void", "icon": "ban", "dialog": True, "danger": True}
        )
    if more and dangers:
        more.append({"divider": True})
    return {"primary": primary, "more": [*more, *dangers]}


def _is_owed(sale: Any) -> bool:
    """Whether money is still to come or to go back."""
    return sale.refund_due or (sale.state == "approved" and sale.payment_status in ("unpaid", "partial"))


# Deciding -------------------------------------------------------------------------------------------------------------


@bp.post("/<int:sale_id>/approve")
@requires(SALES_APPROVE)
def approve(sale_id: int) -> Response:
    """Approve the sale."""
    sale = service.approve(sale_id)
    pages.toast(f"Sale {sale.number} is approved.", undo_url=f"/sales/{sale_id}/unapprove")
    return _after(sale_id)


@bp.post("/<int:sale_id>/unapprove")
@requires(SALES_APPROVE)
def unapprove(sale_id: int) -> Response:
    """The undo of approving it."""
    sale = service.unapprove(sale_id)
    pages.toast(f"Sale {sale.number} waits for approval again.")
    return _after(sale_id)


@bp.post("/<int:sale_id>/resubmit")
@requires(SALES_CORRECT)
def resubmit(sale_id: int) -> Response:
    """Send a rejected sale in again; also the undo of rejecting it."""
    sale = service.resubmit(sale_id)
    pages.toast(f"Sale {sale.number} waits for approval again.")
    return _after(sale_id)


@bp.post("/<int:sale_id>/unvoid")
@requires(SALES_VOID)
def unvoid(sale_id: int) -> Response:
    """Undo a void."""
    sale = service.unvoid(sale_id)
    pages.toast(f"The void of sale {sale.number} is undone.")
    return _after(sale_id)


@bp.route("/<int:sale_id>/reject", methods=["GET", "POST"])
@requires(SALES_APPROVE)
def reject(sale_id: int) -> Response:
    """Ask for the reason, and reject the sale."""
    form = ReasonForm()
    if request.method == "POST" and form.validate():
        try:
            rejected = service.reject(sale_id, form.reason.data)
        except errors.Invalid as problem:
            form.blame(problem)
        else:
            pages.toast(f"Sale {rejected.number} is rejected.", undo_url=f"/sales/{sale_id}/resubmit")
            return _after(sale_id)
    sale = load(sale_id)
    text = f"{sale.technician_name} sees the reason and can send it in again."
    return _dialog("sales/reason.html", sale, form, f"Reject sale {sale.number}", text, "reject", "Reject")


@bp.route("/<int:sale_id>/void", methods=["GET", "POST"])
@requires(SALES_VOID)
def void(sale_id: int) -> Response:
    """Ask for the reason, say what follows, and void the sale."""
    form = ReasonForm()
    if request.method == "POST" and form.validate():
        try:
            result = service.void(sale_id, form.reason.data)
        except errors.Invalid as problem:
            form.blame(problem)
        else:
            pages.toast(result.sentence, undo_url=f"/sales/{sale_id}/unvoid")
            return _after(sale_id)
    sale = load(sale_id)
    return _dialog(
        "sales/reason.html", sale, form, f"Void sale {sale.number}", _what_follows(sale), "void", "Void"
    )


def _what_follows(sale: Any) -> str:
    """What voiding a sale means, said beforehand."""
    closed = sale.period_status == "closed"
    decision = rules.may_void(
        sale.status, sale.payment_status, voided=sale.voided_at is not None, period_closed=closed
    )
    return decision.sentence.replace("The sale is voided.", "Its commission no longer counts.")


@bp.route("/<int:sale_id>/payment", methods=["GET", "POST"])
@requires(SALES_PAYMENT)
def payment(sale_id: int) -> Response:
    """Ask what was paid and when, and write it down."""
    sale = load(sale_id)
    form = PaymentForm(
        request.form if request.method == "POST" else None,
        status=_next_payment(sale),
        payment_date=sale.payment_date or periods.today(),
    )
    if request.method == "POST" and form.validate():
        day = form.payment_date.data if form.status.data != "unpaid" else None
        try:
            service.set_payment(sale_id, form.status.data, day)
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            back = {"status": sale.payment_status, "payment_date": sale.payment_date or ""}
            may_go_back = rules.may_change_payment(
                form.status.data, sale.payment_status, voided=sale.voided_at is not None
            )
            undo = f"/sales/{sale_id}/payment-back?{urlencode(back)}" if may_go_back.allowed else ""
            pages.toast(
                f"Payment of sale {sale.number}: {PAYMENT_WORDS[form.status.data].lower()}.", undo_url=undo
            )
            return _after(sale_id)
    return _dialog("sales/payment.html", sale, form, f"Payment of sale {sale.number}", "", "payment", "Save")


def _next_payment(sale: Any) -> str:
    """What the payment most likely becomes: what the form offers."""
    if sale.refund_due:
        return "refunded"
    return "paid" if sale.payment_status in ("unpaid", "partial") else str(sale.payment_status)


@bp.post("/<int:sale_id>/payment-back")
@requires(SALES_PAYMENT)
def payment_back(sale_id: int) -> Response:
    """The undo of a payment: as it stood before."""
    form = PaymentForm(request.args)
    if not form.validate():
        raise errors.BadRequest("This cannot be undone any more.")
    sale = service.set_payment(sale_id, form.status.data, form.payment_date.data)
    pages.toast(f"Payment of sale {sale.number}: {PAYMENT_WORDS[form.status.data].lower()}.")
    return _after(sale_id)


@bp.post("/<int:sale_id>/who")
@requires(SALES_RECORD)
def who(sale_id: int) -> Response:
    """The answer to who the customer is."""
    form = WhoForm()
    sale = service.choose_customer(sale_id, form.customer.data or "")
    pages.toast(f"The customer is {sale.customer_name}.")
    return _after(sale_id)


def _after(sale_id: int) -> Response:
    # the record fetches itself anew: its timeline is written only as this transaction commits
    return pages.done("sale-changed") if pages.is_htmx() else pages.redirect(f"/sales/{sale_id}")


def _dialog(template: str, sale: Any, form: Any, title: str, text: str, verb: str, submit: str) -> Response:
    refused = request.method == "POST"
    return pages.render(
        template,
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=title,
        title=title,
        text=text,
        form=form,
        sale=sale,
        action=f"/sales/{sale.id}/{verb}",
        back=f"/sales/{sale.id}",
        submit=submit,
        danger=verb != "payment",
    )


@bp.get("/customer-options")
@requires(SALES_RECORD)
def customer_options() -> Response:
    """Customers to choose from, and the typed name as a new one."""
    q = request.args.get("q", "").replace("\x00", "").strip()[:200]
    found = customers.options(q, 12) if rights.sees_all() else []
    if q and not any(one["label"].casefold() == q.casefold() for one in found):
        found.append({"id": f"new:{q}", "label": f"New customer: {q}", "hint": ""})
    return json.answer(found)

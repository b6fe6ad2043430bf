"""The list of sales, and what is done to many of them at once."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from flask import Response, request

from webapp.accounts.service import saved_views
from webapp.kit import errors, jobs, listing, lists, pages, permissions, words
from webapp.kit.permissions import requires
from webapp.models import Sale
from webapp.sales import service
from webapp.sales.forms import PAYMENT_WORDS, ReasonForm
from webapp.sales.pay import periods
from webapp.sales.permissions import COMMISSION_READ, SALES_APPROVE, SALES_READ_ALL
from webapp.sales.queries import files, lookups
from webapp.sales.queries import sales as queries
from webapp.sales.service.decide import MOST_AT_ONCE, reason_of
from webapp.sales.views import bp

COLUMNS: list[dict[str, Any]] = [
    {"key": "number", "label": "Sale", "kind": "cell", "always": True},
    {"key": "sold_on", "label": "Sold on", "kind": "date", "sort": "date"},
    {"key": "technician", "label": "Technician", "kind": "cell"},
    {"key": "item", "label": "Item", "kind": "cell"},
    {"key": "customer", "label": "Customer", "kind": "cell"},
    {"key": "sale_price_cents", "label": "Price", "kind": "money", "sort": "price"},
    {"key": "commission_cents", "label": "Commission", "kind": "money"},
    {"key": "state", "label": "Status", "kind": "pill"},
    {"key": "payment_status", "label": "Payment", "kind": "cell"},
    {"key": "list_price_cents", "label": "List price", "kind": "money", "hidden": True},
    {"key": "override_cents", "label": "Override", "kind": "money", "hidden": True},
    {"key": "notes", "label": "Notes", "hidden": True},
    {"key": "created_at", "label": "Recorded", "kind": "ago", "hidden": True},
]
STATES = {"pending": "Pending", "approved": "Approved", "rejected": "Rejected", "voided": "Voided"}
LABELS = {
    "status": "Status",
    "technician": "Technician",
    "payment": "Payment",
    "item": "Item",
    "customer": "Customer",
    "when": "Sold",
    "from": "Sold from",
    "to": "Sold to",
    "who": "Customer",
}


def columns() -> list[dict[str, Any]]:
    """The columns that this person may see."""
    hidden = () if permissions.may(COMMISSION_READ) else ("commission_cents", "override_cents")
    return [dict(c) for c in COLUMNS if c["key"] not in hidden]


def read() -> listing.ListQuery:
    """The list's address, understood."""
    fixed = {
        "status": STATES,
        "payment": PAYMENT_WORDS,
        "when": dict(lookups.PRESETS),
        "who": {"open": "not settled"},
    }
    return listing.read(queries.SORTS, "date", labels=LABELS, words=fixed)


def filters(query: listing.ListQuery) -> queries.Filters:
    """What the address narrows the list to; voided sales only when asked for."""
    first, last = lookups.span(query.get("when"), periods.today())
    statuses = tuple(s for s in query.getlist("status") if s in STATES)
    customers = query.numbers("customer")
    return queries.Filters(
        statuses=statuses or queries.STATUSES,
        date_from=query.date("from") or first,
        date_to=query.date("to") or last,
        technician_ids=tuple(query.numbers("technician")),
        payment_statuses=tuple(p for p in query.getlist("payment") if p in PAYMENT_WORDS),
        customer_id=customers[0] if customers else None,
        item_ids=tuple(query.numbers("item")),
        unknown_customer=query.get("who") == "open",
        q=query.get("q"),
    )


@bp.get("")
@requires(SALES_READ_ALL)
def index() -> Response:
    """The list of sales."""
    query = read()
    if pages.is_htmx() and request.headers.get("HX-Target") == "sale-tabs":
        return pages.render(
            "sales/list.html", block="tabs", page_title="Sales", query=query, views=_views(query)
        )
    wanted = filters(query)
    if query.get("format") == "csv":
        return files.response(wanted, lists.shown(columns(), query))
    return page_of(query, wanted)


def page_of(query: listing.ListQuery, wanted: queries.Filters) -> Response:
    """The list page, or its rows for HTMX."""
    found = queries.conditions(wanted)
    totals = queries.totals(wanted, found)
    statement = queries.listed().where(*found)
    page = listing.rows(statement, query, queries.SORTS, Sale.id, total=totals.count)
    page.rows = [_row(row) for row in page.rows]
    for kind in ("technician", "item", "customer"):
        named = lookups.names_of(query.numbers(kind), kind)
        query.words[kind] = {str(number): name for number, name in named.items()}
    whole = not (pages.is_htmx() and request.headers.get("HX-Target") == "results")
    return pages.render(
        "sales/list.html",
        block={"results": "results"},
        page_title="Sales",
        query=query,
        page=page,
        columns=_with_totals(columns(), totals),
        views=_views(query) if whole else [],
        states=STATES.items(),
        payments=PAYMENT_WORDS,
        presets=lookups.PRESETS,
        technicians=lookups.everybody() if whole else [],
        items=lookups.items() if whole else [],
        voided=wanted.statuses == ("voided",),
        bare=not query.filters and not query.get("q"),
    )


def _row(row: Any) -> dict[str, Any]:
    return {**row._mapping, "row_class": "muted" if row.voided_at else ""}


def _with_totals(shown: list[dict[str, Any]], totals: queries.Totals) -> list[dict[str, Any]]:
    sums = {"sale_price_cents": totals.price_cents, "commission_cents": totals.commission_cents}
    for column in shown:
        if totals.count and sums.get(column["key"]) is not None:
            column["total"] = sums[column["key"]]
    return shown


def _views(query: listing.ListQuery) -> list[dict[str, Any]]:
    fixed: list[dict[str, Any]] = [
        {"key": "", "label": "All sales"},
        {"key": "pending", "label": "Pending approval", "url": "/sales?status=pending&view=pending",
         "count": queries.pending_count() or None},
        {"key": "voided", "label": "Voided", "url": "/sales?status=voided&view=voided"},
        {"key": "who", "label": "Who is this?", "url": "/sales?who=open&view=who"},
    ]  # fmt: skip
    return fixed + saved_views.listed("/sales")


# Many at once ---------------------------------------------------------------------------------------------------------


def _selected() -> list[int] | None:
    """The chosen sales; None for more than can be decided while somebody waits."""
    if request.form.get("everything") == "1":
        found = queries.ids(_undecided(), MOST_AT_ONCE + 1)
        if not found:
            raise errors.Conflict("None of these sales is waiting for approval.")
        return found if len(found) <= MOST_AT_ONCE else None
    return lists.selected(lambda limit: [])


def _undecided() -> queries.Filters:
    """All that match and still wait for approval."""
    return replace(filters(read()), statuses=("pending",))


@bp.post("/bulk/approve")
@requires(SALES_APPROVE)
def bulk_approve() -> Response:
    """Approve the chosen sales."""
    chosen = _selected()
    if chosen is None:
        jobs.add("sales.decide", {"decision": "approve", "filters": _undecided().as_json()})
        pages.toast("They are being approved in the background; the tabs above count along.", "info")
    else:
        result = service.approve_many(chosen)
        _say(result, "approved", undo=f"/sales/undo/{result.batch}?next={quote(_list_url(), safe='')}")
    return pages.redirect(_list_url())


@bp.post("/undo/<batch>")
@requires(SALES_APPROVE)
def undo(batch: str) -> Response:
    """Take the approval of several sales back."""
    result = service.unapprove_batch(batch)
    many = words.plural(len(result.done), "sale")
    if result.done:
        pages.toast(f"{many} {'waits' if len(result.done) == 1 else 'wait'} for approval again.")
    _say_refused(result)
    return pages.redirect(pages.back("/sales"))


@bp.route("/bulk/reject", methods=["GET", "POST"])
@requires(SALES_APPROVE)
def bulk_reject() -> Response:
    """Ask for the reason, then reject the chosen sales."""
    form = ReasonForm(formdata=request.form if "reason" in request.form else None)
    if "reason" in request.form and form.validate():
        try:
            reason = reason_of(form.reason.data)
            chosen = _selected()
            if chosen is None:
                jobs.add(
                    "sales.decide",
                    {"decision": "reject", "reason": reason, "filters": _undecided().as_json()},
                )
                pages.toast("They are being rejected in the background; the tabs above count along.", "info")
            else:
                _say(service.reject_many(chosen, reason), "rejected")
        except errors.Invalid as problem:
            form.blame(problem)
        else:
            return pages.redirect(_list_url())
    asked = request.form.getlist("ids")
    everything = request.form.get("everything") == "1"
    many = "all that match" if everything else words.plural(len(asked), "sale")
    return pages.render(
        "sales/bulk_reject.html",
        block="form" if "reason" in request.form else {"dialog": "dialog"},
        status=422 if "reason" in request.form else 200,
        page_title="Reject sales",
        form=form,
        ids=asked,
        everything=everything,
        many=many,
        action="/sales/bulk/reject" + _query_string(),
        back=_list_url(),
    )


def _say(result: service.Decided, done: str, undo: str = "") -> None:
    if result.done:
        pages.toast(f"{words.plural(len(result.done), 'sale')} {done}.", undo_url=undo)
    _say_refused(result)


def _say_refused(result: service.Decided) -> None:
    if result.refused:
        first = next(iter(result.refused))
        number = result.numbers[first]
        left = f"{words.plural(len(result.refused), 'sale')} left as they were, such as {number}"
        if len(result.refused) == 1:
            left = f"Sale {number} was left as it was"
        pages.toast(f"{left}: {result.refused[first]}", "warning")


def _query_string() -> str:
    return f"?{request.query_string.decode()}" if request.query_string else ""


def _list_url() -> str:
    return lists.back_to("/sales", read())

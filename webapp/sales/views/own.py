"""A technician's own sales on the phone."""

from typing import Any

from flask import Response, request

from webapp.kit import errors, listing, pages, permissions
from webapp.kit.permissions import requires
from webapp.models import Sale
from webapp.sales import rights, rules, service
from webapp.sales.forms import PAYMENT_WORDS, OwnSaleForm
from webapp.sales.pay import periods
from webapp.sales.permissions import SALES_CORRECT, SALES_READ, SALES_RECORD
from webapp.sales.queries import figures
from webapp.sales.queries import sales as queries
from webapp.sales.service import NewSale, WhoIsThis
from webapp.sales.views import own_bp, settle
from webapp.sales.views.show import STATES, commission, load

PER_PAGE = 25


@own_bp.get("")
@requires(SALES_READ)
def index() -> Response:
    """One's own sales, the latest first, with what each earns."""
    me = rights.own_technician()
    query = listing.read(queries.SORTS, "date")
    states = ("voided",) if query.view == "voided" else queries.STATUSES
    filters = queries.Filters(statuses=states, technician_ids=(me,))
    statement = queries.listed().where(*queries.conditions(filters))
    page = listing.rows(statement, query, queries.SORTS, Sale.id, per_page=PER_PAGE)
    shared = queries.shared_with(me) if not (query.after or query.before or query.view) else []
    last = periods.today()
    first = last.replace(day=1)
    month = queries.totals(queries.Filters(("pending", "approved"), first, last, (me,)))
    earned = queries.earned(me, [row.id for row in (*page.rows, *shared)])
    return pages.render(
        "sales/own_list.html",
        block={"results": "results"},
        page_title="My sales",
        query=query,
        page=page,
        rows=[_row(row, earned) for row in page.rows],
        shared=[_row(row, earned) for row in shared],
        sold_cents=month.price_cents,
        earned_cents=queries.earned_between(me, first, last),
        pending=queries.pending_count(me),
        states=STATES,
    )


def _row(row: Any, earned: dict[int, int]) -> dict[str, Any]:
    return {**row._mapping, "earned_cents": earned.get(row.id, 0)}


@own_bp.get("/new")
@requires(SALES_RECORD)
def new() -> Response:
    """The form: what, for how much, to whom."""
    rights.own_technician()
    form = OwnSaleForm(None, sold_on=periods.today(), item_id=request.args.get("item", type=int))
    if form.item_id.data is not None:
        form.sale_price_cents.data = figures.item(form.item_id.data).list_price_cents
    return _page(form)


@own_bp.post("/new")
@requires(SALES_RECORD)
def create() -> Response:
    """Record it, or show what is wrong; `then=look` shows what it would earn."""
    form = OwnSaleForm()
    if not _understood(form):
        return _page(form, status=422)
    if request.form.get("then") == "look":
        return _page(form, earns=_earns(form))
    try:
        made = service.record(_new_sale(form))
    except WhoIsThis as question:
        form.ask(question.candidates)
        return _page(form, status=422, question=question.message)
    except (errors.Invalid, errors.Conflict) as problem:
        form.blame(problem)
    else:
        pages.toast("Recorded. The office will approve it.")
        return pages.redirect(f"/my/sales/{made.sale.id}")
    return _page(form, status=422)


def _understood(form: OwnSaleForm) -> bool:
    """Whether what was sent is complete, the item settled to its number."""
    good = form.validate()
    return settle.item(form) and good


def _new_sale(form: OwnSaleForm) -> NewSale:
    return NewSale(
        technician_id=rights.own_technician(),
        item_id=form.item_id.data or 0,
        sale_price_cents=form.sale_price_cents.data or 0,
        sold_on=form.sold_on.data or periods.today(),
        buyer=form.buyer(),
        payment_type=form.payment_type.data,
        notes=form.notes.data,
        source="phone",
    )


def _page(
    form: OwnSaleForm,
    *,
    status: int = 200,
    question: str = "",
    sale: Any = None,
    earns: dict[str, Any] | None = None,
) -> Response:
    """The form for a new sale, or to correct `sale`. `earns`: what :func:`_earns` says, where a page has to show it."""
    if status == 422:
        settle.price(form)
    return pages.render(
        "sales/own_form.html",
        block="form" if status == 422 or earns else None,
        status=status,
        page_title=f"Correct sale {sale.number}" if sale else "Record a sale",
        back_url=f"/my/sales/{sale.id}" if sale else "/my/sales",
        form=form,
        sale=sale,
        question=question,
        item_name=settle.name_item(form),
        earns=earns,
    )


@own_bp.get("/new/price")
@requires(SALES_RECORD)
def price() -> Response:
    """The price field once an item is chosen: its list price, unless a price was typed already."""
    form = OwnSaleForm(request.args)
    if form.item_id.data and form.sale_price_cents.data is None:
        form.sale_price_cents.data = figures.item(form.item_id.data).list_price_cents
    form.sale_price_cents.raw_data = None
    answer = pages.render(
        "sales/own_form.html",
        block="price",
        page_title="Record a sale",
        form=form,
        question="",
        item_name="",
        earns=None,
    )
    answer.headers["HX-Trigger-After-Settle"] = "sale-priced"
    return answer


@own_bp.get("/new/preview")
@requires(SALES_RECORD)
def preview() -> Response:
    """What it earns the technician, as it stands in the form."""
    form = OwnSaleForm(request.args)
    _understood(form)
    return pages.render(
        "sales/own_preview.html", block="preview", page_title="Record a sale", found=_earns(form)
    )


def _earns(form: OwnSaleForm) -> dict[str, Any]:
    """What the preview shows: what the sale earns oneself and why, or why it earns nothing."""
    found: dict[str, Any] = {"mine": None, "explanation": (), "why_not": ""}
    if not form.item_id.data or form.sale_price_cents.data is None:
        return found
    me = rights.own_technician()
    try:
        snapshot = service.preview(_new_sale(form))
    except errors.AppError as problem:
        return found | {"why_not": problem.message}
    mine = sum(line.amount_cents for line in snapshot.lines if line.technician_id == me)
    return found | {"mine": mine, "explanation": rules.explain(snapshot, me)}


@own_bp.get("/<int:sale_id>")
@requires(SALES_READ)
def show(sale_id: int) -> Response:
    """One of one's own sales, or one with a share in it: what it earns and why."""
    me = rights.own_technician()
    sale = load(sale_id)
    shown = commission(sale)
    mine = [line for line in shown["snapshot"].lines if line.technician_id == me]
    if sale.technician_id != me:
        if not mine:
            raise errors.NotFound(f"No sale has the number {sale_id}.")
        shown |= {"explanation": rules.explain_part(shown["snapshot"], me), "considered": ()}
    return pages.render(
        "sales/own_show.html",
        page_title=f"Sale {sale.number}",
        back_url="/my/sales",
        sale=sale,
        mine=sum(line.amount_cents for line in mine),
        lines=mine,
        states=STATES,
        payments=PAYMENT_WORDS,
        period=rules.label(sale.period_start, sale.period_end) if sale.period_start else None,
        may_resubmit=sale.state == "rejected" and sale.technician_id == me and permissions.may(SALES_CORRECT),
        **shown,
    )


@own_bp.post("/<int:sale_id>/resubmit")
@requires(SALES_CORRECT)
def resubmit(sale_id: int) -> Response:
    """Send a rejected sale in again."""
    service.resubmit(sale_id)
    pages.toast("Sent in again. The office will look at it.")
    return pages.redirect(f"/my/sales/{sale_id}")


@own_bp.route("/<int:sale_id>/correct", methods=["GET", "POST"])
@requires(SALES_CORRECT)
def correct(sale_id: int) -> Response:
    """Change what one sold until the office has approved it."""
    sale = load(sale_id)
    if sale.technician_id != rights.own_technician():
        raise errors.NotFound(f"No sale has the number {sale_id}.")
    if sale.state not in ("pending", "rejected"):
        raise errors.Conflict("The office has decided on this sale. Ask them to correct it.")
    form = OwnSaleForm(
        request.form if request.method == "POST" else None,
        item_id=sale.item_id,
        sale_price_cents=sale.sale_price_cents,
        customer_name=sale.customer_name,
        sold_on=sale.sold_on,
        payment_type=sale.payment_type,
        notes=sale.notes,
    )
    if request.method == "GET":
        return _page(form, sale=sale)
    if _understood(form):
        try:
            service.correct(sale_id, _changes(form, sale), form.reason.data)
        except WhoIsThis as question:
            form.ask(question.candidates)
            return _page(form, status=422, question=question.message, sale=sale)
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            pages.toast("Corrected and sent in.")
            return pages.redirect(f"/my/sales/{sale_id}")
    return _page(form, status=422, sale=sale)


def _changes(form: OwnSaleForm, sale: Any) -> dict[str, Any]:
    names = ("item_id", "sale_price_cents", "sold_on", "payment_type", "notes")
    changes = {name: form[name].data for name in names}
    if form.customer_name.data != sale.customer_name or form.customer_phone.data or form.customer_choice.data:
        changes["buyer"] = form.buyer()
    return changes

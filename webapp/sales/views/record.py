"""Recording a sale in the office, with the commission shown as one types, and correcting one."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from webapp.kit import errors, pages, permissions
from webapp.kit.money import dollars
from webapp.kit.permissions import requires
from webapp.sales import rules, service
from webapp.sales.forms import NEW_PREFIX, SHARES, SaleForm
from webapp.sales.pay import periods
from webapp.sales.permissions import COMMISSION_READ, SALES_CORRECT, SALES_RECORD
from webapp.sales.queries import figures, lookups
from webapp.sales.queries import sales as queries
from webapp.sales.service import Buyer, NewSale, Share, WhoIsThis
from webapp.sales.views import bp, settle
from webapp.sales.views.show import load


@bp.get("/new")
@requires(SALES_RECORD)
def new() -> Response:
    """The form for a sale; the last technician and day come along when one after the other is recorded."""
    given = request.args
    form = SaleForm(
        None,
        technician_id=given.get("technician", type=int),
        item_id=given.get("item", type=int),
        sold_on=_day(given.get("sold_on", "")) or periods.today(),
        customer=given.get("customer", ""),
    )
    if form.item_id.data is not None:
        _fill_prices(form)
    return _page(form)


@bp.post("/new")
@requires(SALES_RECORD)
def create() -> Response:
    """Record the sale, or show what is wrong with it; `then=look` shows what it would earn."""
    form = SaleForm()
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
        return _recorded(form, made)
    return _page(form, status=422)


def _understood(form: SaleForm, *besides: int) -> bool:
    """Whether what was sent is complete, names settled to numbers; `besides` are technicians that may stay."""
    form.people(lookups.sellers(*besides))
    settle.customer(form)
    good = form.validate()
    return settle.item(form) and good


def _recorded(form: SaleForm, made: service.Recorded) -> Response:
    sale = made.sale
    earns = f": it earns {rules_words(made.snapshot)}" if permissions.may(COMMISSION_READ) else ""
    customer = (
        f" {sale.customer_name} was added to your customers." if made.customer.status == "created" else ""
    )
    pages.toast(f"Sale {sale.number} is recorded{earns}.{customer}")
    if request.form.get("then") == "again":
        kept = {"technician": form.technician_id.data, "sold_on": form.sold_on.data.isoformat()}
        return pages.redirect(f"/sales/new?{urlencode(kept)}")
    return pages.redirect(f"/sales/{sale.id}")


def rules_words(snapshot: rules.Snapshot) -> str:
    """Who earns how much, in a few words: `Mike $54.00, Ana $36.00`."""
    shares = [line for line in snapshot.lines if line.role != "override"]
    return ", ".join(f"{line.technician_name} {dollars(line.amount_cents)}" for line in shares)


def _new_sale(form: SaleForm) -> NewSale:
    return NewSale(
        technician_id=form.technician_id.data,
        item_id=form.item_id.data or 0,
        sale_price_cents=form.sale_price_cents.data or 0,
        list_price_cents=form.list_price_cents.data,
        sold_on=form.sold_on.data,
        completed_on=form.completed_on.data,
        splits=form.shares(),
        buyer=form.buyer(),
        payment_type=form.payment_type.data,
        notes=form.notes.data,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _page(
    form: SaleForm,
    *,
    status: int = 200,
    question: str = "",
    sale: Any = None,
    earns: dict[str, Any] | None = None,
) -> Response:
    """The form, with the words of what was chosen. `earns`: what :func:`_earns` says, where a page has to show it."""
    chosen = [form.technician_id.data, *(t.data for t, _ in form.splits())]
    form.people(lookups.sellers(*(number for number in chosen if isinstance(number, int))))
    if status == 422:
        settle.price(form)
    customer_words, new_customer = _customer_words(form.customer.data), _is_new(form.customer.data)
    settle.name_customer(form, customer_words)
    home = f"/sales/{sale.id}" if sale is not None else "/sales"
    return pages.render(
        "sales/form.html",
        block="form" if status == 422 or earns else None,
        status=status,
        page_title=f"Correct sale {sale.number}" if sale is not None else "Record a sale",
        form=form,
        sale=sale,
        question=question,
        item_name=settle.name_item(form),
        customer_words=customer_words,
        new_customer=new_customer,
        always=True,
        shares=any(technician.data for technician, _ in form.splits()),
        action=f"{home}/correct" if sale is not None else "/sales/new",
        home=home,
        earns=earns,
    )


def _is_new(value: str | None) -> bool:
    return bool(value) and not str(value).isdigit()


def _customer_words(value: str | None) -> str:
    if not value:
        return ""
    if value.isascii() and value.isdigit() and len(value) < 19:
        return lookups.customer_names([int(value)]).get(int(value), "")
    return f"New customer: {value.removeprefix(NEW_PREFIX)}"


# While one types ------------------------------------------------------------------------------------------------------


@bp.get("/new/prices")
@requires(SALES_RECORD)
def prices() -> Response:
    """The price fields once an item is chosen: its list price in both, unless a price was typed already."""
    form = SaleForm(request.args)
    _fill_prices(form)
    answer = pages.render("sales/form.html", block="prices", form=form, **_NOTHING)
    answer.headers["HX-Trigger-After-Settle"] = "sale-priced"
    return answer


_NOTHING: dict[str, Any] = {
    "page_title": "Record a sale", "sale": None, "question": "", "item_name": "", "customer_words": "",
    "new_customer": False, "always": False, "shares": False, "action": "/sales/new", "home": "/sales", "earns": None,
}  # fmt: skip


def _fill_prices(form: SaleForm) -> None:
    typed = form.sale_price_cents.data
    untouched = typed is None or typed == form.list_price_cents.data
    list_price = figures.item(form.item_id.data).list_price_cents if form.item_id.data else None
    form.list_price_cents.data = list_price
    if untouched:
        form.sale_price_cents.data = list_price
    for field in (form.list_price_cents, form.sale_price_cents):
        field.raw_data = None


@bp.get("/new/customer")
@requires(SALES_RECORD)
def customer_fields() -> Response:
    """The fields for a new customer's details, once somebody new was named."""
    form = SaleForm(request.args)
    values = {**_NOTHING, "new_customer": _is_new(form.customer.data)}
    return pages.render("sales/form.html", block="customer", form=form, **values)


@bp.get("/new/preview")
@requires(SALES_RECORD)
def preview() -> Response:
    """What the sale would earn as it stands in the form."""
    form = SaleForm(request.args)
    _understood(form)
    return pages.render("sales/preview.html", block="preview", page_title="Commission", found=_earns(form))


def _earns(form: SaleForm) -> dict[str, Any]:
    """What the preview shows: the commission with its arithmetic, or why there is none."""
    if not permissions.may(COMMISSION_READ):
        return {"snapshot": None, "why_not": "The commission is calculated when the sale is recorded."}
    if not (form.technician_id.data and form.item_id.data and form.sale_price_cents.data is not None):
        return {"snapshot": None, "why_not": "Choose technician, item and price to see what it earns."}
    try:
        snapshot = service.preview(_new_sale(_dated(form)))
    except errors.AppError as problem:
        return {"snapshot": None, "why_not": problem.message}
    return {"snapshot": snapshot, "explanation": rules.explain(snapshot)}


def _dated(form: SaleForm) -> SaleForm:
    form.sold_on.data = form.sold_on.data or periods.today()
    return form


# Correcting -----------------------------------------------------------------------------------------------------------


@bp.get("/<int:sale_id>/correct")
@requires(SALES_CORRECT)
def correction(sale_id: int) -> Response:
    """The form with the sale as it is."""
    sale = load(sale_id)
    form = SaleForm(
        None,
        technician_id=sale.technician_id,
        item_id=sale.item_id,
        sale_price_cents=sale.sale_price_cents,
        list_price_cents=sale.list_price_cents,
        customer=str(sale.customer_id) if sale.customer_id else sale.customer_name,
        sold_on=sale.sold_on,
        completed_on=sale.completed_on,
        payment_type=sale.payment_type,
        notes=sale.notes,
    )
    for (technician, share), held in zip(
        form.splits(), queries.splits([sale_id]).get(sale_id, []), strict=False
    ):
        technician.data, share.data = held["technician_id"], held["share_bps"]
    return _page(form, sale=sale)


@bp.post("/<int:sale_id>/correct")
@requires(SALES_CORRECT)
def correct(sale_id: int) -> Response:
    """Correct the sale, or show what is wrong."""
    sale = load(sale_id)
    form = SaleForm()
    if _understood(form, sale.technician_id):
        try:
            result = service.correct(sale_id, _changes(form, sale), form.reason.data)
        except WhoIsThis as question:
            form.ask(question.candidates)
            return _page(form, status=422, question=question.message, sale=sale)
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            return _corrected(sale.number, result)
    return _page(form, status=422, sale=sale)


def _corrected(number: int, result: service.Correction) -> Response:
    if result.replaced is not None:
        pages.toast(
            f"Sale {number} is voided and recorded anew as sale {result.sale.number}, which waits for approval."
        )
    else:
        pages.toast(f"Sale {number} is corrected.")
    return pages.redirect(f"/sales/{result.sale.id}")


def _changes(form: SaleForm, sale: Any) -> dict[str, Any]:
    """What the form changes. Shares beyond those it can show are left as they are unless it changes some."""
    changes: dict[str, Any] = {
        name: form[name].data
        for name in ("technician_id", "item_id", "sale_price_cents", "list_price_cents", "sold_on", "completed_on",
                     "payment_type", "notes")
    }  # fmt: skip
    held = [Share(s["technician_id"], s["share_bps"]) for s in queries.splits([sale.id]).get(sale.id, [])]
    if list(form.shares()) != held[:SHARES]:
        changes["splits"] = form.shares()
    present = str(sale.customer_id) if sale.customer_id else sale.customer_name
    if form.customer.data != present or form.customer_choice.data:
        changes["buyer"] = form.buyer() if form.customer.data else Buyer()
    return changes

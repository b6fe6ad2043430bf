"""Sales from a CSV file: recorded as if a person had, with the commission of the rates of now.

A row with an external number is known again by it, and corrects the sale when the file says otherwise later; one
without is known by its whole content.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select

from webapp.customers import service as customers
from webapp.imports import rules as cells
from webapp.imports.registry import (
    CHANGED,
    NEW,
    SAME,
    UNSURE,
    WRONG,
    Change,
    Choice,
    Context,
    FieldSpec,
    ImportSpec,
    Outcome,
    Problem,
    Values,
    register,
)
from webapp.kit import context, errors, money
from webapp.kit.db import db, get
from webapp.models import Item, PayPeriod, Sale, Technician
from webapp.sales import service
from webapp.sales.pay import posting
from webapp.sales.permissions import SALES_RECORD
from webapp.sales.service import calculation, people

PAYMENT = {"Unpaid": "unpaid", "Partial": "partial", "Paid": "paid", "Open": "unpaid", "Partly paid": "partial",
           "Paid in full": "paid", "Yes": "paid", "No": "unpaid"}  # fmt: skip
OURS = {"technician_id": "technician", "item_id": "item", "sale_price_cents": "price", "sold_on": "date",
        "phone": "customer_phone", "email": "customer_email", "address": "customer_address",
        "name": "customer_name"}  # fmt: skip

FIELDS = (
    FieldSpec("date", "Date", required=True, parse=cells.parse_date, example="2026-03-15",
              synonyms=("Sold on", "Sale date", "Date sold", "Day", "Invoice date")),
    FieldSpec("technician", "Technician", required=True, example="T-104",
              synonyms=("Tech", "Seller", "Sold by", "Salesperson", "Employee", "Employee number", "Rep"),
              hint="A name or an employee number."),
    FieldSpec("item", "Item", required=True, example="AC-100",
              synonyms=("Service", "Product", "Item code", "SKU", "Line item", "Task"),
              hint="A name or a code of the price book."),
    FieldSpec("price", "Price", required=True, parse=cells.parse_money, example="189.00",
              synonyms=("Sale price", "Amount", "Total", "Sold for", "Revenue")),
    FieldSpec("customer_name", "Customer", most=160, example="John Smith",
              synonyms=("Customer name", "Client", "Client name", "Name")),
    FieldSpec("customer_phone", "Customer phone", example="(512) 555-0123", synonyms=("Phone", "Mobile")),
    FieldSpec("customer_email", "Customer email", example="john@example.com", synonyms=("Email", "E-mail")),
    FieldSpec("customer_address", "Customer address", example="123 Oak St",
              synonyms=("Address", "Street", "Service address")),
    FieldSpec("completed_on", "Completed on", parse=cells.parse_date, example="2026-03-16",
              synonyms=("Completed", "Completion date", "Done on")),
    FieldSpec("payment_type", "Payment type", most=40, example="Card",
              synonyms=("Payment method", "Paid by", "Method", "Tender")),
    FieldSpec("payment_status", "Payment status", parse=cells.one_of(PAYMENT), example="Paid",
              synonyms=("Payment", "Paid", "Paid?")),
    FieldSpec("payment_date", "Payment date", parse=cells.parse_date, example="2026-03-16", synonyms=("Paid on",)),
    FieldSpec("notes", "Notes", most=5_000, synonyms=("Note", "Comment", "Comments", "Memo")),
    FieldSpec("reference", "External number", most=80, example="INV-20417",
              synonyms=("Reference", "Invoice", "Invoice number", "Invoice no", "Sale ID", "External ID", "ID")),
)  # fmt: skip


def natural_key(values: Values) -> str | None:
    return f"reference:{values['reference'].casefold()}" if values["reference"] else None


class Known(NamedTuple):
    """A technician or item, as far as naming it goes."""

    id: int
    name: str
    code: str
    starts_on: date | None = None
    ends_on: date | None = None
    archived: bool = False


def prepare(rows: Sequence[Values], ctx: Context) -> None:
    """Read the technicians once, and the items that some rows name."""
    if "technicians" not in ctx.memo:
        everybody = select(Technician).where(Technician.tenant_id == context.tenant_id())
        ctx.memo["technicians"] = [
            Known(t.id, t.name, t.employee_number or "", t.starts_on, t.ends_on)
            for t in db.session.scalars(everybody)
        ]
    said = {v["item"] for v in rows}
    statement = select(Item.id, Item.name, Item.code, Item.archived).where(
        Item.tenant_id == context.tenant_id(),
        func.lower(Item.code).in_({s.lower() for s in said})
        | func.lower(Item.name).in_({s.lower() for s in said}),
    )
    ctx.memo["items"] = [
        Known(i.id, i.name, i.code or "", archived=i.archived) for i in db.session.execute(statement)
    ]


def check(values: Values, ctx: Context) -> Outcome:
    """Find who and what a row means, and whether it may be recorded. Writes nothing."""
    problems = _problems(values, ctx)
    if problems:
        return Outcome(WRONG, problems)
    if ctx.written is not None:
        changes = _in_words(values, ctx, ctx.written)
        return Outcome(CHANGED if changes else SAME, record_id=ctx.written, changes=changes)
    try:
        candidates = _candidates(values, ctx)
    except errors.Invalid as problem:
        return Outcome(WRONG, _ours(problem))
    if candidates:
        question = Problem("customer_name", f"{values['customer_name']} may be somebody who is here already.")
        return Outcome(UNSURE, [question], candidates)
    return Outcome(NEW)


def write(values: Values, ctx: Context) -> int:
    """Record the sale, or correct the one that this row's number stands for."""
    problems = _problems(values, ctx)
    if problems:
        raise errors.Invalid(problems=[errors.FieldProblem(p.field, p.message) for p in problems])
    try:
        if ctx.written is not None:
            changes = _changes(values, ctx, ctx.written)
            return service.correct(ctx.written, changes, "Imported again with other figures").sale.id
        return _record(values, ctx)
    except errors.Invalid as problem:
        raise errors.Invalid(
            problems=[errors.FieldProblem(p.field, p.message) for p in _ours(problem)]
        ) from None


def _record(values: Values, ctx: Context) -> int:
    notes = [values["notes"] or "", f"External number: {values['reference']}" if values["reference"] else ""]
    recorded = service.record(
        service.NewSale(
            technician_id=_technician(values, ctx)[0].id,
            item_id=_item(values, ctx)[0].id,
            sale_price_cents=values["price"],
            sold_on=values["date"],
            completed_on=values["completed_on"],
            buyer=_buyer(values, ctx),
            payment_type=values["payment_type"] or "",
            payment_status=values["payment_status"] or "unpaid",
            payment_date=values["payment_date"],
            notes="\n".join(part for part in notes if part),
            source="import",
        )
    )
    if ctx.chosen == NEW and recorded.customer.customer_id is not None:
        ctx.memo[("made", *_said(values).values())] = recorded.customer.customer_id
    return recorded.sale.id


def _buyer(values: Values, ctx: Context) -> service.Buyer:
    said = _said(values)
    if not said["name"]:
        return people.NOBODY
    # rows that ask the same question and are answered “new” mean one new customer, not one each
    made = ctx.memo.get(("made", *said.values())) if ctx.chosen == NEW else None
    return service.Buyer(
        customer_id=made,
        name=said["name"],
        phone=said["phone"],
        email=said["email"],
        address=said["address"],
        chosen=ctx.chosen or "",
    )


def _said(values: Values) -> dict[str, str]:
    return {k: values[f"customer_{k}"] or "" for k in ("name", "phone", "email", "address")}


def _problems(values: Values, ctx: Context) -> list[Problem]:
    """What is wrong with a row whatever the customer."""
    found = []
    who, what = _technician(values, ctx), _item(values, ctx)
    if len(who) != 1:
        found.append(
            Problem("technician", _not_one("technician", values["technician"], who, "employee number"))
        )
    elif not _active(who[0], values["date"]):
        found.append(Problem("technician", f"{who[0].name} did not work here on {values['date']}."))
    if len(what) != 1:
        found.append(Problem("item", _not_one("item", values["item"], what, "code")))
    elif what[0].archived and ctx.written is None:
        found.append(Problem("item", f"{what[0].name} is archived and no longer sold."))
    if not 0 <= values["price"] <= money.MAX_CENTS:
        found.append(
            Problem(
                "price",
                "The price cannot be below $0.00." if values["price"] < 0 else "No sale can be so much.",
            )
        )
    if not _said(values)["name"] and any(_said(values).values()):
        found.append(Problem("customer_name", "Write the customer's name."))
    if values["payment_date"] and (values["payment_status"] or "unpaid") == "unpaid":
        found.append(Problem("payment_date", "An unpaid sale has no payment date."))
    for name, words in (("date", "The day of the sale"), ("completed_on", "The day of completion"),
                        ("payment_date", "The payment date")):  # fmt: skip
        try:
            calculation.check_day(name, words, values[name])
        except errors.Invalid as problem:
            found.append(Problem(name, problem.problems[0].message))
    closed = _closed(values, ctx) if ctx.written is None else ""
    return [*found, Problem("date", closed)] if closed else found


def _not_one(what: str, said: str, found: Sequence[Known], better: str) -> str:
    if found:
        return f"Several {what}s are called {said}; write the {better}."
    return f"There is no {what} {said}. Import or add it first."


def _active(technician: Known, day: date) -> bool:
    return (technician.starts_on or date.min) <= day <= (technician.ends_on or date.max)


def _closed(values: Values, ctx: Context) -> str:
    """Why the pay period of a row's day takes no more sales."""
    key = ("closed", values["date"], values["completed_on"], values["payment_status"], values["payment_date"])
    if key not in ctx.memo:
        ctx.memo[key] = _closed_end(values)
    end: date | None = ctx.memo[key]
    return f"This day is in a pay period that is closed, up to {end}." if end else ""


def _closed_end(values: Values) -> date | None:
    status = values["payment_status"] or "unpaid"
    sale = Sale(
        sold_on=values["date"],
        completed_on=values["completed_on"],
        payment_status=status,
        payment_date=values["payment_date"] or (values["date"] if status == "paid" else None),
    )
    day = posting.plan_day(sale)
    return day and db.session.scalar(
        select(PayPeriod.end_date).where(
            PayPeriod.tenant_id == context.tenant_id(),
            PayPeriod.start_date <= day,
            PayPeriod.end_date >= day,
            PayPeriod.status != "open",
        )
    )


def _technician(values: Values, ctx: Context) -> list[Known]:
    return _called(values["technician"], ctx.memo["technicians"])


def _item(values: Values, ctx: Context) -> list[Known]:
    return _called(values["item"], ctx.memo["items"])


def _called(said: str, known: Sequence[Known]) -> list[Known]:
    """By number or code, else by name; those still in use go before those that are not."""
    low = said.casefold()
    found = [k for k in known if k.code and k.code.casefold() == low] or [
        k for k in known if k.name.casefold() == low
    ]
    return [k for k in found if not k.archived] or found


def _candidates(values: Values, ctx: Context) -> list[Choice]:
    """The customers a row may mean, when that is not certain."""
    said = _said(values)
    if not said["name"]:
        return []
    key = ("who", *said.values())
    if key not in ctx.memo:
        verdict = customers.match(**said)
        likely = people._candidates(verdict.candidates) if verdict.unsure else ()
        ctx.memo[key] = [Choice(c.customer_id, c.name, c.hint) for c in likely]
    found: list[Choice] = ctx.memo[key]
    return found


def _changes(values: Values, ctx: Context, sale_id: int) -> dict[str, Any]:
    """What a row says otherwise than the sale it was recorded as."""
    sale = get(Sale, sale_id)
    wanted = {
        "technician_id": _technician(values, ctx)[0].id,
        "item_id": _item(values, ctx)[0].id,
        "sale_price_cents": values["price"],
        "sold_on": values["date"],
    }
    for name in ("completed_on", "payment_type"):
        if values[name] is not None:
            wanted[name] = values[name]
    return {k: v for k, v in wanted.items() if getattr(sale, k) != v}


def _in_words(values: Values, ctx: Context, sale_id: int) -> list[Change]:
    def technician(number: int) -> str:
        return next((k.name for k in ctx.memo["technicians"] if k.id == number), "")

    names: dict[str, cells.Named] = {
        "technician_id": ("technician", technician),
        "item_id": ("item", lambda number: get(Item, number).name),
        "sale_price_cents": ("price", money.dollars),
        "sold_on": ("date", lambda day: cells.in_words("sold_on", day)),
    }
    return cells.compared(get(Sale, sale_id), _changes(values, ctx, sale_id), names)


def _ours(problem: errors.Invalid) -> list[Problem]:
    return [Problem(OURS.get(p.field, p.field), p.message) for p in problem.problems] or [
        Problem("", problem.message)
    ]


SPEC = register(
    ImportSpec(
        kind="sales",
        title="Sales",
        permission=SALES_RECORD,
        fields=FIELDS,
        check=check,
        write=write,
        natural_key=natural_key,
        prepare=prepare,
        record_url="/sales/{}",
        list_url="/sales",
        one="sale",
        many="sales",
        asks_for="customer",
        help="What was sold, by whom and for how much. Technicians and items must be here already.",
    )
)

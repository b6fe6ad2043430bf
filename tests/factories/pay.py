"""Technicians, sales and their pay lines, as small as they can be; the rules calculate every commission."""

from datetime import date
from typing import Any

from webapp.kit import clock, ids
from webapp.kit.db import add, db
from webapp.models import Item, ItemCategory, PayPeriod, Sale, Technician, User
from webapp.sales import rules
from webapp.sales.pay import periods, plug_pay, posting

assert plug_pay  # a new organization gets its pay plan once this is imported


def technician(name: str = "Mike Johnson", **columns: Any) -> Technician:
    """Someone in the field, paid on commission."""
    columns = {"pay_type": "commission", "employee_number": f"E-{ids.token(6, '0123456789')}"} | columns
    return add(Technician(name=name, **columns))


def item(name: str = "AC tune-up", category: str = "", **columns: Any) -> Item:
    if category:
        columns["category_id"] = add(ItemCategory(name=category)).id
    return add(Item(name=name, **columns))


def snapshot(
    seller: Technician, *, price: int, rate_bps: int = 750, ov_rate_bps: int = 0, sold_on: date,
    item_name: str = "AC tune-up", splits: dict[int, int] | None = None, list_price: int | None = None,
) -> rules.Snapshot:  # fmt: skip
    """The commission of a sale under one technician's rate."""

    def earner(one: Technician) -> rules.SaleTechnician:
        boss = db.session.get(Technician, (one.tenant_id, one.supervisor_id)) if one.supervisor_id else None
        return rules.SaleTechnician(one.id, one.name, boss.id if boss else None, boss.name if boss else None)

    rule = rules.RateRule(level="technician", structure="percentage", label=f"{seller.name}'s default rate", id=1,
                          rate_bps=rate_bps, ov_rate_bps=ov_rate_bps)  # fmt: skip
    shares = tuple(
        rules.SaleSplit(earner(db.session.get_one(Technician, (seller.tenant_id, other))), bps)
        for other, bps in (splits or {}).items()
    )
    facts = rules.SaleFacts(sold_on=sold_on, sale_price_cents=price, technician=earner(seller), splits=shares,
                            item_name=item_name, list_price_cents=list_price)  # fmt: skip
    return rules.calculate(facts, [rule])


def sale(
    seller: Technician, *, price: int = 150_000, sold_on: date | None = None, rate_bps: int = 750, ov_rate_bps: int = 0,
    splits: dict[int, int] | None = None, sold: Item | None = None, approved: bool = False, **columns: Any,
) -> Sale:  # fmt: skip
    """A sale, recorded as the sales service records one: placed, frozen, its lines pending, then perhaps approved."""
    day = sold_on or periods.today()
    sold = sold or item()
    frozen = snapshot(seller, price=price, rate_bps=rate_bps, ov_rate_bps=ov_rate_bps, sold_on=day,
                      item_name=sold.name, splits=splits, list_price=sold.list_price_cents)  # fmt: skip
    made = Sale(
        technician_id=seller.id, item_id=sold.id, sale_price_cents=price, sold_on=day, status="pending",
        payment_status="unpaid", snapshot=frozen.as_json(), commission_cents=frozen.total_cents,
        override_cents=sum(line.amount_cents for line in frozen.lines if line.role == "override"),
        **({"customer_name": "John Doe"} | columns),
    )  # fmt: skip
    posting.place(made)
    add(made)
    posting.record(made, frozen)
    if approved:
        approve(made)
    return made


def approve(one: Sale) -> None:
    one.status, one.approved_at = "approved", clock.now()
    posting.approve(one)


def void(one: Sale) -> dict[str, Any]:
    one.voided_at = clock.now()
    return posting.void(one)


def period_of(day: date) -> PayPeriod:
    return periods.covering(day)


def link(user_id: int, tech: Technician) -> None:
    """Make a user of the company the given technician."""
    found = db.session.get_one(User, (tech.tenant_id, user_id))
    found.technician_id = tech.id
    db.session.flush()

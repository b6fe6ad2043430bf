"""The organization that is measured: made by the product's own services, then filled by set-based SQL."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from webapp.accounts.service import organizations
from webapp.kit import clock, directory, numbers, tenancy
from webapp.kit.db import db
from webapp.sales import rules

PASSWORD = "bench-password-1"  # noqa: S105  # of a database made for one measurement


@dataclass(frozen=True, slots=True)
class Bench:
    """What the measurements need to know of the loaded organization."""

    tenant_id: UUID
    code: str
    sales: int
    technician_id: int
    item_id: int
    sale_id: int
    period_id: int
    month: tuple[str, str]  # first and last day of a month in the middle of the history


def load(sales: int, technicians: int = 200, items: int = 300, customers: int = 20_000, period_lines: int = 20_000,
         code: str = "BENCH") -> Bench:  # fmt: skip
    """The organization with its history, made unless a kept folder holds it. Needs an application context.

    About 40 s for 1,000,000 sales.
    """
    there = directory.find("code", code)
    if there is not None:
        with tenancy.across(there):
            return _described(there, code, sales)
    made = organizations.create(
        organizations.NewOrganization(name=f"Bench {sales:,}", owner_username="admin", owner_name="Bench Admin",
                                      owner_email=f"{code.lower()}@example.com", owner_password=PASSWORD, code=code)
    )  # fmt: skip
    today = clock.today("America/New_York")
    with tenancy.across(made.tenant_id):
        run = db.session.execute
        values: dict[str, Any] = {"t": made.tenant_id, "technicians": technicians, "items": items, "customers": customers,
                  "sales": sales, "today": today, "snapshot": _snapshot(), "now": clock.now()}  # fmt: skip
        for statement in PEOPLE:
            run(text(statement), values)
        ids = run(
            text("select min(id) as first, max(id) as last from technicians where tenant_id = :t"), values
        ).one()
        values |= {"tech0": ids.first}
        values["items0"] = run(text("select min(id) from items where tenant_id = :t"), values).scalar()
        values["customers0"] = run(
            text("select min(id) from customers where tenant_id = :t"), values
        ).scalar()
        period = run(
            text("select id, start_date from pay_periods where tenant_id = :t and start_date <= :today"
                 " and end_date >= :today"), values,
        ).one()  # fmt: skip
        values |= {"period": period.id, "start": period.start_date}
        run(text(SALES), values)
        numbers.given("sale", sales)
        run(text(LINES), values | {"lines": period_lines})
        run(text(TALLIES), values)
        return _described(made.tenant_id, code, sales)


def _described(tenant_id: UUID, code: str, sales: int) -> Bench:
    today = clock.today("America/New_York")
    found = db.session.execute(text(FACTS), {"t": tenant_id, "today": today, "n": sales // 2}).one()
    middle = (today - timedelta(days=500)).replace(day=1)
    last = (middle + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return Bench(tenant_id, code, sales, found.technician, found.item, found.sale, found.period,
                 (str(middle), str(last)))  # fmt: skip


FACTS = """
select (select min(id) from technicians where tenant_id = :t) as technician,
       (select min(id) from items where tenant_id = :t) as item,
       (select id from sales where tenant_id = :t order by sold_on, id offset :n limit 1) as sale,
       (select id from pay_periods where tenant_id = :t and start_date <= :today and end_date >= :today) as period
"""


def _snapshot() -> str:
    """A real snapshot: what recording such a sale freezes."""
    rule = rules.RateRule(
        level="company", structure="percentage", rate_bps=750, label="the company's rate", ov_rate_bps=0
    )
    facts = rules.SaleFacts(sold_on=date(2026, 1, 5), sale_price_cents=150_000, list_price_cents=160_000,
                            technician=rules.SaleTechnician(1, "Technician 1"), item_name="Item 1")  # fmt: skip
    return orjson.dumps(rules.calculate(facts, [rule], ()).as_json()).decode()


PEOPLE = (
    """insert into technicians (tenant_id, public_id, name, employee_number, email, phone, pay_type, base_pay_cents,
        color, notes, created_at, updated_at)
       select :t, gen_random_uuid(), 'Technician ' || n, 'E' || n, '', '', 'hourly', 2500, '#2563eb', '', :now, :now
       from generate_series(1, :technicians) n""",
    """insert into item_categories (tenant_id, name, archived, created_at, updated_at)
       select :t, 'Category ' || n, false, :now, :now from generate_series(1, 12) n""",
    """insert into items (tenant_id, public_id, name, code, category_id, list_price_cents, description, archived,
        created_at, updated_at)
       select :t, gen_random_uuid(), 'Item ' || n, 'I' || n,
              (select min(id) from item_categories where tenant_id = :t) + n % 12, 160000, '', false, :now, :now
       from generate_series(1, :items) n""",
    """insert into customers (tenant_id, public_id, name, company, kind, email, phone, name_key, notes, tags, archived,
        created_at, updated_at)
       select :t, gen_random_uuid(), 'Customer ' || n, '', 'residential', 'c' || n || '@example.com', '', 'customer ' || n,
              '', '[]', false, :now, :now
       from generate_series(1, :customers) n""",
    """insert into commission_rates (tenant_id, level, structure, rate_bps, ov_rate_bps, tiers, discount_scale,
        discount_scale_enabled, created_at, updated_at)
       values (:t, 'company', 'percentage', 750, 0, '[]', '[]', false, :now, :now)""",
)

# spread over three years before the present period; the last 20,000 are in it
SALES = """
insert into sales (tenant_id, public_id, number, technician_id, item_id, customer_id, customer_name, sale_price_cents,
    list_price_cents, sold_on, payment_type, payment_status, notes, status, rejected_reason, void_reason, refund_due,
    commission_cents, override_cents, period_note, snapshot, source, recorded_by, approved_at, created_at, updated_at)
select :t, gen_random_uuid(), n, :tech0 + n % :technicians, :items0 + n % :items, :customers0 + n % :customers,
    'Customer ' || (n % :customers + 1), 5000 + (n * 7919) % 900000, 160000,
    cast(:start as date) - 1 - cast((:sales - n) * 1095 / :sales as int), 'credit_card',
    (array['unpaid', 'paid', 'partial'])[1 + n % 3], '', case when n % 50 = 0 then 'pending' else 'approved' end, '', '', false,
    375 + (n * 593) % 67500, 0, '', cast(:snapshot as jsonb), 'api', 'user:1', :now, :now, :now
from generate_series(1, cast(:sales as bigint)) n
"""

LINES = """
with recent as (
    select id, technician_id, commission_cents from sales where tenant_id = :t and status = 'approved'
    order by sold_on desc, id desc limit :lines)
insert into pay_lines (tenant_id, pay_period_id, technician_id, kind, state, amount_cents, sale_id, role, share_bps,
    description, note, reason, frozen, created_at, updated_at)
select :t, :period, technician_id, 'commission', 'posted', commission_cents, id, 'seller', 10000, 'Item', '', '', false,
    :now, :now
from recent
"""

TALLIES = """
insert into sale_tallies (tenant_id, technician_id, sold_on, status, count, price_cents, commission_cents)
select :t, coalesce(technician_id, 0), sold_on, status, count(*), sum(sale_price_cents), sum(commission_cents)
from sales where tenant_id = :t
group by grouping sets ((technician_id, sold_on, status), (sold_on, status))
"""

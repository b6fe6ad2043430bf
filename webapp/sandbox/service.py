"""Filling a sandbox: staff, a price book, customers, jobs of today and tomorrow, sales in several states.

Everything goes through the domains' own services, so that a sandbox is a company like any other.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.accounts import queries as accounts
from webapp.accounts.service import sandboxes
from webapp.catalog import service as catalog
from webapp.customers import service as customers
from webapp.dispatch import service as dispatch
from webapp.kit import clock, context, jobs
from webapp.models import Organization
from webapp.sales import service as sales
from webapp.sales.queries.rates import Place
from webapp.sales.service import rates
from webapp.sandbox import content
from webapp.technicians import service as technicians

FILL = "sandbox.fill"
FIRST_HOUR, APART = 8, timedelta(hours=3)  # of a technician's visits
SALE_STATES = ("approved", "approved", "pending", "rejected", "approved", "pending")


def on_created(name: str, record_id: int | None, payload: object) -> None:
    """An organization was made: one that is a sandbox is filled by a job."""
    if accounts.organization().sandbox_of is not None:
        jobs.add(FILL, dedupe_key="once")


def fill() -> dict[str, int]:
    """Put made-up records into the present organization; how many of each. Raises GiveUp where it is no sandbox."""
    company = accounts.organization()
    if company.sandbox_of is None or not sandboxes.is_one(context.tenant_id()):
        raise jobs.GiveUp("Made-up records go into sandboxes only.")
    staff = [_technician(*one) for one in content.TECHNICIANS]
    items = _price_book()
    houses = [_customer(number, *one) for number, one in enumerate(content.CUSTOMERS)]
    booked = _jobs(company, staff, houses)
    sold = _sales(clock.today(company.time_zone), staff, items, [customer for customer, _ in houses])
    return {
        "technicians": len(staff),
        "items": len(items),
        "customers": len(houses),
        "jobs": booked,
        "sales": sold,
    }


def _technician(name: str, pay_type: str, cents: int, number: str, phone: str) -> int:
    return technicians.create({"name": name, "pay_type": pay_type, "base_pay_cents": cents, "employee_number": number,
                               "phone": phone}).id  # fmt: skip


def _price_book() -> list[tuple[int, int]]:
    rates.set_rate(Place(), rates.Rate(rate_bps=500))
    found = []
    for name, items in content.PRICE_BOOK.items():
        category = catalog.create_category({"name": name})
        for title, code, price in items:
            item = catalog.create(
                {"name": title, "code": code, "category_id": category.id, "list_price_cents": price}
            )
            found.append((item.id, price))
    return found


def _customer(number: int, name: str, street: str, city: str, zip_code: str, company: str) -> tuple[int, int]:
    """A customer and the number of their house. The addresses are of a domain that is nobody's."""
    made = customers.create(
        {"name": name, "company": company, "kind": "commercial" if company else "residential",
         "phone": f"813-555-{1000 + number:04d}", "email": f"{name.split()[0].lower()}@example.com"},
    )  # fmt: skip
    house = customers.add_property(made.id, {"address": street, "city": city, "state": "FL", "zip": zip_code})
    return made.id, house.id


def _jobs(company: Organization, staff: list[int], houses: list[tuple[int, int]]) -> int:
    zone = ZoneInfo(company.time_zone)
    today = clock.today(company.time_zone)
    booked = 0
    for days in (0, 1):
        for position, technician in enumerate(staff):
            for slot in range(2):
                number = days * 8 + position * 2 + slot
                starts = _at(today + timedelta(days=days), zone) + slot * APART
                _job(number, houses[number % len(houses)], starts, [technician])
                booked += 1
    for number in range(3):  # waiting for somebody to be sent
        _job(booked + number, houses[-1 - number], None, [])
    return booked + 3


def _at(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, FIRST_HOUR, tzinfo=zone)


def _job(number: int, house: tuple[int, int], starts: datetime | None, crew: list[int]) -> None:
    title, kind, minutes, priority = content.WORK[number % len(content.WORK)]
    ends = starts + timedelta(minutes=minutes) if starts else None
    dispatch.create(
        dispatch.NewJob(
            values={"title": title, "job_type": kind, "expected_minutes": minutes, "priority": priority},
            customer_id=house[0], property_id=house[1], scheduled_start=starts, scheduled_end=ends, technician_ids=crew,
        )
    )  # fmt: skip


def _sales(today: date, staff: list[int], items: list[tuple[int, int]], buyers: list[int]) -> int:
    for number, state in enumerate(SALE_STATES):
        item, price = items[number % len(items)]
        sale = sales.record(
            sales.NewSale(
                technician_id=staff[number % len(staff)], item_id=item, sale_price_cents=price, sold_on=today,
                buyer=sales.Buyer(customer_id=buyers[number]),
            )
        ).sale  # fmt: skip
        if state == "approved":
            sales.approve(sale.id)
        elif state == "rejected":
            sales.reject(sale.id, "Entered twice")
    return len(SALE_STATES)

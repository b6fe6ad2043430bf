"""Ninety days of a contractor's life: sales, approvals, payments, voids, closed periods, and a day under way."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from webapp.accounts.service import organizations
from webapp.demo import CODES, content, fleet, jobs, people, promises, systems, timesheets
from webapp.demo.world import Plot, World, acting, as_, moment, zone_at_work
from webapp.kit import clock, directory, errors, journal, tenancy
from webapp.kit.db import db
from webapp.models import Organization, PayPeriod, Sale
from webapp.sales import service as sales
from webapp.sales.pay import closing, manual, periods

PASSWORD = "truckroll-demo"  # noqa: S105  # printed at the start; exists only where --demo made it
PROMISED = 12  # days for which the company has promised anything by the clock
Say = Callable[[str], None]


PLOTS = (
    Plot("DEMO", "Gulf Breeze Home Services", "#0f766e", 90, (7, 14), 8, 140, 813),
    Plot("OTHER", "Lakeshore Heating & Cooling", "#7c3aed", 30, (2, 4), 8, 30, 416, second_person=True),
)


assert tuple(plot.code for plot in PLOTS) == CODES


def load(say: Say) -> None:
    """Make the demo companies that are not there yet. One whose making was broken off is put aside under another code
    and made anew. Needs an application context."""
    for plot in PLOTS:
        known, told = directory.find("code", plot.code), directory.find("demo", plot.code)
        db.session.rollback()
        if told is not None:
            continue
        if known is not None:
            say(f"{plot.code} was not finished; it is kept as {_put_aside(plot.code, known)}")
        say(f"Making the company {plot.code}: {plot.name}, {plot.days} days of history")
        tenant = _tell(plot, say)
        with tenancy.across(tenant):
            directory.put("demo", plot.code, tenant)


def _put_aside(code: str, tenant: UUID) -> str:
    other = next(f"{code}-{n}" for n in range(1, 1000) if directory.find("code", f"{code}-{n}") is None)
    db.session.rollback()
    with tenancy.across(tenant):
        company = db.session.get_one(Organization, tenant)
        before = journal.snapshot(company)
        company.business_code = other
        directory.remove("code", code, tenant)
        directory.put("code", other, tenant)
        journal.audit("organization.updated", company, before=before)
    return other


def _tell(plot: Plot, say: Say) -> UUID:
    zone = zone_at_work()
    today = clock.today(zone)
    first = today - timedelta(days=plot.days)
    chance = Random(plot.seed)  # noqa: S311  # a story, the same every time
    with clock.at(datetime.combine(first, time(7), ZoneInfo(zone))):
        world = _found(plot, chance, zone)
        with acting(world, "admin"):
            people.staff(world, PASSWORD)
        with acting(world, "admin"):
            people.settle(world, first)
        with acting(world, "admin"):
            fleet.settle(world, first, today)
    for number in range(plot.days + 1):
        day = first + timedelta(days=number)
        if number and number % 30 == 0:
            say(f"  {plot.code}: {number} of {plot.days} days")
        _day(world, day, today)
        timesheets.day(world, day, today)
        if day == today - timedelta(days=min(PROMISED, plot.days)):
            with clock.at(world.at(day, 7)):
                promises.settle(world, today)
        jobs.day(world, day, today)
        systems.day(world, day, today)
        if day == today:
            timesheets.lunch_and_home(world, today)
    promises.finish(world, today)
    return world.tenant_id


def _found(plot: Plot, chance: Random, zone: str) -> World:
    made = organizations.create(
        organizations.NewOrganization(
            name=plot.name, code=plot.code, owner_username="admin", owner_name="Alex Admin", owner_password=PASSWORD,
            owner_email=f"admin@{plot.code.lower()}.example.com", time_zone=zone,
            extra={"primary_color": plot.color, "second_person": plot.second_person, "phone": "+18135550100",
                   "address": "2200 E Palm Ave, Tampa, FL 33605"},
        )
    )  # fmt: skip
    return World(plot, made.tenant_id, chance, zone, {"admin": made.owner_id})


def _day(world: World, day: date, today: date) -> None:
    weekend = day.weekday() == 6
    lowest, highest = world.plot.busy
    amount = 0 if weekend else world.chance.randint(lowest, highest) // (3 if day.weekday() == 5 else 1)
    evening = min(clock.now(), world.at(day, 17, 40))  # nothing is read in the future
    times = sorted(world.at(day, 8, world.chance.randint(20, 560)) for _ in range(amount))
    if times:
        with acting(world, "manager"):
            for at in times:
                if at <= evening:
                    with clock.at(at):
                        _sell(world, day)
    with clock.at(evening), acting(world, "manager"):
        fleet.day(world, day, today)
    if day == today:
        return
    with moment(world, day, 18, 30), acting(world, "manager"):
        _decide(world, day, today)
    with moment(world, day, 19, 0):
        _pay(world, day, today)


def _sell(world: World, day: date) -> None:
    """Somebody sells something: mostly small work, now and then an installation, sometimes shared or discounted.

    Technicians record their own sales on the phone as they make them, the manager those that were reported to the office.
    """
    chance = world.chance
    weights = [max(1, 3_000_000 // (price + 30_000)) for _, price in world.items]
    item, price = chance.choices(world.items, weights)[0]
    seller = chance.choice(world.technicians)
    discount = chance.choice((0, 0, 0, 0, 5, 10, 15))
    sold_for = price * (100 - discount) // 100 // 100 * 100
    others = [t for t in world.technicians if t != seller]
    shared = price > 300_000 and chance.random() < 0.4
    paid = chance.random() < 0.6
    new = sales.NewSale(
        technician_id=seller,
        item_id=item,
        sale_price_cents=sold_for,
        sold_on=day,
        completed_on=day if chance.random() < 0.9 else None,
        splits=(sales.Share(chance.choice(others), chance.choice((3000, 4000, 5000))),) if shared else (),
        buyer=sales.Buyer(customer_id=chance.choice(world.customers)),
        payment_type=chance.choice(content.PAYMENT_TYPES),
        payment_status="paid" if paid else "unpaid",
        payment_date=day if paid else None,
        notes=chance.choice(content.NOTES),
        source="demo",
    )
    # the office takes payments down
    with as_(world, "manager" if paid else f"tech{world.technicians.index(seller) + 1}"):
        sales.record(new)


def _decide(world: World, day: date, today: date) -> None:
    """The manager goes through what waits; the last two days stay for whoever tries the demo."""
    if (today - day).days <= 2:
        return
    waiting = list(db.session.scalars(
        select(Sale.id).where(Sale.tenant_id == world.tenant_id, Sale.status == "pending", Sale.sold_on <= day)
        .order_by(Sale.id)
    ))  # fmt: skip
    refused = [i for i in waiting if world.chance.random() < 0.015]
    left = [i for i in waiting if i not in refused and world.chance.random() < 0.05]
    approved = [i for i in waiting if i not in refused and i not in left]
    if approved:
        sales.approve_many(approved)
    for sale_id in refused:
        sales.reject(
            sale_id,
            world.chance.choice(("Price does not match the invoice", "Recorded twice", "Wrong technician")),
        )
    if world.chance.random() < 0.06:
        _void_one(world, day)


def _void_one(world: World, day: date) -> None:
    found = db.session.scalar(
        select(Sale.id).where(Sale.tenant_id == world.tenant_id, Sale.status == "approved", Sale.voided_at.is_(None),
                              Sale.sold_on >= day - timedelta(days=20)).order_by(Sale.sale_price_cents).limit(1)
    )  # fmt: skip
    if found is not None:
        sales.void(found, "Customer cancelled within three days")


def _pay(world: World, day: date, today: date) -> None:
    """Payroll closes each period three days after its end, where the company asks for it with a second person."""
    with acting(world, "payroll"):
        period = db.session.scalar(
            select(PayPeriod).where(PayPeriod.tenant_id == world.tenant_id, PayPeriod.status == "open",
                                    PayPeriod.end_date == day - timedelta(days=3))
        )  # fmt: skip
        if period is None:
            return
        period_id, line_id = period.id, people.manual_line(world, period.id)
    with acting(world, "admin"):
        manual.approve(line_id)
    try:
        if world.plot.second_person:
            with acting(world, "manager"):
                closing.approve(period_id)
        with acting(world, "payroll"):
            closing.close(period_id)
            periods.ensure_ahead()
    except errors.Conflict:
        return  # an open period before it: the demo leaves it for a person

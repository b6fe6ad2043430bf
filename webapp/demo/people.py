"""Who is in the demo companies: users, technicians, the price book, rates, customers."""

from datetime import date, timedelta
from random import Random

from sqlalchemy import select

from webapp.accounts.service import passwords
from webapp.catalog import service as catalog
from webapp.customers import service as customers
from webapp.demo import content
from webapp.demo.world import World
from webapp.kit import geo, journal
from webapp.kit.db import add, db
from webapp.models import Property, User
from webapp.sales import rules
from webapp.sales.pay import manual
from webapp.sales.queries.rates import Place
from webapp.sales.service import rates
from webapp.technicians import service as technicians


def staff(world: World, password: str) -> None:
    """The people of the office, all with the demo password."""
    hashed = passwords.hashed(password)
    domain = f"{world.plot.code.lower()}.example.com"
    for username, name, roles in content.USERS:
        if username in world.users:
            continue
        user = add(
            User(
                username=username,
                name=name,
                roles=list(roles),
                email=f"{username}@{domain}",
                password_hash=hashed,
            )
        )
        journal.audit("user.created", user)
        world.users[username] = user.id


def settle(world: World, first: date) -> None:
    """Technicians with their sign-ins, the price book, rates and customers."""
    _technicians(world, first)
    categories = _price_book(world)
    _rates(world, categories)
    _customers(world)


def _technicians(world: World, first: date) -> None:
    domain = f"{world.plot.code.lower()}.example.com"
    hashed = passwords.hashed("truckroll-demo")
    for number, tech in enumerate(content.TECHNICIANS[: world.plot.technicians], 1):
        supervisor = world.technicians[tech.supervisor] if tech.supervisor is not None else None
        made = technicians.create(
            {"name": tech.name, "pay_type": tech.pay_type, "base_pay_cents": tech.base_pay_cents, "phone": tech.phone,
             "employee_number": tech.number, "supervisor_id": supervisor, "color": tech.color,
             "email": f"tech{number}@{domain}", "starts_on": first - timedelta(days=200 + 90 * number)}
        )  # fmt: skip
        world.technicians.append(made.id)
        user = add(User(username=f"tech{number}", name=tech.name, roles=["technician"], email=f"tech{number}@{domain}",
                        technician_id=made.id, password_hash=hashed))  # fmt: skip
        journal.audit("user.created", user)
        world.users[user.username] = user.id


def _price_book(world: World) -> dict[str, int]:
    categories = {}
    for name, items in content.CATEGORIES.items():
        category = catalog.create_category({"name": name})
        categories[name] = category.id
        for title, code, price in items:
            item = catalog.create(
                {"name": title, "code": code, "category_id": category.id, "list_price_cents": price}
            )
            world.items.append((item.id, price))
    return categories


def _rates(world: World, categories: dict[str, int]) -> None:
    """The company's default, and every kind of rate somewhere above it."""
    scale = (rules.ScaleStep(500, 9000), rules.ScaleStep(1000, 7500), rules.ScaleStep(1500, 5000))
    rates.set_default_scale(scale)
    rates.set_rate(Place(), rates.Rate(rate_bps=500, ov_rate_bps=50))
    tiers = (rules.Tier(100_000, 500), rules.Tier(None, 800))
    rates.set_rate(Place(category_id=categories["Installation"]),
                   rates.Rate(structure="tiered", tiers=tiers, discount_scale_enabled=True, ov_rate_bps=100))  # fmt: skip
    rates.set_rate(Place(category_id=categories["Maintenance"]), rates.Rate(rate_bps=800))
    rates.set_rate(Place(category_id=categories["Indoor air quality"]),
                   rates.Rate(rate_bps=1000, discount_scale_enabled=True))  # fmt: skip
    plan = next(i for i, price in world.items if price == 28_800)
    rates.set_rate(Place(item_id=plan), rates.Rate(structure="flat", flat_cents=2_500))
    for position, tech in enumerate(content.TECHNICIANS[: world.plot.technicians]):
        if tech.rate_bps is not None:
            rates.set_rate(
                Place(technician_id=world.technicians[position]), rates.Rate(rate_bps=tech.rate_bps)
            )
    rates.set_rate(
        Place(technician_id=world.technicians[2], item_id=world.items[0][0]),
        rates.Rate(rate_bps=750, ov_rate_bps=0),
    )


def _customers(world: World) -> None:
    chance = world.chance
    seen: set[str] = set()
    for number in range(world.plot.customers):
        business = number < len(content.COMPANIES) and number % 2 == 0
        name = f"{chance.choice(content.FIRST)} {chance.choice(content.LAST)}"
        if name in seen:
            continue
        seen.add(name)
        town, zip_code = chance.choice(content.TOWNS)
        made = customers.create(
            {"name": name, "company": content.COMPANIES[number] if business else "",
             "kind": "commercial" if business else "residential", "phone": f"813-555-{1000 + number:04d}",
             "email": f"{name.split()[0].lower()}.{number}@example.com",
             "tags": ["comfort plan"] if chance.random() < 0.25 else []},
            properties=[{"address": f"{chance.randint(100, 4800)} {chance.choice(content.STREETS)}", "city": town,
                         "state": "FL", "zip": zip_code}],
        )  # fmt: skip
        world.customers.append(made.id)
    _locate(world)


def _locate(world: World) -> None:
    """Put every house somewhere in its ZIP code: what a map of a town looks like."""
    scatter = Random(f"{world.plot.code} houses")  # noqa: S311  # a story, the same every time
    for place in db.session.scalars(
        select(Property).where(Property.tenant_id == world.tenant_id).order_by(Property.id)
    ):
        middle = geo.zip_centroid(place.zip)
        if middle is not None:
            place.latitude = round(middle[0] + scatter.uniform(-0.014, 0.014), 6)
            place.longitude = round(middle[1] + scatter.uniform(-0.016, 0.016), 6)


def manual_line(world: World, period_id: int) -> int:
    """A bonus or a deduction by hand before a period closes; its number, for whoever approves it."""
    kind, cents, reason = world.chance.choice(
        (("bonus", 15_000, "Five-star reviews this period"), ("bonus", 10_000, "On call over the weekend"),
         ("deduction", 4_500, "Uniform replacement"))
    )  # fmt: skip
    technician = world.chance.choice(world.technicians)
    draft = manual.Draft(technician_id=technician, kind=kind, amount_cents=cents, reason=reason)
    return manual.add(period_id, draft).id

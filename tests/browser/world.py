"""A small company with something on every page."""

from dataclasses import dataclass

from tests.factories import people
from tests.factories import sales as make
from tests.factories.world import Company
from webapp.customers import queries as reading
from webapp.customers import service as customers
from webapp.sales.queries.rates import Place
from webapp.sales.service import rates


@dataclass(frozen=True, slots=True)
class Small:
    """Ids of what is there."""

    technician: int
    customer: int
    property: int
    item: int
    approved: int
    pending: int
    period: int


def furnish(company: Company) -> Small:
    """Two technicians, three items with rates, two customers, one approved and two pending sales."""
    with company.acting("admin"):
        mike = make.technician("Mike Johnson", employee_number="E-101")
        ana = make.technician("Ana Reyes", employee_number="E-102", supervisor_id=mike.id)
        make.link(company.users["technician"], mike)
        tune = people.item(name="AC tune-up", list_price_cents=18_900)
        furnace = people.item(name="Gas furnace, 80,000 BTU", list_price_cents=540_000)
        people.item(name="Smart thermostat", list_price_cents=34_900)
        rates.set_rate(Place(None, None, None), rates.Rate(rate_bps=750))
        rates.set_rate(Place(ana.id, None, None), rates.Rate(rate_bps=900, ov_rate_bps=100))
        evelyn = customers.create(
            {"name": "Evelyn Harper", "phone": "(512) 555-0123", "email": "evelyn@example.com", "tags": ["maintenance"]},
            properties=[{"address": "12 Oak Street", "city": "Austin", "state": "TX", "zip": "78701"}],
            contacts=[{"name": "Tom Harper", "role": "Husband", "phone": "(512) 555-0188"}],
        )  # fmt: skip
        customers.create({"name": "Walter Boone", "phone": "(512) 555-0177"})
        done = make.sale(mike, tune, price=18_900, approved=True)
        waiting = make.sale(ana, furnace, price=500_000)
        make.sale(mike, furnace, price=540_000)
        assert done.pay_period_id is not None
        home = reading.properties(evelyn.id)[0].id
        return Small(mike.id, evelyn.id, home, tune.id, done.id, waiting.id, done.pay_period_id)

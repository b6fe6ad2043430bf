"""Who bought: found among the customers, made new, or left open as a question when it is not certain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.customers import queries as customer_queries
from webapp.customers import rules as customer_rules
from webapp.customers import service as customers
from webapp.kit import clean, errors, events, journal, permissions, search
from webapp.kit.db import db
from webapp.models import Sale
from webapp.sales import events as told
from webapp.sales import rights
from webapp.sales.permissions import SALES_RECORD

NEW = "new"
MOST_CANDIDATES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """A customer as somebody gave them: by number, or by name and how to reach them.

    `chosen` answers the question who it is: a customer's number, or NEW. `ask` raises the question (a page) instead
    of leaving it open on the sale (the API, imports).
    """

    customer_id: int | None = None
    name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    chosen: str = ""
    ask: bool = False


NOBODY = Buyer()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer it may be, and what speaks for that."""

    customer_id: int
    name: str
    hint: str


@dataclass(frozen=True, slots=True)
class Match:
    """Who it is. `status`: none (nobody was named), matched, created, unsure."""

    status: str = "none"
    customer_id: int | None = None
    property_id: int | None = None
    name: str = ""
    candidates: tuple[Candidate, ...] = ()
    given: dict[str, str] = field(default_factory=dict)


class WhoIsThis(errors.Invalid):
    """Several customers could be meant; `candidates` are they."""

    def __init__(self, name: str, candidates: Sequence[Candidate]) -> None:
        super().__init__(f"Which {name} is this? Choose one, or say that it is a new customer.")
        self.candidates = tuple(candidates)


def match(buyer: Buyer) -> Match:
    """Find or make the customer. Raises NotFound, Invalid for contact details that cannot be, WhoIsThis."""
    if buyer.customer_id is not None:
        return _known(buyer.customer_id)
    given = _given(buyer)
    if not given.get("name"):
        if given:
            raise errors.Invalid.one("customer_name", "Write the customer's name.")
        return Match()
    if buyer.chosen.isascii() and buyer.chosen.isdigit() and len(buyer.chosen) < 19:
        known = _known(int(buyer.chosen))
        # a person knew who it is; what they were told of them may be new, and must not be lost
        return Match("matched", known.customer_id, _place(known.customer_id, given), known.name, given=given)
    return _resolved(given, ask=buyer.ask, anyway=buyer.chosen == NEW)


def _resolved(given: dict[str, str], *, ask: bool, anyway: bool) -> Match:
    found = customers.resolve(
        name=given["name"], phone=given.get("phone", ""), email=given.get("email", ""), address=given.get("address", ""),
        anyway=anyway,
    )  # fmt: skip
    if isinstance(found, customers.Unsure):
        likely = _candidates(found.candidates)
        if ask:
            raise WhoIsThis(given["name"], likely)
        return Match("unsure", None, None, given["name"], likely, given)
    made = any(
        e["name"] == "customer.created" and e["record_id"] == found.id for e in journal.pending().events
    )
    return Match("created" if made else "matched", found.id, _place(found.id, given), found.name)


def _candidates(found: Sequence[Any]) -> tuple[Candidate, ...]:
    """Those it is likely to be, with what tells them apart and what speaks for each."""
    likely = [c for c in found if c.score >= customer_rules.UNSURE][:MOST_CANDIDATES]
    brief = customer_queries.brief([c.id for c in likely])
    told_apart = {
        number: " · ".join(
            part
            for part in (row.company, clean.phone_words(row.phone), customer_rules.one_line(row._asdict()))
            if part
        )
        for number, row in brief.items()
    }
    return tuple(
        Candidate(
            c.id,
            c.customer.name,
            " – ".join(part for part in (told_apart.get(c.id, ""), ", ".join(c.reasons).lower()) if part),
        )
        for c in likely
    )


def _place(customer_id: int | None, given: Mapping[str, str]) -> int | None:
    """The customer's property at the address that was given."""
    if customer_id is None or not given.get("address"):
        return None
    return customers.property_at(customer_id, given["address"])


def _known(customer_id: int) -> Match:
    found = customer_queries.survivor(customer_id, hold=True)
    if found is None:
        raise errors.NotFound(f"No customer has the number {customer_id}.")
    return Match("matched", found.id, None, found.name)


def _given(buyer: Buyer) -> dict[str, str]:
    problems = clean.Problems()
    found = {
        "name": problems.of("customer_name", clean.line, buyer.name) or "",
        "phone": problems.of("customer_phone", clean.phone, buyer.phone) or "",
        "email": problems.of("customer_email", clean.email, buyer.email) or "",
        "address": problems.of("customer_address", clean.line, buyer.address) or "",
    }
    problems.done()
    return {k: v for k, v in found.items() if v}


def with_given(notes: str, matched: Match) -> str:
    """A sale's notes, with the contact details that were given where no customer has taken them, so none is lost."""
    details = [
        clean.phone_words(value) if name == "phone" else value
        for name, value in matched.given.items()
        if name != "name"
    ]
    if not details:
        return notes
    line = f"Customer as given: {matched.given.get('name', matched.name)}, {', '.join(details)}"
    return f"{notes}\n{line}" if notes else line


def index(sale: Sale) -> None:
    """Make a sale findable by its customer's name while that is all there is; else the customer's words find it."""
    if sale.customer_id is None and sale.customer_name:
        search.index("sale", sale.id, sale.customer_name)


def index_anew(sale: Sale) -> None:
    """As :func:`index`, after the customer of a sale changed."""
    search.remove("sale", sale.id)
    index(sale)


def standing(sale: Any) -> Match:
    """How the customer of a stored sale stands: settled, or a question with its candidates."""
    if sale.customer_id is not None:
        return Match("matched", sale.customer_id, sale.property_id, sale.customer_name)
    if not sale.customer_name:
        return Match()
    return Match("unsure", None, None, sale.customer_name, candidates(sale.customer_name))


def candidates(name: str) -> tuple[Candidate, ...]:
    """The customers a name may stand for."""
    return _candidates(customers.match(name=name).candidates)


def choose_customer(sale_id: int, chosen: str) -> Sale:
    """Answer a sale's open question who the customer is: a customer's number, or NEW.

    Raises Conflict when it was answered already, NotFound.
    """
    permissions.demand(SALES_RECORD)
    sale = rights.get_own(sale_id)
    if sale.customer_id is not None or not sale.customer_name:
        raise errors.Conflict("Who the customer is has been settled already.")
    before = journal.snapshot(sale)
    name = sale.customer_name
    found = match(Buyer(name=name, chosen=chosen)) if chosen else Match()
    if found.customer_id is None:
        raise errors.Invalid.one("customer", "Choose one of the customers, or a new one.")
    sale.customer_id, sale.property_id, sale.customer_name = found.customer_id, found.property_id, found.name
    db.session.flush()
    search.remove("sale", sale.id)
    journal.audit("sale.customer-chosen", sale, before=before, chosen=found.status, given=name)
    events.emit(told.UPDATED, sale.id, told.payload(sale))
    return sale

"""The commission of a sale, calculated from what is stored now and frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from webapp.kit import errors, money
from webapp.kit.errors import FieldProblem
from webapp.sales import rules
from webapp.sales.pay import periods
from webapp.sales.queries import figures

EARLIEST = date(2000, 1, 1)
MOST_SHARES = 20


@dataclass(frozen=True, slots=True)
class Share:
    """A technician's share of the commission, in basis points."""

    technician_id: int
    share_bps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the commission of a sale depends on. Both prices in cents; a list price of None is unknown."""

    technician_id: int
    item_id: int
    sale_price_cents: int
    list_price_cents: int | None
    sold_on: date
    splits: tuple[Share, ...] = ()


def basis_of(terms: Terms) -> figures.Basis:
    """What a sale's commission is calculated from. Raises NotFound for an item or technician that does not exist."""
    return figures.basis(terms.technician_id, terms.item_id, [s.technician_id for s in terms.splits])


def calculate(terms: Terms, basis: figures.Basis, *, check_active: bool = True) -> rules.Snapshot:
    """The commission under the rates of now.

    Raises Invalid for amounts, days or shares that make no sense and for somebody who does not work here on the day of
    the sale.
    """
    check_amounts(terms)
    check_shares(terms.splits)
    people = basis.people
    if check_active:
        _check_active(people, terms)
    facts = rules.SaleFacts(
        sold_on=terms.sold_on,
        sale_price_cents=terms.sale_price_cents,
        list_price_cents=terms.list_price_cents,
        technician=people[terms.technician_id].earning_on(terms.sold_on),
        splits=tuple(
            rules.SaleSplit(people[s.technician_id].earning_on(terms.sold_on), s.share_bps)
            for s in terms.splits
        ),
        item_name=basis.item.name,
    )
    return rules.calculate(facts, basis.rates, basis.scale)


def check_amounts(terms: Terms) -> None:
    """Raises Invalid for a price below zero or beyond what any sale can be."""
    problems = []
    for field, words, cents in (
        ("sale_price_cents", "The price", terms.sale_price_cents),
        ("list_price_cents", "The list price", terms.list_price_cents),
    ):
        if cents is None:
            continue
        if cents < 0:
            problems.append(
                FieldProblem(field, f"{words} is {money.dollars(cents)}. It cannot be below $0.00.")
            )
        elif cents > money.MAX_CENTS:
            problems.append(
                FieldProblem(
                    field, f"{words} is more than any sale can be ({money.dollars(money.MAX_CENTS)})."
                )
            )
    if problems:
        raise errors.Invalid(" ".join(p.message for p in problems), problems)


def check_shares(splits: Sequence[Share]) -> None:
    """Raises Invalid for more shares than a sale can have; what each may be, the rules say."""
    if len(splits) > MOST_SHARES:
        raise errors.Invalid.one("splits", f"A commission can be shared among at most {MOST_SHARES} others.")


def check_day(field: str, words: str, day: date | None, today: date | None = None) -> None:
    """Raises Invalid for a day after tomorrow, or so long ago that it must be a slip."""
    if day is None:
        return
    if day > (today or periods.today()) + timedelta(days=1):
        raise errors.Invalid.one(field, f"{words} cannot be in the future ({day.isoformat()}).")
    if day < EARLIEST:
        raise errors.Invalid.one(field, f"{words} is too long ago ({day.isoformat()}). Check the year.")


def _check_active(people: dict[int, figures.TechnicianFacts], terms: Terms) -> None:
    fields = {terms.technician_id: "technician_id"}
    for position, share in enumerate(terms.splits):
        fields.setdefault(share.technician_id, f"splits.{position}.technician_id")
    problems = [
        FieldProblem(field, f"{people[who].name} was not active on {terms.sold_on:%b} {terms.sold_on.day}, "
                            f"{terms.sold_on.year}.")
        for who, field in fields.items()
        if not people[who].active_on(terms.sold_on)
    ]  # fmt: skip
    if problems:
        raise errors.Invalid(" ".join(p.message for p in problems), problems)

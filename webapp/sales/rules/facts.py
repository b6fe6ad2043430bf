"""What is known of a sale when its commission is calculated, and what can be wrong with that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from webapp.kit.errors import FieldProblem as RuleError
from webapp.kit.errors import Invalid
from webapp.kit.money import FULL, dollars, percent
from webapp.sales.rules.plain import Jsonable


class InvalidSale(Invalid):
    """The facts of a sale do not make sense: its prices, or how it is shared. `problems` lists it all."""


@dataclass(frozen=True, slots=True)
class SaleTechnician(Jsonable):
    """Someone who earns on a sale, and who supervises them (None: nobody)."""

    id: int
    name: str
    supervisor_id: int | None = None
    supervisor_name: str | None = None


@dataclass(frozen=True, slots=True)
class SaleSplit(Jsonable):
    """A technician's share of the commission, in basis points."""

    technician: SaleTechnician
    share_bps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleFacts(Jsonable):
    """What the calculation needs of a sale. Both prices are for the whole quantity, in cents.

    `technician` sold it and gets what `splits` leave, or the share that `splits` name for that technician.
    """

    sold_on: date
    sale_price_cents: int
    technician: SaleTechnician
    list_price_cents: int | None = None
    splits: tuple[SaleSplit, ...] = ()
    item_name: str = ""


def validate_sale(facts: SaleFacts) -> None:
    """Raise InvalidSale listing every problem with the prices and shares of a sale."""
    problems = [*_price_errors(facts), *_split_errors(facts)]
    if problems:
        raise InvalidSale(problems=problems)


def shares_of(facts: SaleFacts) -> tuple[SaleSplit, ...]:
    """Everyone's share, adding up to 100%: the seller first unless the splits give the seller a place."""
    if any(part.technician.id == facts.technician.id for part in facts.splits):
        return facts.splits
    rest = FULL - sum(part.share_bps for part in facts.splits)
    return (SaleSplit(facts.technician, rest), *facts.splits)


def _price_errors(facts: SaleFacts) -> Iterator[RuleError]:
    if facts.sale_price_cents < 0:
        yield RuleError(
            "sale_price_cents", f"The price is {dollars(facts.sale_price_cents)}. It cannot be below $0.00."
        )
    if facts.list_price_cents is not None and facts.list_price_cents < 0:
        yield RuleError(
            "list_price_cents",
            f"The list price is {dollars(facts.list_price_cents)}. It cannot be below $0.00.",
        )


def _split_errors(facts: SaleFacts) -> Iterator[RuleError]:
    seen: set[int] = set()
    for position, part in enumerate(facts.splits):
        name = part.technician.name
        if part.share_bps <= 0:
            yield RuleError(f"splits.{position}.share_bps", f"{name}'s share must be more than 0%.")
        if part.technician.id in seen:
            yield RuleError(
                f"splits.{position}.technician_id", f"{name} is named twice. Give one share to each person."
            )
        seen.add(part.technician.id)
    named = sum(part.share_bps for part in facts.splits)
    if named > FULL:
        yield RuleError(
            "splits", f"The shares come to {percent(named)}. Together they cannot be more than 100%."
        )
    elif facts.technician.id in seen and named != FULL:
        yield RuleError(
            "splits",
            f"The shares come to {percent(named)}. With {facts.technician.name}'s own share named, "
            "they must come to exactly 100%.",
        )

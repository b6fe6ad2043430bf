"""Who gets what of a commission: the shares of a sale, and the override that goes to the supervisors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webapp.kit.money import dollars, percent, split
from webapp.kit.money import share as share_of
from webapp.sales.rules.facts import SaleFacts, SaleSplit, SaleTechnician
from webapp.sales.rules.rates import RateRule
from webapp.sales.rules.snapshot import CommissionLine, Override, OverridePart


def share_lines(facts: SaleFacts, total: int, shares: Sequence[SaleSplit]) -> Iterator[CommissionLine]:
    """What each technician earns: the total divided by largest remainder, ties to the earlier position."""
    amounts = split(total, [part.share_bps for part in shares])
    for part, amount in zip(shares, amounts, strict=True):
        is_seller = part.technician.id == facts.technician.id
        text = f"{percent(part.share_bps)} of {dollars(total)} = {dollars(amount)}"
        yield CommissionLine(
            technician_id=part.technician.id,
            technician_name=part.technician.name,
            role="seller" if is_seller else "split",
            share_bps=part.share_bps,
            amount_cents=amount,
            texts=(text if len(shares) > 1 else f"The whole commission: {dollars(amount)}",),
        )


def override_for(price_cents: int, source: RateRule | None, shares: Sequence[SaleSplit]) -> Override:
    """The override on a price (cents), over the technicians' shares, each to that technician's supervisor."""
    rate = source.ov_rate_bps or 0 if source else 0
    if not rate:
        return Override(0, source, 0, ())
    total = share_of(price_cents, rate)
    amounts = split(total, [part.share_bps for part in shares])
    parts = tuple(
        OverridePart(
            technician_id=part.technician.id,
            technician_name=part.technician.name,
            share_bps=part.share_bps,
            supervisor_id=part.technician.supervisor_id,
            supervisor_name=part.technician.supervisor_name,
            amount_cents=amount,
            why_not=_why_no_override(part.technician),
        )
        for part, amount in zip(shares, amounts, strict=True)
        if part.share_bps
    )
    return Override(rate, source, total, parts)


def _why_no_override(technician: SaleTechnician) -> str:
    if technician.supervisor_id is None:
        return f"{technician.name} has no supervisor"
    if technician.supervisor_id == technician.id:
        return f"{technician.name} is entered as their own supervisor"
    return ""


def override_lines(price_cents: int, override: Override) -> Iterator[CommissionLine]:
    """One line for each supervisor, in the order of the first share that earns it."""
    paid: dict[int, list[OverridePart]] = {}
    for part in override.parts:
        if part.supervisor_id is not None and not part.why_not:
            paid.setdefault(part.supervisor_id, []).append(part)
    whole = (
        f"Override {percent(override.rate_bps)} of {dollars(price_cents)} = {dollars(override.total_cents)}"
    )
    for supervisor_id, parts in paid.items():
        shares = (
            f"{part.technician_name}'s {percent(part.share_bps)}: {dollars(part.amount_cents)}"
            for part in parts
        )
        yield CommissionLine(
            technician_id=supervisor_id,
            technician_name=parts[0].supervisor_name or f"Technician {supervisor_id}",
            role="override",
            share_bps=sum(part.share_bps for part in parts),
            amount_cents=sum(part.amount_cents for part in parts),
            texts=(whole, *shares),
        )

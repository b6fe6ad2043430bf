"""A commission snapshot in sentences that the technician who earned it understands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from webapp.kit.money import dollars, percent
from webapp.sales.rules.plain import listed
from webapp.sales.rules.rates import NO_RATE, Level, describe_rate
from webapp.sales.rules.snapshot import CommissionLine, Snapshot

_WHERE: Final[dict[Level, str]] = {
    "technician_item": "set for {person} on this item",
    "technician_category": "set for {person} on this category",
    "item": "set for everyone on this item",
    "category": "set for everyone on this category",
    "technician": "{owner} own default rate",
    "company": "the company's default rate",
}


def explain(snapshot: Snapshot, reader_id: int | None = None) -> tuple[str, ...]:
    """The sentences from the rate to the last cent, in the order in which they are worked out.

    `reader_id` is the technician who reads: the seller is then spoken to as "you". None names everyone.
    """
    return (
        _rate_sentence(snapshot, is_reader=reader_id == snapshot.technician_id),
        *(step.text for step in snapshot.steps),
        *_shared(snapshot),
        *_override(snapshot, told_to_all=reader_id is None),
    )


def explain_part(snapshot: Snapshot, technician_id: int) -> tuple[str, ...]:
    """What somebody who earns on another's sale reads of it: how their own part comes about, and nobody else's.

    A share is explained from the rate on, an override by itself.
    """
    own = [line for line in snapshot.lines if line.technician_id == technician_id]
    shares = any(line.role != "override" for line in own)
    told = explain(snapshot, technician_id)[: 1 + len(snapshot.steps)] if shares else ()
    return (*told, *(text for line in own for text in line.texts))


def explain_rules(snapshot: Snapshot) -> tuple[str, ...]:
    """Where the rate came from: each rule that applied to the sale, most specific first, and its fate."""
    return tuple(
        f"{'Used' if one.used else 'Not used'}: {one.rule.label}, {describe_rate(one.rule)}. {one.why}"
        for one in snapshot.considered
    )


def _rate_sentence(snapshot: Snapshot, *, is_reader: bool) -> str:
    rule, subject = snapshot.rule, snapshot.item_name or "this sale"
    if rule == NO_RATE:
        return f"No commission rate is set for {subject}, so it pays no commission."
    person = "you" if is_reader else snapshot.technician_name
    owner = "your" if is_reader else f"{snapshot.technician_name}'s"
    where = _WHERE[rule.level].format(person=person, owner=owner)
    return f"{owner[0].upper()}{owner[1:]} rate for {subject} is {describe_rate(rule)} ({where})."


def _shared(snapshot: Snapshot) -> Iterator[str]:
    shares = [line for line in snapshot.lines if line.role != "override"]
    if len(shares) > 1:
        parts = (
            f"{line.technician_name} {percent(line.share_bps)} {dollars(line.amount_cents)}"
            for line in shares
        )
        yield f"Shared: {', '.join(parts)}"


def _override(snapshot: Snapshot, *, told_to_all: bool) -> Iterator[str]:
    override = snapshot.override
    rate = percent(override.rate_bps)
    if not told_to_all and all(part.why_not for part in override.parts):
        return  # nobody gets it: nothing of it comes out of what the reader earns, or goes to anyone they know
    for line in snapshot.lines:
        if line.role == "override":
            yield f"Override {rate} to {_supervisor(snapshot, line)}: {dollars(line.amount_cents)}"
    for part in override.parts:
        if part.why_not:
            whose = f"on {part.technician_name}'s {percent(part.share_bps)}"
            yield f"Override {rate} {whose} is not paid, because {part.why_not}: {dollars(part.amount_cents)}"
    if override.parts and override.source and override.source != snapshot.rule:
        yield f"The override rate comes from {override.source.label}; {snapshot.rule.label} names none."


def _supervisor(snapshot: Snapshot, line: CommissionLine) -> str:
    parts = snapshot.override.parts
    earned = [part for part in parts if part.supervisor_id == line.technician_id and not part.why_not]
    of_whom = listed([f"{part.technician_name}'s" for part in earned])
    share = "" if len(earned) == len(parts) else f", {percent(line.share_bps)} of it"
    return f"{line.technician_name} ({of_whom} supervisor{share})"

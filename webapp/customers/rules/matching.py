"""Who is whom: whether what was said of a customer is one of those already known.

Certain are: the same phone number or email with a name that agrees; the same name at the same address; and a name
with nothing else, where exactly one customer has it. Whatever else speaks for somebody is for a person to decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.customers.rules.keys import names_agree, same_address, same_family

UNSURE = 50  # a score from here on keeps a new customer from being made without asking
CERTAIN = 90


@dataclass(frozen=True, slots=True)
class Asked:
    """What was said of a customer, normalised; empty where nothing was."""

    name_key: str = ""
    phone: str = ""
    email: str = ""
    address_key: str = ""

    @property
    def only_a_name(self) -> bool:
        return bool(self.name_key) and not (self.phone or self.email or self.address_key)


@dataclass(frozen=True, slots=True)
class Known:
    """What is on record of a customer, its contacts, its properties, and those merged into it."""

    customer: Any
    id: int
    name_keys: frozenset[str]  # its own and its company's
    other_names: frozenset[str] = frozenset()  # its contacts'
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    address_keys: frozenset[str] = frozenset()
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody it might be. `score` from 0 to 100; `reasons` in words, what speaks for it before what against."""

    customer: Any
    id: int
    score: int
    reasons: tuple[str, ...]
    facts: int = 0  # how many things are the same


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one it certainly is, or None; and all it might be, most likely first."""

    certain: Candidate | None
    candidates: tuple[Candidate, ...] = field(default=())

    @property
    def unsure(self) -> bool:
        return self.certain is None and any(c.score >= UNSURE for c in self.candidates)


def judge(asked: Asked, known: Sequence[Known]) -> Verdict:
    """Weigh everybody known against what was said."""
    weighed = [_weigh(asked, somebody) for somebody in known]
    candidates = sorted((c for c in weighed if c.score), key=lambda c: (-c.score, -c.facts, c.id))
    return Verdict(_the_one(asked, candidates), tuple(candidates))


def _the_one(asked: Asked, candidates: Sequence[Candidate]) -> Candidate | None:
    certain = [c for c in candidates if c.score >= CERTAIN]
    if certain:
        most = max(c.facts for c in certain)
        best = [c for c in certain if c.facts == most]
        return best[0] if len(best) == 1 else None
    if asked.only_a_name:
        named = [c for c in candidates if "Same name" in c.reasons]
        return named[0] if len(named) == 1 else None
    return None


def _weigh(asked: Asked, known: Known) -> Candidate:
    same_name = bool(asked.name_key) and asked.name_key in known.name_keys
    agrees = same_name or any(names_agree(asked.name_key, n) for n in known.name_keys | known.other_names)
    phone = bool(asked.phone) and asked.phone in known.phones
    email = bool(asked.email) and asked.email in known.emails
    place = any(same_address(asked.address_key, key) for key in known.address_keys)
    score = _score(asked, known, same_name=same_name, agrees=agrees, reached=phone or email, place=place)
    facts = sum((same_name, phone, email, place))
    return Candidate(
        known.customer, known.id, score, _reasons(asked, known, same_name, agrees, phone, email, place), facts
    )


def _score(asked: Asked, known: Known, *, same_name: bool, agrees: bool, reached: bool, place: bool) -> int:
    if reached and agrees:
        return 100
    if same_name and place:
        return 95
    if agrees and place:
        return 80
    if reached:
        return 70
    if same_name:
        return 60
    if place:
        return 55 if any(same_family(asked.name_key, n) for n in known.name_keys) else 30
    return 0


def _reasons(
    asked: Asked, known: Known, same_name: bool, agrees: bool, phone: bool, email: bool, place: bool
) -> tuple[str, ...]:
    said = [
        (phone, "Same phone number"),
        (email, "Same email"),
        (place, "Same address"),
        (same_name, "Same name"),
        (agrees and not same_name and bool(asked.name_key), "A name that agrees"),
        (known.archived, "Archived"),
        (not agrees, "Another name"),
        (bool(asked.phone and known.phones) and not phone, "Another phone number"),
        (bool(asked.email and known.emails) and not email, "Another email"),
        (bool(asked.address_key and known.address_keys) and not place, "Another address"),
    ]
    return tuple(words for holds, words in said if holds)

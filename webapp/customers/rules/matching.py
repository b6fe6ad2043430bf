"""Who is whom: whether what was said of a customer is one of those already known.

What an office expects, and what is done:

- **Certain** are the same phone number or email with a name that agrees; the same name at the same address; and a name
  with nothing else where exactly one customer has it (archived ones do not count: they were put away on purpose).
- **A question** is everything else that speaks for somebody: the same phone or email under another name (an office, a
  family line), the same name with other data, a name that is nearly one's (a nickname, an initial, one of a couple)
  where nothing speaks against it, a member of the family at the address.
- **Evidence that contradicts itself is a question too**: the phone of one and the email of another, or two who fit
  equally well. All of them are listed with what speaks for and against each.
- A street without its town is weaker than the full address, a building without its unit weaker still: they put whoever
  fits behind those who fit in full, and two of one name at one street in two towns are asked about.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.customers.rules.addresses import Address, Place, compare_places
from webapp.customers.rules.names import Alike, compare_names

UNSURE = 50  # a score from here on keeps a new customer from being made without asking
CERTAIN = 90
PLACE_FACTS = {Place.SAME: 4, Place.STREET: 3, Place.BUILDING: 0, Place.OTHER: 0}
FACT = 4  # what each of the others counts for


@dataclass(frozen=True, slots=True)
class Asked:
    """What was said of a customer, normalised; empty where nothing was."""

    name_key: str = ""
    phone: str = ""
    email: str = ""
    address: Address | None = None

    @property
    def only_a_name(self) -> bool:
        return bool(self.name_key) and not (self.phone or self.email or self.address)


@dataclass(frozen=True, slots=True)
class Known:
    """What is on record of a customer, its contacts, its properties, and those merged into it."""

    customer: Any
    id: int
    name_keys: frozenset[str]  # its own and its company's
    other_names: frozenset[str] = frozenset()  # its contacts'
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    places: tuple[tuple[int, Address], ...] = ()  # the properties it may be about, by number
    has_places: bool = False  # whether it has any, also others
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody it might be. `score` from 0 to 100; `reasons` in words, what speaks for it before what against."""

    customer: Any
    id: int
    score: int
    reasons: tuple[str, ...]
    facts: int = 0  # how much is the same
    same_name: bool = False
    phone: bool = False
    email: bool = False
    property_id: int | None = None  # its property at the address that was said
    place: Address | None = None  # and how that is kept
    archived: bool = False
    against: bool = False  # whether anything speaks against it


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
    candidates = sorted((c for c in weighed if c.score), key=lambda c: (-c.score, -c.facts, c.archived, c.id))
    return Verdict(_the_one(asked, candidates), tuple(candidates))


def _the_one(asked: Asked, candidates: Sequence[Candidate]) -> Candidate | None:
    certain = [c for c in candidates if c.score >= CERTAIN]
    if certain:
        most = max(c.facts for c in certain)
        best = [c for c in certain if c.facts == most]
        return best[0] if len(best) == 1 and not _contested(best[0], candidates) else None
    if asked.only_a_name:
        named = [c for c in candidates if c.same_name and not c.archived]
        return named[0] if len(named) == 1 else None
    return None


def _contested(one: Candidate, candidates: Sequence[Candidate]) -> bool:
    """Whether a phone or an email that was said is not this one's but somebody else's."""
    return any((c.phone and not one.phone) or (c.email and not one.email) for c in candidates)


def compare_customers(one: Known, other: Known) -> Candidate:
    """How likely a customer on record is another one, by all that is known of both."""
    name = max(sorted(one.name_keys), key=lambda key: _likest(key, other.name_keys), default="")
    place = max(
        (address for _, address in one.places),
        key=lambda address: max((compare_places(address, at) for _, at in other.places), default=Place.OTHER),
        default=None,
    )
    return _weigh(
        Asked(name, _shared(one.phones, other.phones), _shared(one.emails, other.emails), place), other
    )


def _likest(key: str, keys: frozenset[str]) -> Alike:
    return max((compare_names(key, other) for other in keys), default=Alike.NOT)


def _shared(mine: frozenset[str], theirs: frozenset[str]) -> str:
    return min(mine & theirs or mine, default="")


def place_of(asked: Address | None, places: Sequence[tuple[int, Address]]) -> int | None:
    """The number of the property that an address means; a building without its unit only where there is one of it."""
    found = [(compare_places(asked, place), -number) for number, place in places]
    how, number = max(found, default=(Place.OTHER, 0))
    if how is Place.OTHER:
        return None
    in_doubt = how is Place.BUILDING and (bool(asked and asked.unit) or sum(h is how for h, _ in found) > 1)
    return None if in_doubt else -number


def _weigh(asked: Asked, known: Known) -> Candidate:
    name = max((compare_names(asked.name_key, key) for key in known.name_keys), default=Alike.NOT)
    contact = max((compare_names(asked.name_key, key) for key in known.other_names), default=Alike.NOT)
    phone = bool(asked.phone) and asked.phone in known.phones
    email = bool(asked.email) and asked.email in known.emails
    place = max((compare_places(asked.address, at) for _, at in known.places), default=Place.OTHER)
    same_name = name is Alike.SAME
    against = _against(asked, known, phone=phone, email=email, place=place)
    alike = max(name, min(contact, Alike.AGREE))
    there = place_of(asked.address, known.places)
    return Candidate(
        known.customer,
        known.id,
        _score(alike, reached=phone or email, place=place, nearly=bool(asked.name_key) and not against),
        (*_for(asked, name, contact, phone=phone, email=email, place=place),
         *(["Archived"] if known.archived else []), *(["Another name"] if alike < Alike.AGREE else []), *against),
        FACT * sum((same_name, phone, email)) + PLACE_FACTS[place],
        same_name=same_name,
        phone=phone,
        email=email,
        property_id=there,
        place=dict(known.places)[there] if there is not None else None,
        archived=known.archived,
        against=bool(against) or alike < Alike.AGREE,
    )  # fmt: skip


def _score(alike: Alike, *, reached: bool, place: Place, nearly: bool) -> int:
    if reached:
        return 100 if alike >= Alike.AGREE else 70
    if alike >= Alike.AGREE and place is not Place.OTHER:
        return _AT_THE_PLACE[alike is Alike.SAME, place]
    if alike is Alike.SAME:
        return 60
    if alike is Alike.NEAR:
        return 55
    if alike is Alike.AGREE:
        return 50 if nearly else 0
    if alike is Alike.FAMILY:
        return {Place.SAME: 55, Place.STREET: 52, Place.BUILDING: 30, Place.OTHER: 0}[place]
    return {Place.SAME: 30, Place.STREET: 20, Place.BUILDING: 10, Place.OTHER: 0}[place]


_AT_THE_PLACE = {
    (True, Place.SAME): 95, (True, Place.STREET): 90, (True, Place.BUILDING): 75,
    (False, Place.SAME): 80, (False, Place.STREET): 72, (False, Place.BUILDING): 65,
}  # fmt: skip


def _for(asked: Asked, name: Alike, contact: Alike, *, phone: bool, email: bool, place: Place) -> list[str]:
    said = [
        (phone, "Same phone number"),
        (email, "Same email"),
        (place is Place.SAME, "Same address"),
        (place is Place.STREET, "Same street and number"),
        (place is Place.BUILDING, "Same building"),
    ]
    found = [words for holds, words in said if holds]
    if not asked.name_key:
        return found
    if name is Alike.SAME:
        return [*found, "Same name"]
    if contact is Alike.SAME:
        return [*found, "A contact’s name"]
    return [*found, "A name that agrees"] if max(name, contact) >= Alike.AGREE else found


def _against(asked: Asked, known: Known, *, phone: bool, email: bool, place: Place) -> list[str]:
    said = [
        (bool(asked.phone and known.phones) and not phone, "Another phone number"),
        (bool(asked.email and known.emails) and not email, "Another email"),
        (bool(asked.address and known.has_places) and place is Place.OTHER, "Another address"),
    ]
    return [words for holds, words in said if holds]

"""When two addresses are one place: in parts or on one line, in full or short.

`read_address` takes a street with its unit, town, state and ZIP code apart, also where all of it stands on one line, and
writes each part the postal service's short way (USPS Publication 28, appendices B, C and F). `address_key` is the
street alone: what properties are looked up by. The other parts are compared by `compare_places`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from webapp.customers.rules import lines
from webapp.customers.rules.lines import Token
from webapp.customers.rules.postal import NUMBERS, PLACED_UNITS, SHORT, TOWN_WORDS, UNITS, state_code
from webapp.customers.rules.words import plain, words

PARTS = ("address", "unit", "city", "state", "zip")


@dataclass(frozen=True, slots=True)
class Address:
    """A place as it is compared; empty where nothing was said.

    `also` are other streets it may mean, where a line does not show where the street ends and the town begins.
    """

    street: str
    unit: str = ""
    city: str = ""
    state: str = ""  # two letters
    zip: str = ""  # five digits
    also: tuple[str, ...] = ()


class Place(IntEnum):
    """How much two addresses are the same place."""

    OTHER = 0
    BUILDING = 1  # one of them names a unit there, the other none
    STREET = 2  # the same street and number, and nothing says in which town
    SAME = 3


def read_address(
    address: str, unit: str = "", city: str = "", state: str = "", zip_code: str = ""
) -> Address | None:
    """An address as it is compared; None without a street. What the parts say wins over the same on the line."""
    line = lines.read(address, town=words(plain(city)))
    street = _street(line.street)
    if not street:
        return None
    also = () if city else tuple(dict.fromkeys(_street(tokens) for tokens in line.others))
    return Address(
        street=street,
        unit=_unit(words(plain(unit).replace("#", " unit ")))
        or _unit([w for t in line.unit for w in t.words]),
        city=_town(city) or _town(" ".join(t.raw for t in line.city)),
        state=_state(state) or line.state.lower(),
        zip=zip5(zip_code) or zip5(line.zip),
        also=tuple(s for s in also if s and s != street),
    )


def address_key(address: str, city: str = "") -> str:
    """The street that a property is looked up by: `123 Oak Street, Apt. 4` → `123 oak st`; empty without one."""
    found = read_address(address, city=city)
    return found.street if found else ""


def street_keys(address: Address) -> tuple[str, ...]:
    """The keys under which properties at an address may be kept."""
    return (address.street, *address.also)


def zip5(text: str) -> str:
    """The first five digits of a ZIP code; one of another country without its spaces, in lower case."""
    if re.search(r"[^\W\d_]", text):
        return "".join(words(plain(text)))
    digits = re.sub(r"\D", "", text)
    return digits[:5] if len(digits) in (5, 9) else ""


def compare_places(one: Address | None, other: Address | None) -> Place:
    """How much two addresses are the same place. What one of them does not say contradicts nothing."""
    if one is None or other is None:
        return Place.OTHER
    exact = one.street == other.street
    if not exact and other.street not in one.also and one.street not in other.also:
        return Place.OTHER
    if one.unit and other.unit and one.unit != other.unit:
        return Place.OTHER
    near = _same_town(one, other, towns=exact)
    if near is False:
        return Place.OTHER
    if one.unit != other.unit:
        return Place.BUILDING
    return Place.SAME if near else Place.STREET


def _same_town(one: Address, other: Address, *, towns: bool) -> bool | None:
    """Whether the ZIP codes, else the towns say so; None when nothing does."""
    if one.zip and other.zip:
        return one.zip == other.zip
    if one.state and other.state and one.state != other.state:
        return False
    if towns and one.city and other.city:
        return one.city == other.city
    return None


def in_parts(place: Mapping[str, Any]) -> dict[str, Any]:
    """A place with the unit, town, state and ZIP code read out of its line, in the words that were written.

    Only where nothing but a line was given, and where it is certain which part ends where; else as it was.
    """
    found = {name: place.get(name) or "" for name in PARTS}
    if any(found[name] for name in PARTS[1:]):
        return {**place, **found}
    line = lines.read(found["address"])
    if line.sure and (line.city or line.state or line.zip):
        found = {"address": _raw(line.street), "unit": _raw_unit(line.unit), "city": _raw(line.city),
                 "state": line.state, "zip": line.zip}  # fmt: skip
    return {**place, **found}


def _raw(tokens: Sequence[Token]) -> str:
    return " ".join(t.raw for t in tokens).strip(" ,;.")


def _raw_unit(tokens: Sequence[Token]) -> str:
    return _raw([t for t in tokens if t.raw != "#"])


def _street(tokens: Sequence[Token]) -> str:
    text = " ".join(SHORT.get(w, w) for t in tokens for w in t.words)
    for written, short in _ROADS:
        text = written.sub(short, text)
    first, _, rest = text.partition(" ")
    return f"{NUMBERS[first]} {rest}" if first in NUMBERS and rest else text


_ROADS = [
    (re.compile(written), short)
    for written, short in (
        (r"^(?:p o|po|post office|post ofc) box\b", "pobox"),
        (r"\bus (?:hwy|rte)\b", "us"),
        (r"\b(?:sr|state (?:rte|hwy))(?= \d)", "state rd"),
        (r"\b(?:cr|co rd)(?= \d)", "county rd"),
    )
]


def _unit(given: Sequence[str]) -> str:
    """`Apt. 4-B` → `4b`, `Building 4, Apt 12` → `12 b4`."""
    groups: list[str] = [""]
    for word in given:
        if word in UNITS:
            groups.append("")
        elif word in PLACED_UNITS:
            groups.append(PLACED_UNITS[word])
        else:
            groups[-1] += word.lstrip("0") or word
    return " ".join(sorted(group for group in groups if group))


def _town(text: str) -> str:
    return " ".join(TOWN_WORDS.get(w, w) for w in words(plain(text)))


def _state(text: str) -> str:
    named = words(plain(text))
    return state_code(named) or " ".join(named)

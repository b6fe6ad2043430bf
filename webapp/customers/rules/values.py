"""What may be kept of a customer, a contact, a property."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from webapp.customers.rules.addresses import address_key
from webapp.customers.rules.names import name_key
from webapp.kit import clean

KINDS = {"residential": "Residential", "commercial": "Commercial"}
FIELDS = ("name", "company", "kind", "email", "phone", "reference", "notes", "tags", "archived")
CONTACT_FIELDS = ("name", "role", "email", "phone")
PROPERTY_FIELDS = ("label", "address", "unit", "city", "state", "zip", "access_notes", "primary", "archived")
MOST_TAGS = 20
_ZIP = re.compile(r"^(\d{5})-?(\d{4})?$")


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """A customer's values fit to keep, with `name_key`; only the fields that are there.

    Raises Invalid naming every field that is wrong.
    """
    found = {name: values[name] for name in FIELDS if name in values}
    problems = clean.Problems()
    problems.each(found, _CUSTOMER)
    if "kind" in found and found["kind"] not in KINDS:
        problems.add("kind", "Choose residential or commercial.")
    problems.done()
    if "reference" in found:
        found["reference"] = found["reference"] or None
    if "name" in found:
        found["name_key"] = name_key(found["name"])
    return found


def cleaned_contact(values: Mapping[str, Any]) -> dict[str, Any]:
    """As :func:`cleaned`, of a contact."""
    found = {name: values[name] for name in CONTACT_FIELDS if name in values}
    problems = clean.Problems()
    problems.each(found, _CONTACT)
    problems.done()
    return found


def cleaned_property(values: Mapping[str, Any], present: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """As :func:`cleaned`, of a property, with `address_key`; `present` is what a changed one has now."""
    found = {name: values[name] for name in PROPERTY_FIELDS if name in values}
    problems = clean.Problems()
    problems.each(found, _PROPERTY)
    problems.done()
    if {"address", "city"} & set(found):
        whole = {"address": "", "city": "", **(present or {}), **found}
        found["address_key"] = address_key(whole["address"], whole["city"])
    return found


def one_line(values: Mapping[str, Any]) -> str:
    """An address on one line: `123 Oak St #4, Tampa, FL 33601`."""
    street = " ".join(part for part in (values.get("address"), _unit_words(values.get("unit") or "")) if part)
    region = " ".join(part for part in (values.get("state"), values.get("zip")) if part)
    return ", ".join(part for part in (street, values.get("city"), region) if part)


def _unit_words(unit: str) -> str:
    return f"#{unit}" if unit and re.fullmatch(r"[\w-]{1,6}", unit) else unit


def _tags(given: Sequence[str]) -> list[str]:
    found: dict[str, str] = {}
    for tag in given:
        tidy = clean.line(tag, 40)
        if tidy:
            found.setdefault(tidy.casefold(), tidy)
    if len(found) > MOST_TAGS:
        raise ValueError(f"A customer has at most {MOST_TAGS} tags.")
    return list(found.values())


def _zip(text: str) -> str:
    tidy = clean.line(text, 12).upper()
    if not tidy or not tidy[0].isdigit():
        return tidy  # of another country
    found = _ZIP.match(tidy.replace(" ", ""))
    if not found:
        raise ValueError(f"“{tidy}” is not a ZIP code. Write it like 33601 or 33601-1234.")
    return f"{found[1]}-{found[2]}" if found[2] else found[1]


def _state(text: str) -> str:
    tidy = clean.line(text, 40)
    return tidy.upper() if len(tidy) == 2 else tidy


def _street(text: str) -> str:
    tidy = clean.line(text, 200)
    if not address_key(tidy):
        raise ValueError("Write the street and number.")
    return tidy


def _line(limit: int) -> Callable[[str], str]:
    return lambda text: clean.line(text, limit)


_CUSTOMER: dict[str, Callable[[Any], Any]] = {
    "name": lambda text: clean.name(text, 160), "company": _line(160), "email": clean.email, "phone": clean.phone,
    "reference": _line(80), "notes": clean.lines, "tags": _tags,
}  # fmt: skip
_CONTACT: dict[str, Callable[[Any], Any]] = {
    "name": lambda text: clean.name(text, 160), "role": _line(80), "email": clean.email, "phone": clean.phone,
}  # fmt: skip
_PROPERTY: dict[str, Callable[[Any], Any]] = {
    "label": _line(80), "address": _street, "unit": _line(40), "city": _line(80), "state": _state, "zip": _zip,
    "access_notes": lambda text: clean.lines(text, 2_000),
}  # fmt: skip

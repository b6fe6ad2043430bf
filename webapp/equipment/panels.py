"""What equipment tells on a customer's page, property by property."""

from typing import Any

from webapp.customers import queries as customers
from webapp.customers import rules as addresses
from webapp.equipment import queries, rules
from webapp.equipment.permissions import EDIT, READ
from webapp.kit import permissions
from webapp.models import Property

SHOWN = 20


def install() -> None:
    """Register with customers. Safe to call again."""
    if of_customer not in customers.CUSTOMER_PANELS:
        customers.CUSTOMER_PANELS.append(of_customer)
    if of_property not in customers.PROPERTY_PANELS:
        customers.PROPERTY_PANELS.append(of_property)


def of_customer(customer_id: int) -> dict[str, Any]:
    """A customer's units in use, with where they stand when there is more than one property."""
    if not permissions.may(READ):
        return {"title": "Equipment", "empty": "You may not see equipment."}
    found, day = queries.of_customer(customer_id), queries.today()
    several = len({row.property_id for row in found}) > 1
    rows = []
    for row in found[:SHOWN]:
        street = addresses.one_line({"address": row.address, "unit": row.unit or ""})
        rows.append(
            {
                "id": row.id,
                "name": rules.title(row),
                "where": " · ".join(x for x in (street if several else "", row.location) if x),
                "serial": row.serial,
                "installed_on": row.installed_on,
                "warranty": _opening(rules.warranty_words(row.warranty_until, day)),
                "row_class": "late" if rules.warranty_state(row.warranty_until, day) == "ending" else "",
            }
        )
    edits = permissions.may(EDIT)
    return {
        "title": "Equipment",
        "subtitle": f"{len(found)} in use" if len(found) > SHOWN else None,
        "columns": [
            {"key": "name", "label": "Unit", "kind": "link", "sub": "where"},
            {"key": "serial", "label": "Serial"},
            {"key": "installed_on", "label": "Installed", "kind": "date"},
            {"key": "warranty", "label": "Warranty"},
        ],
        "rows": rows,
        "row_url": "/equipment/{}",
        "url": f"/equipment?customer={customer_id}"
        if len(found) > SHOWN
        else f"/equipment/new?customer={customer_id}"
        if edits
        else None,
        "url_label": "All equipment" if len(found) > SHOWN else "Add",
        "empty": "No equipment is written down: furnaces, water heaters, panels.",
    }


def of_property(place: Property) -> dict[str, Any] | None:
    """The units in use at an address."""
    if not permissions.may(READ):
        return None
    day = queries.today()
    return {
        "title": "Equipment",
        "columns": [
            {"key": "name", "label": "Unit", "kind": "link", "sub": "location"},
            {"key": "serial", "label": "Serial"},
            {"key": "installed_on", "label": "Installed", "kind": "date"},
            {"key": "warranty", "label": "Warranty"},
        ],
        "rows": [
            {"id": unit.id, "name": rules.title(unit), "location": unit.location, "serial": unit.serial,
             "installed_on": unit.installed_on, "warranty": _opening(rules.warranty_words(unit.warranty_until, day)),
             "row_class": "late" if rules.warranty_state(unit.warranty_until, day) == "ending" else ""}
            for unit in queries.at_property(place.id)
        ],
        "row_url": "/equipment/{}",
        "url": f"/equipment/new?customer={place.customer_id}" if permissions.may(EDIT) else None,
        "url_label": "Add",
        "empty": "No equipment is written down: furnaces, water heaters, panels.",
    }  # fmt: skip


def _opening(text: str) -> str:
    """With a capital first; `str.capitalize` would make `nov` of a month's name."""
    return text[:1].upper() + text[1:]

"""Search over everything the person may see: records, pages, actions. Answers Ctrl-K and the search page."""

import re
from collections.abc import Callable
from typing import Any

from flask import current_app, request
from sqlalchemy import and_, case, select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from webapp.accounts.permissions import COMPANY_EDIT, KEYS_MANAGE, OFFICE_USE, USERS_MANAGE
from webapp.accounts.queries import organization
from webapp.catalog import permissions as catalog
from webapp.customers import permissions as customers
from webapp.dispatch.permissions import DISPATCH_EDIT, DISPATCH_READ
from webapp.equipment import permissions as equipment
from webapp.fleet import permissions as fleet
from webapp.imports.permissions import IMPORTS_USE
from webapp.kit import context, money, search
from webapp.kit.clean import phone_words
from webapp.kit.db import rows
from webapp.kit.permissions import may
from webapp.kit.words import date_words
from webapp.models import Customer, DispatchJob, Equipment, Item, Sale, ServiceZone, Technician, Vehicle
from webapp.sales.permissions import SALES_READ_ALL, SALES_RECORD
from webapp.sales.queries import words as sales
from webapp.technicians import permissions as technicians

EACH = 6  # results of one kind
LOOKED_AT = 300  # records of one kind that are ordered by name: one letter must not read a million

# what can be begun: label, address, icon, permission, and further words it is found by
ACTIONS = (
    ("Record a sale", "/sales/new", "circle-plus", SALES_RECORD, "new add sell"),
    ("Book a call", "/dispatch/book", "phone-call", DISPATCH_EDIT, "new job customer on the phone"),
    ("Open the dispatch board", "/dispatch", "columns-3", DISPATCH_READ, "lanes schedule technicians"),
    ("New job", "/jobs/new", "calendar-plus", DISPATCH_EDIT, "add book visit call"),
    ("Add a customer", "/customers/new", "user-plus", customers.CREATE, "new household company"),
    ("Add a technician", "/technicians/new", "hard-hat", technicians.EDIT, "new employee hire"),
    ("Add an item", "/items/new", "package-plus", catalog.EDIT, "new price book product service"),
    ("Add a vehicle", "/vehicles/new", "truck", fleet.VEHICLES_EDIT, "new truck van fleet"),
    ("Add equipment", "/equipment/new", "fan", equipment.EDIT, "new unit furnace appliance"),
    ("Add a service zone", "/service-zones/new", "map", fleet.ZONES_EDIT, "new area zip territory"),
    (
        "Give a technician a skill",
        "/technician-skills/new",
        "badge-check",
        fleet.SKILLS_EDIT,
        "new certificate license",
    ),
    ("Import a file", "/imports/new", "upload", IMPORTS_USE, "csv spreadsheet"),
    ("Invite a user", "/settings/people/new", "user-plus", USERS_MANAGE, "new add person account"),
    ("Create an API key", "/settings/keys/new", "key-round", KEYS_MANAGE, "new add token partner"),
    ("Change the company", "/settings/company", "building-2", COMPANY_EDIT, "branding logo zone name"),
    ("My account", "/account", "user-round", OFFICE_USE, "password profile second factor sessions"),
    ("API reference", "/api/docs", "book-open", OFFICE_USE, "openapi swagger developers"),
)


def groups(query: str) -> list[dict[str, Any]]:
    """Results for the macro `ui.search_results`: groups of `{"label", "items"}`, the likeliest first."""
    query = query.strip()[:100]
    found = [
        {"label": label, "items": made}
        for label, permission, read in _SOURCES
        if query and may(permission) and (made := read(query))
    ]
    begin = {"label": "Actions", "items": _actions(query)}
    pages = {"label": "Pages", "items": _pages(query)}
    # with nothing typed, what can be begun comes first; with words, the records they may mean
    return [*found, begin, pages] if query else [begin, pages]


def _sales(query: str) -> list[dict[str, Any]]:
    match = re.fullmatch(r"(?:sale\s*)?#?\s*(\d{1,18})", query, re.IGNORECASE)
    wanted = sales.conditions(match[1] if match else query)
    if not wanted:
        return []
    statement = (
        select(Sale.id, Sale.number, Item.name.label("item"), Technician.name.label("technician"),
               Sale.customer_name, Sale.sale_price_cents,
               case((Sale.voided_at.is_not(None), "voided"), else_=Sale.status).label("status"))
        .join(Item, and_(Item.tenant_id == Sale.tenant_id, Item.id == Sale.item_id))
        .join(Technician, and_(Technician.tenant_id == Sale.tenant_id, Technician.id == Sale.technician_id))
        .where(Sale.tenant_id == context.tenant_id(), *wanted)
        .order_by(Sale.sold_on.desc(), Sale.id.desc())
        .limit(EACH)
    )  # fmt: skip
    return [
        {"label": f"Sale {row.number}: {row.item}", "url": f"/sales/{row.id}", "icon": "badge-dollar-sign", "state": row.status,
         "hint": " · ".join(x for x in (row.customer_name, row.technician, money.dollars(row.sale_price_cents)) if x)}
        for row in rows(statement)
    ]  # fmt: skip


def _jobs(query: str) -> list[dict[str, Any]]:
    match = re.fullmatch(r"(?:job\s*)?#?\s*(\d{1,18})", query, re.IGNORECASE)
    if match and len(match[1]) < 7:  # longer ones are telephone numbers
        condition: Any = DispatchJob.id == int(match[1])
    elif (words := search.matching("dispatch", query)) is not None:
        condition = DispatchJob.id.in_(select(words.limit(LOOKED_AT).subquery()))
    else:
        return []
    zone = organization().time_zone
    statement = (
        select(DispatchJob.id, DispatchJob.title, DispatchJob.customer_name, DispatchJob.status, DispatchJob.held_at,
               DispatchJob.scheduled_start, DispatchJob.scheduled_end, Technician.name.label("technician"))
        .outerjoin(Technician, and_(Technician.tenant_id == DispatchJob.tenant_id, Technician.id == DispatchJob.technician_id))
        .where(DispatchJob.tenant_id == context.tenant_id(), condition)
        .order_by(DispatchJob.status.in_(("completed", "cancelled")), DispatchJob.id.desc())
        .limit(EACH)
    )  # fmt: skip

    def when(row: Any) -> str:
        return (
            date_words(row.scheduled_start, "datetime", row.scheduled_end, zone)
            if row.scheduled_start
            else ""
        )

    return [
        {"label": f"Job {row.id}: {row.title}", "url": f"/jobs/{row.id}", "icon": "calendar-days",
         "state": "on_hold" if row.held_at else "unassigned" if row.status == "pending" else row.status,
         "hint": " · ".join(x for x in (row.customer_name, when(row), row.technician) if x)}
        for row in rows(statement)
    ]  # fmt: skip


def _named(kind: str, model: Any, query: str, *columns: Any, where: tuple[Any, ...] = ()) -> Any:
    words = search.matching(kind, query)
    if words is None:
        return []
    return rows(
        select(model.id, model.name, *columns)
        .where(
            model.tenant_id == context.tenant_id(),
            model.id.in_(select(words.limit(LOOKED_AT).subquery())),
            *where,
        )
        .order_by(model.name, model.id)
        .limit(EACH)
    )


def _customers(query: str) -> list[dict[str, Any]]:
    found = _named("customer", Customer, query, Customer.company, Customer.phone, Customer.email,
                   where=(Customer.merged_into_id.is_(None), Customer.archived.is_(False)))  # fmt: skip
    return [{"label": row.name, "hint": " · ".join(x for x in (row.company, phone_words(row.phone), row.email) if x),
             "url": f"/customers/{row.id}", "icon": "user-round"} for row in found]  # fmt: skip


def _technicians(query: str) -> list[dict[str, Any]]:
    found = _named("technician", Technician, query, Technician.employee_number, Technician.phone)
    return [{"label": row.name, "hint": " · ".join(x for x in (row.employee_number, phone_words(row.phone)) if x),
             "url": f"/technicians/{row.id}", "icon": "hard-hat"} for row in found]  # fmt: skip


def _items(query: str) -> list[dict[str, Any]]:
    found = _named("item", Item, query, Item.code, Item.list_price_cents, where=(Item.archived.is_(False),))
    return [{"label": row.name, "url": f"/items/{row.id}", "icon": "tag",
             "hint": " · ".join(x for x in (row.code, _price(row.list_price_cents)) if x)} for row in found]  # fmt: skip


def _equipment(query: str) -> list[dict[str, Any]]:
    words = search.matching("equipment", query)
    if words is None:
        return []
    statement = (
        select(Equipment.id, Equipment.kind, Equipment.make, Equipment.model, Equipment.serial, Equipment.retired_on,
               Customer.name.label("customer"))
        .join(Customer, and_(Customer.tenant_id == Equipment.tenant_id, Customer.id == Equipment.customer_id))
        .where(Equipment.tenant_id == context.tenant_id(),
               Equipment.id.in_(select(words.limit(LOOKED_AT).subquery())))
        .order_by(Equipment.retired_on.is_not(None), Customer.name, Equipment.id)
        .limit(EACH)
    )  # fmt: skip
    return [
        {"label": " ".join(x for x in (row.kind, row.make, row.model) if x), "url": f"/equipment/{row.id}", "icon": "fan",
         "hint": " · ".join(x for x in (row.customer, row.serial) if x), "state": "retired" if row.retired_on else ""}
        for row in rows(statement)
    ]  # fmt: skip


def _vehicles(query: str) -> list[dict[str, Any]]:
    found = _named("vehicle", Vehicle, query, Vehicle.plate, Vehicle.make, Vehicle.model, Vehicle.status)
    return [{"label": row.name, "hint": " · ".join(x for x in (row.plate, f"{row.make} {row.model}".strip()) if x),
             "url": f"/vehicles/{row.id}", "icon": "truck", "state": "" if row.status == "active" else row.status}
            for row in found]  # fmt: skip


def _zones(query: str) -> list[dict[str, Any]]:
    found = _named("service_zone", ServiceZone, query, where=(ServiceZone.archived.is_(False),))
    return [{"label": row.name, "url": f"/service-zones/{row.id}", "icon": "map"} for row in found]


def _price(cents: int | None) -> str:
    return money.dollars(cents) if cents is not None else ""


def _actions(query: str) -> list[dict[str, Any]]:
    wanted = search.words(query)
    return [
        {"label": label, "url": url, "icon": icon}
        for label, url, icon, permission, more in ACTIONS
        if may(permission) and _every_word_begins_one(wanted, f"{label} {more}") and _exists(url)
    ]


def _pages(query: str) -> list[dict[str, Any]]:
    wanted = search.words(query)
    navigation: list[dict[str, Any]] = current_app.jinja_env.globals["nav"]()  # type: ignore[operator]  # set in wiring
    return [
        {"label": item["label"], "hint": section["label"], "url": item["url"], "icon": item["icon"]}
        for section in navigation
        for item in section["items"]
        if _every_word_begins_one(wanted, f"{item['label']} {section['label']}")
    ]


def _every_word_begins_one(wanted: list[str], text: str) -> bool:
    there = search.kept(text)
    return all(any(word.startswith(w) for word in there) for w in wanted)


def _exists(url: str) -> bool:
    try:
        current_app.url_map.bind(request.host).match(url, method="GET")
    except (RequestRedirect, HTTPException):
        return False
    return True


_SOURCES: tuple[tuple[str, str, Callable[[str], list[dict[str, Any]]]], ...] = (
    ("Customers", customers.READ, _customers),
    ("Jobs", DISPATCH_READ, _jobs),
    ("Sales", SALES_READ_ALL, _sales),
    ("Technicians", technicians.READ, _technicians),
    ("Price book", catalog.READ, _items),
    ("Equipment", equipment.READ, _equipment),
    ("Vehicles", fleet.VEHICLES_READ, _vehicles),
    ("Service zones", fleet.ZONES_READ, _zones),
)

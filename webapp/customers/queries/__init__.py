"""Every SELECT of customers: `records` (lists, pages, files), `merges` (who became whom), `candidates` (who is meant)."""

from webapp.customers.queries.merges import merges_into, root, survivor, survivors
from webapp.customers.queries.records import (
    CUSTOMER_PANELS,
    SORTS,
    Filters,
    any_customer,
    bare,
    brief,
    contacts,
    contacts_of,
    csv_rows,
    history,
    ids,
    numbered,
    options,
    properties,
    properties_of,
    rows,
)

__all__ = [
    "CUSTOMER_PANELS",
    "SORTS",
    "Filters",
    "any_customer",
    "bare",
    "brief",
    "contacts",
    "contacts_of",
    "csv_rows",
    "history",
    "ids",
    "merges_into",
    "numbered",
    "options",
    "properties",
    "properties_of",
    "root",
    "rows",
    "survivor",
    "survivors",
]

"""Commands on customers. For sales, imports and whoever else is told of a customer by name:

    resolve(name="John Smith", phone="512 555 0123", email="", address="123 Oak St", …) -> Customer | Unsure

finds the customer it certainly is, filling in what was not known of it; makes a new one when nobody is like it; and
returns :class:`Unsure` with the candidates, changing nothing, when a person must decide. `find_or_create` is the same
for callers who can ask nobody: it raises Conflict naming the candidates. `match` only looks.

    match(name=…, phone=…, email=…, address=…) -> Verdict(certain, candidates)      rules: customers/rules/matching.py

Phone numbers and emails may come as people write them; what cannot be read raises Invalid at its field.
Domains with a `customer_id` of their own append to `MERGE_TABLES`, so that merging moves their rows along.
"""

from webapp.customers.service.duplicates import Pair, like, pairs, tell_apart, untell_apart
from webapp.customers.service.matching import Unsure, find_or_create, match, resolve
from webapp.customers.service.merging import MERGE_TABLES, MergeTable, belongings, merge, mergeable, unmerge
from webapp.customers.service.people import (
    add_contact,
    add_property,
    property_at,
    remove_contact,
    set_property_archived,
    update_contact,
    update_property,
)
from webapp.customers.service.records import (
    CREATED,
    MERGED,
    UNMERGED,
    UPDATED,
    create,
    payload,
    set_archived_for_all,
    tag_all,
    undo,
    update,
)

__all__ = [
    "CREATED",
    "MERGED",
    "MERGE_TABLES",
    "UNMERGED",
    "UPDATED",
    "MergeTable",
    "Pair",
    "Unsure",
    "add_contact",
    "add_property",
    "belongings",
    "create",
    "find_or_create",
    "like",
    "match",
    "merge",
    "mergeable",
    "pairs",
    "payload",
    "property_at",
    "remove_contact",
    "resolve",
    "set_archived_for_all",
    "set_property_archived",
    "tag_all",
    "tell_apart",
    "undo",
    "unmerge",
    "untell_apart",
    "update",
    "update_contact",
    "update_property",
]

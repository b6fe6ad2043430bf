"""Rules of customers: what may be kept, when two names or addresses are the same, and who is whom. Pure."""

from webapp.customers.rules.addresses import (
    Address,
    Place,
    address_key,
    compare_places,
    in_parts,
    read_address,
    street_keys,
    zip5,
)
from webapp.customers.rules.matching import UNSURE, Asked, Candidate, Known, Verdict, judge, place_of
from webapp.customers.rules.merging import MERGED_FIELDS, chosen_values, default_choices
from webapp.customers.rules.names import Alike, compare_names, first_names, name_key, persons
from webapp.customers.rules.values import (
    CONTACT_FIELDS,
    FIELDS,
    KINDS,
    PROPERTY_FIELDS,
    cleaned,
    cleaned_contact,
    cleaned_property,
    one_line,
)

__all__ = [
    "CONTACT_FIELDS",
    "FIELDS",
    "KINDS",
    "MERGED_FIELDS",
    "PROPERTY_FIELDS",
    "UNSURE",
    "Address",
    "Alike",
    "Asked",
    "Candidate",
    "Known",
    "Place",
    "Verdict",
    "address_key",
    "chosen_values",
    "cleaned",
    "cleaned_contact",
    "cleaned_property",
    "compare_names",
    "compare_places",
    "default_choices",
    "first_names",
    "in_parts",
    "judge",
    "name_key",
    "one_line",
    "persons",
    "place_of",
    "read_address",
    "street_keys",
    "zip5",
]

"""Rules of customers: what may be kept, when two names or addresses are the same, and who is whom. Pure."""

from webapp.customers.rules.keys import address_key, name_key, names_agree, same_address, same_family, zip5
from webapp.customers.rules.matching import UNSURE, Asked, Candidate, Known, Verdict, judge
from webapp.customers.rules.merging import MERGED_FIELDS, chosen_values, default_choices
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
    "Asked",
    "Candidate",
    "Known",
    "Verdict",
    "address_key",
    "chosen_values",
    "cleaned",
    "cleaned_contact",
    "cleaned_property",
    "default_choices",
    "judge",
    "name_key",
    "names_agree",
    "one_line",
    "same_address",
    "same_family",
    "zip5",
]

"""Suggestions, free slots and route plans."""

from webapp.routing.service.plans import Outdated, accept, ask, discard, take_back
from webapp.routing.service.slots import Offer, Wanted, offers, wanted_by
from webapp.routing.service.suggestions import Suggestions, send, suggestions

__all__ = [
    "Offer",
    "Outdated",
    "Suggestions",
    "Wanted",
    "accept",
    "ask",
    "discard",
    "offers",
    "send",
    "suggestions",
    "take_back",
    "wanted_by",
]

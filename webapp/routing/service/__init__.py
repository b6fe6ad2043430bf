"""Suggestions, free slots and route plans."""

from webapp.routing.service.slots import Offer, Wanted, offers, wanted_by

__all__ = ["Offer", "Wanted", "offers", "wanted_by"]

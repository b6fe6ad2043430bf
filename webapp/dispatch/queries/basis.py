"""How the company dispatches and how that reads, for domains above."""

from webapp.dispatch.settings import DispatchSettings, present, zone
from webapp.dispatch.words import BLOCKS, STATUSES, STEPS, TYPES, address

__all__ = ["BLOCKS", "STATUSES", "STEPS", "TYPES", "DispatchSettings", "address", "present", "zone"]

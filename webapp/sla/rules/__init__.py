"""Promises by the clock: business minutes, pauses, and which policy fits. Pure."""

from webapp.sla.rules import clocks, minutes, policies, story

__all__ = ["clocks", "minutes", "policies", "story"]

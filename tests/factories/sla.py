"""Policies made by the service, and the minute's look."""

from typing import Any

from webapp.models import SlaPolicy
from webapp.sla import service


def policy(name: str = "Any", **values: Any) -> SlaPolicy:
    """A policy; answered within an hour of business unless something else is said."""
    if not {"response_minutes", "resolution_minutes"} & set(values):
        values["response_minutes"] = 60
    return service.policies.create({"name": name, **values})


def look() -> tuple[int, int]:
    """What the minute's job does: how many were warned of, how many were broken."""
    return service.watch.warn(), service.watch.breach()

"""How a technician is dispatched: lane, where the day starts and ends, lunch."""

from collections.abc import Mapping
from typing import Any

from webapp.dispatch import events as told
from webapp.dispatch.permissions import SCHEDULE_EDIT
from webapp.dispatch.queries import schedules as reading
from webapp.dispatch.rules import schedules
from webapp.kit import errors, events, journal
from webapp.kit.db import add, db, find
from webapp.kit.permissions import demand
from webapp.models import DispatchProfile, Technician


def change(technician_id: int, changes: Mapping[str, Any]) -> DispatchProfile:
    """Change how a technician is dispatched; what is not named stays. Raises Invalid and NotFound."""
    demand(SCHEDULE_EDIT)
    if find(Technician, technician_id) is None:
        raise errors.NotFound(f"No technician has the number {technician_id}.")
    kept = schedules.profile(changes)
    profile = reading.profile_of(technician_id) or add(DispatchProfile(technician_id=technician_id))
    before = journal.snapshot(profile)
    for name, value in kept.items():
        setattr(profile, name, value)
    schedules.lunch_window(profile.lunch_from, profile.lunch_until, profile.lunch_minutes)
    diff = journal.difference(before, journal.snapshot(profile))
    db.session.flush()
    if diff:
        journal.audit("lane.profile-changed", profile, before=before, record_id=technician_id)
        events.emit(
            told.PROFILE_CHANGED, technician_id, {"technician_id": technician_id, "changed": sorted(diff)}
        )
    return profile

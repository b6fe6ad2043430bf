"""What the phone tells on the page of a technician: consent to positions, where they were last seen, and how they are told."""

from typing import Any

from webapp.dispatch.permissions import DISPATCH_READ
from webapp.dispatch.service import positions
from webapp.kit import context, permissions, words
from webapp.kit.db import db
from webapp.models import TechnicianPosition
from webapp.phone.service import push
from webapp.technicians import queries as technicians


def install() -> None:
    """Register with the technicians' page. Safe to call again."""
    if of_technician not in technicians.TECHNICIAN_PANELS:
        technicians.TECHNICIAN_PANELS.append(of_technician)


def of_technician(technician_id: int) -> dict[str, Any]:
    """Consent, last position, and the phones that are told of jobs."""
    if not permissions.may(DISPATCH_READ):
        return {"title": "Phone", "empty": "You may not see jobs."}
    profile = positions.consent(technician_id)
    facts: list[dict[str, Any]] = []
    if profile is None or profile.consent_at is None:
        facts.append({"label": "Position", "value": "Not asked, or not agreed"})
    elif profile.consent_withdrawn_at is not None:
        facts.append({"label": "Consent taken back", "value": profile.consent_withdrawn_at, "kind": "when"})
    else:
        facts.append({"label": "Agreed to positions", "value": profile.consent_at, "kind": "when"})
    seen = db.session.get(TechnicianPosition, (context.tenant_id(), technician_id))
    if seen is not None:
        facts.append({"label": "Last seen", "value": seen.seen_at, "kind": "ago"})
    user = technicians.sign_in_of(technician_id)
    phones = len(push.of_user(user.id)) if user is not None else 0
    told = f"by push on {words.plural(phones, 'phone')}" if phones else "by text message"
    facts.append({"label": "Told of jobs", "value": told})
    return {"title": "Phone", "facts": facts}

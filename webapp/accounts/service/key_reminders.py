"""Telling people that an API key is about to expire: 14 and 3 days before."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import current_app

from webapp.accounts import key_rules as rules
from webapp.accounts import queries
from webapp.accounts.service import notices
from webapp.kit import clock, journal
from webapp.models import ApiKey, User


def tell() -> int:
    """Write to who made each key that ends soon, and to the company's owners; how many keys. Each is told of twice."""
    now = clock.now()
    told = 0
    for key in queries.expiring_keys(now, now + timedelta(days=max(rules.REMINDERS))):
        days = rules.reminder(key.expires_at, now, key.reminded)
        if not days:
            continue
        before = journal.snapshot(key)
        key.reminded = days
        people = queries.people_of_key(key)
        for person in people:
            _tell(person, key)
        journal.audit("api_key.reminded", key, before=before, told=[p.username for p in people])
        told += 1
    return told


def _tell(person: User, key: ApiKey) -> None:
    from webapp.messaging import service as messaging

    assert key.expires_at is not None  # it ends soon
    company = queries.organization()
    ends = key.expires_at.astimezone(ZoneInfo(company.time_zone)).strftime("%A, %B %-d, %Y at %-I:%M %p %Z")
    where = f"/settings/keys/{key.id}"
    used = "" if key.last_used_at or key.previous_used_at else " It was never used."
    notices.notify(person.id, "warning", f"The API key “{key.name}” expires soon",
                   f"It stops working on {ends}.{used}", where, dedupe_key=f"key-expiry:{key.id}")  # fmt: skip
    if not person.email:
        return
    messaging.send_email(
        person.email, person.name, f"The API key “{key.name}” expires soon",
        f"Hello {person.name},\n\nThe API key “{key.name}” ({key.prefix}…) of {company.display_name} stops working on "
        f"{ends}.{used} Programs that use it are refused from then on.\n\nGive it a later end, or make a new key:\n"
        f"{current_app.config['SETTINGS'].base_url}{where}\n",
        template="key_expires", record_type="api_key", record_id=key.id,
    )  # fmt: skip

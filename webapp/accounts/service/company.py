"""Changing the organization: its name, branding, zone and rules."""

import re
from dataclasses import dataclass
from zoneinfo import available_timezones

from webapp.accounts import queries, rules
from webapp.accounts.permissions import COMPANY_EDIT
from webapp.accounts.service import policy, providers
from webapp.accounts.service.users import checked
from webapp.kit import clean, errors, events, files, journal, permissions
from webapp.kit.db import db
from webapp.models import Organization, StoredFile

CHANGED = events.declare(
    "organization.updated", "The company or its rules were changed", {"changed": ["time_zone"]}
)
LOGO_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
LOGO_BYTES = 1024 * 1024
_COLOR = re.compile(r"^#[0-9a-f]{6}$")


@dataclass(frozen=True, slots=True)
class Changes:
    """The company as it should be. `primary_color` is `#rrggbb`, `time_zone` an IANA name.

    `sso` is one of :data:`policy.WORDS`; None leaves the rule as it is.
    """

    name: str
    display_name: str
    primary_color: str
    time_zone: str
    phone: str = ""
    email: str = ""
    address: str = ""
    require_mfa: bool = False
    second_person: bool = False
    sso: str | None = None


def change(new: Changes, logo: tuple[str, bytes] | None = None, *, drop_logo: bool = False) -> Organization:
    """Change the company. `logo` is a file name and its bytes. Raises Invalid naming what is wrong."""
    permissions.demand(COMPANY_EDIT)
    company = queries.organization()
    db.session.refresh(company, with_for_update=True)
    before = journal.snapshot(company)
    for field, value, most in (("name", new.name, 120), ("display_name", new.display_name, 60)):
        if not 1 <= len(value.strip()) <= most:
            raise errors.Invalid.one(field, f"Enter 1 to {most} characters.")
    color = new.primary_color.strip().lower()
    if not _COLOR.match(color):
        raise errors.Invalid.one("primary_color", "Choose a color such as #2563eb.")
    if new.time_zone not in available_timezones():
        raise errors.Invalid.one("time_zone", "Choose a time zone from the list.")
    company.name, company.display_name, company.primary_color = (
        new.name.strip(),
        new.display_name.strip(),
        color,
    )
    company.time_zone, company.phone, company.address = (
        new.time_zone,
        _phone(new.phone, company.phone),
        new.address.strip()[:300],
    )
    company.email = checked("email", rules.email, new.email)
    company.require_mfa, company.second_person = new.require_mfa, new.second_person
    if new.sso is not None:
        _set_sso(company, new.sso)
    if logo is not None:
        company.logo_file_id = _keep_logo(*logo)
    elif drop_logo:
        company.logo_file_id = None
    after = journal.snapshot(company)
    changed = sorted(journal.difference(before, after))
    if changed:
        journal.audit("organization.updated", company, before=before, record_type="organization")
        events.emit(CHANGED, None, {"changed": changed})
    return company


def _phone(text: str, present: str) -> str:
    """The number in E.164. One that was kept before numbers were checked stays as long as nobody changes it."""
    if text.strip() in (present, clean.phone_words(present)):
        return present
    return checked("phone", clean.phone, text)


def _set_sso(company: Organization, rule: str) -> None:
    if rule not in policy.WORDS:
        raise errors.Invalid.one("sso", "Choose one of the list.")
    if rule == policy.sso_of(company.settings):
        return
    if rule == policy.REQUIRED and not providers.offered():
        raise errors.Invalid.one("sso", "No provider is set up on this server, so nobody could sign in.")
    company.settings = company.settings | {"sign_in": {"sso": rule}}


def _keep_logo(filename: str, data: bytes) -> int:
    if len(data) > LOGO_BYTES:
        raise errors.Invalid.one("logo", "The picture is larger than 1 MB.")
    kind = next((t for start, t in LOGO_TYPES.items() if data.startswith(start)), None)
    if kind is None:
        raise errors.Invalid.one("logo", "Use a PNG, JPEG or WebP picture.")
    return files.store(filename or "logo", kind, data, purpose="logo").id


def logo(file_id: int) -> StoredFile:
    """The present logo's file. Raises NotFound for any other file."""
    company = queries.organization()
    if company.logo_file_id != file_id:
        raise errors.NotFound("There is no such picture.")
    return files.find(file_id)

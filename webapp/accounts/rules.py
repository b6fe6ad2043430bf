"""What a username, an address and a set of roles may be."""

import re
from collections.abc import Iterable

from email_validator import EmailNotValidError, validate_email

from webapp.kit.permissions import ROLES

USERNAME = re.compile(r"^[a-z0-9][a-z0-9._@+-]{1,63}$")
STAFF_ROLES = tuple(r for r in ROLES if r != "customer")  # customers have an identity of their own


def username(text: str) -> str:
    """A username as it is stored. Raises ValueError with a sentence."""
    found = text.strip().lower()
    if not USERNAME.match(found):
        raise ValueError("A username has 2 to 64 characters: letters, digits and . _ @ + -")
    return found


def email(text: str) -> str:
    """An address as it is stored, lower case; empty stays empty. Raises ValueError with a sentence."""
    if not text.strip():
        return ""
    if len(text) > 254:
        raise ValueError("This is not an e-mail address.")
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise ValueError("This is not an e-mail address.") from None


def roles(wanted: Iterable[str]) -> list[str]:
    """Roles in their fixed order, each once. Raises ValueError with a sentence."""
    chosen = set(wanted)
    unknown = chosen - set(STAFF_ROLES)
    if unknown:
        raise ValueError(f"There is no role “{min(unknown)}”.")
    if not chosen:
        raise ValueError("Choose at least one role.")
    return [r for r in STAFF_ROLES if r in chosen]

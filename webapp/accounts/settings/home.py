"""The settings' front page: every matter the present person may settle, in words."""

from dataclasses import dataclass

from flask import Response

from webapp.accounts.permissions import COMPANY_EDIT, KEYS_MANAGE, USERS_MANAGE
from webapp.accounts.settings import bp
from webapp.audit.permissions import AUDIT_READ
from webapp.kit import context, pages, permissions


@dataclass(frozen=True, slots=True)
class Matter:
    """One card of the settings page. Domains add theirs to MATTERS in their plug."""

    label: str
    hint: str
    url: str
    icon: str
    permission: str
    order: int


MATTERS: list[Matter] = [
    Matter("Company", "Name, branding, time zone, and the rules for everyone", "/settings/company", "building-2",
           COMPANY_EDIT, 10),
    Matter("People", "Who signs in, their roles, and what each may not do", "/settings/people", "users-round",
           USERS_MANAGE, 20),
    Matter("API keys", "Credentials of partners and programs", "/settings/keys", "key-round", KEYS_MANAGE, 60),
    Matter("Audit log", "Who changed what, from where, with before and after", "/settings/audit-log", "scroll-text",
           AUDIT_READ, 70),
]  # fmt: skip


def add(matter: Matter) -> None:
    """Put a card on the settings page; the same address once."""
    if all(m.url != matter.url for m in MATTERS):
        MATTERS.append(matter)


@bp.get("/settings")
@permissions.signed_in
def home() -> Response:
    """Cards of what may be settled; one's own account always."""
    who = context.principal()
    mine = Matter(
        "My account",
        "Profile, password, second factor, where I am signed in",
        "/account",
        "user-round",
        "",
        0,
    )
    matters = [mine, *(m for m in sorted(MATTERS, key=lambda m: m.order) if who.may(m.permission))]
    return pages.render("settings/home.html", matters=matters, page_title="Settings")

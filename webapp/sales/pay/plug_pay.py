"""What sales plugs in for pay: pages, APIs, navigation, a new organization's plan, repeating work."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint

from webapp.accounts.settings import home
from webapp.kit import events
from webapp.kit.plug import NavItem
from webapp.sales.pay import api, archive, periods, scheduled
from webapp.sales.pay.permissions import PAY_OWN, PAYROLL_PLAN, PAYROLL_READ
from webapp.sales.pay.views import (
    amounts,
    bp,
    commissions,
    listing,
    own,
    own_bp,
    plan,
    plan_bp,
    report_bp,
    show,
)

__all__ = [
    "PAY_BLUEPRINTS",
    "PAY_NAVIGATION",
    "amounts",
    "archive",
    "commissions",
    "listing",
    "own",
    "plan",
    "show",
]
# importing the views puts them on their blueprints, the archive its export into the register

PAY_BLUEPRINTS: list[Blueprint] = [bp, report_bp, plan_bp, own_bp, api.api]
PAY_NAVIGATION: list[NavItem] = [
    NavItem("Pay", "Pay periods", "/pay-periods", "calendar-check", 30, PAYROLL_READ, key="g p"),
    NavItem("Pay", "Commissions", "/commissions", "hand-coins", 31, PAYROLL_READ, key="g e"),
    NavItem("", "My pay", "/my/pay", "wallet", 14, PAY_OWN, roles=("technician",)),
]


def _new_organization(name: str, record_id: int | None, payload: Mapping[str, Any]) -> None:
    periods.set_up()


events.subscribe("organization.created", _new_organization)
scheduled.install()
home.add(
    home.Matter(
        "Pay plan",
        "How often people are paid, on which day, and which date of a sale counts",
        "/settings/pay",
        "calendar-check",
        PAYROLL_PLAN,
        40,
    )
)

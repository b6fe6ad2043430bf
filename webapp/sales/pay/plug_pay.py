"""What sales plugs in for pay: pages, APIs, navigation, a new organization's plan, repeating work."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint

from webapp.kit import events
from webapp.kit.plug import NavItem
from webapp.sales.pay import api, periods, scheduled

PAY_BLUEPRINTS: list[Blueprint] = [api.api]
PAY_NAVIGATION: list[NavItem] = []


def _new_organization(name: str, record_id: int | None, payload: Mapping[str, Any]) -> None:
    periods.set_up()


events.subscribe("organization.created", _new_organization)
scheduled.install()

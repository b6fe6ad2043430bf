"""What promises by the clock plug into the house."""

from webapp.accounts.settings import home
from webapp.kit import events
from webapp.kit.plug import NavItem, Plug
from webapp.kit.web import App
from webapp.sla import panels
from webapp.sla.api import api
from webapp.sla.permissions import SLA_EDIT, SLA_READ
from webapp.sla.service import clocks
from webapp.sla.views import bp, broken, policies, report

__all__ = ["PLUG", "broken", "policies", "report"]  # importing the views puts them on their blueprint

MOVES = (
    "dispatch.created",
    "dispatch.updated",
    "dispatch.status-changed",
    "dispatch.held",
    "dispatch.released",
    "dispatch.cancelled",
    "dispatch.visit-added",
)


def _wire(app: App) -> None:
    panels.install()
    for name in MOVES:
        events.subscribe(name, clocks.on_event)
    for name in ("organization.updated", "dispatch.settings-changed"):
        events.subscribe(name, clocks.on_company)
    home.add(
        home.Matter(
            "SLA and holidays",
            "How soon jobs are answered and done, and the days you do not work",
            "/sla/policies",
            "timer",
            SLA_EDIT,
            47,
        )
    )


PLUG = Plug(
    blueprints=(bp, api),
    navigation=(NavItem("Work", "SLA", "/sla", "timer", 12, SLA_READ, key="g p"),),
    wire=_wire,
)

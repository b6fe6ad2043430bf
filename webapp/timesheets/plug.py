"""What working time plugs into the house."""

from webapp.accounts.settings import home
from webapp.kit.plug import NavItem, Plug
from webapp.kit.web import App
from webapp.timesheets import panels
from webapp.timesheets.api import api
from webapp.timesheets.permissions import OWN, READ, SETTINGS
from webapp.timesheets.views import (
    bp,
    corrections,
    entries,
    now,
    own,
    own_bp,
    settings,
    settings_bp,
    sheet,
    week,
)

__all__ = ["PLUG", "corrections", "entries", "now", "own", "settings", "sheet", "week"]
# importing the views puts them on their blueprints


def _wire(app: App) -> None:
    panels.install()
    home.add(
        home.Matter(
            "Working time",
            "When a week begins, how overtime is counted, and when a clock-out is missing",
            "/settings/time",
            "clock",
            SETTINGS,
            45,
        )
    )


PLUG = Plug(
    blueprints=(bp, own_bp, settings_bp, api),
    navigation=(
        NavItem("Pay", "Time sheets", "/time-sheets", "clock", 29, READ, key="g w"),
        NavItem("", "My time", "/my/time", "clock", 11, OWN, roles=("technician",)),
    ),
    wire=_wire,
)

"""What dispatch plugs into the house."""

from webapp.accounts.settings import home
from webapp.dispatch import panels
from webapp.dispatch.api import board as board_api
from webapp.dispatch.api import checklists as checklists_api
from webapp.dispatch.api import fieldwork, office, schedules, stream, technician
from webapp.dispatch.api import recurring as recurring_api
from webapp.dispatch.permissions import DISPATCH_OWN, DISPATCH_READ, DISPATCH_SETTINGS
from webapp.dispatch.views import (
    blocks,
    board,
    board_bp,
    bp,
    checklists,
    edit,
    field,
    leave,
    lists,
    moving,
    on_call,
    own_bp,
    preferences,
    recurring,
    settings_bp,
    shifts,
    show,
    units,
)
from webapp.kit.plug import NavItem, Plug
from webapp.kit.web import App

# importing the views puts them on their blueprints
__all__ = [
    "PLUG",
    "blocks",
    "board",
    "checklists",
    "edit",
    "field",
    "leave",
    "lists",
    "moving",
    "on_call",
    "preferences",
    "recurring",
    "shifts",
    "show",
    "units",
]


def _wire(app: App) -> None:
    panels.install()
    home.add(
        home.Matter(
            "Checklists",
            "Steps that jobs of a type get, and which of them must be done",
            "/settings/checklists",
            "list-checks",
            DISPATCH_SETTINGS,
            46,
        )
    )
    home.add(
        home.Matter(
            "Dispatch",
            "Business hours, the board’s hours, arrival windows, time kept free for emergencies, driving",
            "/settings/dispatch",
            "route",
            DISPATCH_SETTINGS,
            42,
        )
    )


PLUG = Plug(
    blueprints=(
        bp, board_bp, own_bp, settings_bp, checklists.checklists_bp, office.api, board_api.api, schedules.api,
        technician.api, fieldwork.api, checklists_api.api, recurring.recurring_bp, recurring_api.api, stream.api,
    ),
    navigation=(
        NavItem("Work", "Dispatch", "/dispatch", "columns-3", 5, DISPATCH_READ, key="g d"),
        NavItem("Work", "Jobs", "/jobs", "calendar-days", 6, DISPATCH_READ, key="g j"),
        NavItem("Work", "Recurring", "/recurring-jobs", "repeat", 8, DISPATCH_READ),
        NavItem("", "Time off", "/my/time-off", "calendar-x", 14, DISPATCH_OWN, roles=("technician",)),
    ),
    wire=_wire,
)  # fmt: skip

"""What dispatch plugs into the house."""

from webapp.dispatch import panels
from webapp.dispatch.api import board, office, stream, technician
from webapp.dispatch.permissions import DISPATCH_READ
from webapp.dispatch.views import bp, edit, lists, show
from webapp.kit.plug import NavItem, Plug
from webapp.kit.web import App

__all__ = ["PLUG", "edit", "lists", "show"]  # importing the views puts them on their blueprint


def _wire(app: App) -> None:
    panels.install()


PLUG = Plug(
    blueprints=(bp, office.api, board.api, technician.api, stream.api),
    navigation=(NavItem("Work", "Jobs", "/jobs", "calendar-days", 6, DISPATCH_READ, key="g j"),),
    wire=_wire,
)

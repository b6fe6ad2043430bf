"""What dispatch plugs into the house."""

from webapp.dispatch.api import board, office, stream, technician
from webapp.dispatch.permissions import DISPATCH_READ
from webapp.dispatch.views import bp, edit, lists, show
from webapp.kit.plug import NavItem, Plug

__all__ = ["PLUG", "edit", "lists", "show"]  # importing the views puts them on their blueprint

PLUG = Plug(
    blueprints=(bp, office.api, board.api, technician.api, stream.api),
    navigation=(NavItem("Work", "Jobs", "/jobs", "calendar-days", 6, DISPATCH_READ, key="g j"),),
)

"""What the phone plugs into the house."""

from typing import Any

from webapp.dispatch.permissions import DISPATCH_OWN
from webapp.kit.plug import NavItem, Plug
from webapp.phone import panels
from webapp.phone.service import telling
from webapp.phone.views import app, app_bp, bp, day

__all__ = ["PLUG", "app", "day"]  # importing the views puts them on their blueprints


def _wire(flask_app: Any) -> None:
    telling.install()
    panels.install()


PLUG = Plug(
    blueprints=(bp, app_bp),
    navigation=(NavItem("", "My day", "/my/day", "calendar-check", 9, DISPATCH_OWN, roles=("technician",)),),
    wire=_wire,
)

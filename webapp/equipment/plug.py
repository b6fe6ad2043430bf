"""What equipment plugs into the house."""

from webapp.equipment import panels
from webapp.equipment.api import api
from webapp.equipment.permissions import READ
from webapp.equipment.views import bp, lists, record
from webapp.kit.plug import NavItem, Plug
from webapp.kit.web import App

__all__ = ["PLUG", "lists", "record"]  # importing the views puts them on their blueprint


def _wire(app: App) -> None:
    panels.install()


PLUG = Plug(
    blueprints=(bp, api),
    navigation=(NavItem("People", "Equipment", "/equipment", "fan", 41, READ, key="g q"),),
    wire=_wire,
)

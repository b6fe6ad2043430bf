"""What technicians plug into the house."""

from webapp.kit.plug import NavItem, Plug
from webapp.technicians.api import api
from webapp.technicians.permissions import READ
from webapp.technicians.views import bp

PLUG = Plug(
    blueprints=(bp, api),
    navigation=(NavItem("People", "Technicians", "/technicians", "hard-hat", 42, READ, "g t"),),
)

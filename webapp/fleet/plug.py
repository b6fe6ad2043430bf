"""What zones, skills and vehicles plug into the house."""

from typing import Any

from webapp.fleet import panels
from webapp.fleet.api import maintenance as maintenance_api
from webapp.fleet.api import skills as skills_api
from webapp.fleet.api import vehicles as vehicles_api
from webapp.fleet.api import zones as zones_api
from webapp.fleet.permissions import SKILLS_READ, VEHICLES_READ, ZONES_READ
from webapp.fleet.views import maintenance, skills, skills_bp, vehicles, vehicles_bp, zones, zones_bp
from webapp.kit.plug import NavItem, Plug

__all__ = [
    "PLUG",
    "maintenance",
    "skills",
    "vehicles",
    "zones",
]  # importing the views puts them on their blueprints


def _wire(app: Any) -> None:
    panels.install()


PLUG = Plug(
    blueprints=(
        zones_bp,
        skills_bp,
        vehicles_bp,
        zones_api.api,
        skills_api.api,
        maintenance_api.api,
        vehicles_api.api,
    ),
    navigation=(
        NavItem("Fleet", "Vehicles", "/vehicles", "truck", 50, VEHICLES_READ, "g v"),
        NavItem("Fleet", "Skills", "/technician-skills", "badge-check", 51, SKILLS_READ, "g k"),
        NavItem("Fleet", "Zones", "/service-zones", "map", 52, ZONES_READ, "g z"),
    ),
    wire=_wire,
)

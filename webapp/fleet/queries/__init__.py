"""Reading zones, skills and vehicles: every SELECT. What other domains ask is named here."""

from webapp.fleet.queries.skilled import SkillHeld, skills, skills_of
from webapp.fleet.queries.vehicles import Drives, vehicle_of
from webapp.fleet.queries.zones import Place, zone_names, zone_of, zones_at, zones_of

__all__ = [
    "Drives",
    "Place",
    "SkillHeld",
    "skills",
    "skills_of",
    "vehicle_of",
    "zone_names",
    "zone_of",
    "zones_at",
    "zones_of",
]

"""What must hold for zones, skills and vehicles. Pure."""

from webapp.fleet.rules import skills, vehicles, zones

__all__ = ["skills", "vehicles", "zones"]

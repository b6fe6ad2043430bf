"""Commands on zones, skills and vehicles."""

from webapp.fleet.service import maintenance, reminders, skills, vehicles, zones

__all__ = ["maintenance", "reminders", "skills", "vehicles", "zones"]

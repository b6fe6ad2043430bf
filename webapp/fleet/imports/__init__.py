"""Skills and vehicles from CSV files."""

from webapp.fleet.imports import skills, vehicles

__all__ = ["skills", "vehicles"]

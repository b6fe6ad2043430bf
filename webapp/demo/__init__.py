"""The demo companies: made by the product's own services, day by day, with the clock held at each day."""

from webapp.demo.story import load

__all__ = ["load"]

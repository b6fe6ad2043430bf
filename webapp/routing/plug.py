"""What routes plug into the house."""

from webapp.kit.plug import Plug
from webapp.routing.api import plans, slots, suggestions
from webapp.routing.views import bp, optimize
from webapp.routing.views import suggestions as suggestion_pages

__all__ = ["PLUG", "optimize", "suggestion_pages"]  # importing the views puts them on their blueprint

PLUG = Plug(blueprints=(bp, slots.api, suggestions.api, plans.api))

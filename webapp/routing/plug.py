"""What routes plug into the house."""

from webapp.kit.plug import Plug
from webapp.routing.api import slots

PLUG = Plug(blueprints=(slots.api,))

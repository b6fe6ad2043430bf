"""What integrations plugs into the house."""

from webapp.accounts.settings import home
from webapp.integrations import catalogue
from webapp.integrations.api import field, growth
from webapp.integrations.connectors.views import acting, calls, keys, registry
from webapp.integrations.permissions import CONNECTORS_READ, WEBHOOKS_READ
from webapp.integrations.views import bp, deliveries, endpoints
from webapp.kit.plug import Plug
from webapp.kit.web import App

# importing the views puts them on their blueprint
__all__ = ["PLUG", "acting", "calls", "deliveries", "endpoints", "keys", "registry"]


def _wire(app: App) -> None:
    catalogue.declare()
    home.add(home.Matter("Webhooks", "Events told to other systems, and what became of each delivery",
                         "/settings/webhooks", "webhook", WEBHOOKS_READ, 65))  # fmt: skip
    home.add(home.Matter("Connectors", "Your own systems, called when something happens or by hand, every call signed",
                         "/settings/connectors", "plug", CONNECTORS_READ, 66))  # fmt: skip


PLUG = Plug(blueprints=(bp, field.api, growth.api), wire=_wire)

"""What integrations plugs into the house."""

from webapp.accounts.settings import home
from webapp.integrations import catalogue
from webapp.integrations.api import field, growth
from webapp.integrations.permissions import WEBHOOKS_READ
from webapp.integrations.views import bp, deliveries, endpoints
from webapp.kit.plug import Plug
from webapp.kit.web import App

__all__ = ["PLUG", "deliveries", "endpoints"]  # importing the views puts them on their blueprint


def _wire(app: App) -> None:
    catalogue.declare()
    home.add(home.Matter("Webhooks", "Events told to other systems, and what became of each delivery",
                         "/settings/webhooks", "webhook", WEBHOOKS_READ, 65))  # fmt: skip


PLUG = Plug(blueprints=(bp, field.api, growth.api), wire=_wire)

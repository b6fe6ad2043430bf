"""What the price book plugs into the house."""

from webapp.catalog.api import api
from webapp.catalog.permissions import READ
from webapp.catalog.views import bp
from webapp.kit.plug import NavItem, Plug

PLUG = Plug(
    blueprints=(bp, api),
    navigation=(NavItem("Sell", "Price book", "/items", "book-open", 32, READ, "g i"),),
)

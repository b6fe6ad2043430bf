"""What customers plug into the house."""

from webapp.customers.api import api
from webapp.customers.permissions import READ
from webapp.customers.views import bp
from webapp.kit.plug import NavItem, Plug

PLUG = Plug(
    blueprints=(bp, api),
    navigation=(NavItem("People", "Customers", "/customers", "users-round", 40, READ, "g c"),),
)

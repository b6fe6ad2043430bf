"""What sales plugs into the house."""

from typing import Any

from webapp.kit.plug import NavItem, Plug
from webapp.sales import panels
from webapp.sales.api import files as files_api
from webapp.sales.api import rates as rates_api
from webapp.sales.api import sales as sales_api
from webapp.sales.pay.plug_pay import PAY_BLUEPRINTS, PAY_NAVIGATION
from webapp.sales.permissions import COMMISSION_READ, SALES_READ, SALES_READ_ALL
from webapp.sales.views import bp, lists, own, own_bp, rates, rates_bp, record, show

__all__ = [
    "PLUG",
    "lists",
    "own",
    "rates",
    "record",
    "show",
]  # importing the views puts them on their blueprints


def _wire(app: Any) -> None:
    panels.install()


PLUG = Plug(
    blueprints=(bp, rates_bp, own_bp, sales_api.api, rates_api.api, files_api.api, *PAY_BLUEPRINTS),
    navigation=(
        NavItem("Sell", "Sales", "/sales", "badge-dollar-sign", 20, SALES_READ_ALL, key="g s"),
        NavItem("Pay", "Commission rates", "/commission-rates", "percent", 32, COMMISSION_READ, key="g r"),
        NavItem("", "My sales", "/my/sales", "badge-dollar-sign", 12, SALES_READ, roles=("technician",)),
        *PAY_NAVIGATION,
    ),
    wire=_wire,
)

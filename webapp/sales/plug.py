"""What sales plugs into the house."""

from typing import Any

from webapp.kit.plug import NavItem, Plug
from webapp.sales.api import files as files_api
from webapp.sales.api import rates as rates_api
from webapp.sales.api import sales as sales_api
from webapp.sales.pay.plug_pay import PAY_BLUEPRINTS, PAY_NAVIGATION


def _wire(app: Any) -> None:
    pass


PLUG = Plug(
    blueprints=[sales_api.api, rates_api.api, files_api.api, *PAY_BLUEPRINTS],
    navigation=[*PAY_NAVIGATION],
    wire=_wire,
)

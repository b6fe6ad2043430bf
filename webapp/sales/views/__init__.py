"""Pages of sales and commission rates, one module per matter, all on these blueprints."""

from flask import Blueprint

bp = Blueprint("sales", __name__, url_prefix="/sales")
rates_bp = Blueprint("commission_rates", __name__, url_prefix="/commission-rates")
own_bp = Blueprint("own_sales", __name__, url_prefix="/my/sales")

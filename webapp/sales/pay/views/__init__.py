"""Pages of pay, one module per matter, all on these blueprints."""

from flask import Blueprint

bp = Blueprint("pay_periods", __name__, url_prefix="/pay-periods")
report_bp = Blueprint("commissions", __name__, url_prefix="/commissions")
plan_bp = Blueprint("pay_plan", __name__, url_prefix="/settings/pay")
own_bp = Blueprint("own_pay", __name__, url_prefix="/my/pay")

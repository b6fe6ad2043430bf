"""Pages of appointments: the customers' links, texts and rules, booking a call, calendar feeds."""

from flask import Blueprint

public_bp = Blueprint("visit_links", __name__, url_prefix="/v")
settings_bp = Blueprint("appointment_settings", __name__, url_prefix="/settings/appointments")
office_bp = Blueprint("appointments", __name__, url_prefix="/appointments")

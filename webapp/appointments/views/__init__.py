"""Pages of appointments: the customers' links, texts and rules, booking a call, calendar feeds."""

from flask import Blueprint

public_bp = Blueprint("visit_links", __name__, url_prefix="/v")
settings_bp = Blueprint("appointment_settings", __name__, url_prefix="/settings/appointments")
office_bp = Blueprint("appointments", __name__, url_prefix="/appointments")
calendar_bp = Blueprint("calendar_files", __name__, url_prefix="/calendar")
calendars_bp = Blueprint("calendar_feeds", __name__, url_prefix="/settings/calendars")
own_calendar_bp = Blueprint("own_calendar", __name__, url_prefix="/my/calendar")
booking_bp = Blueprint("booking", __name__, url_prefix="/dispatch/book")
presets_bp = Blueprint("booking_presets", __name__, url_prefix="/settings/booking")

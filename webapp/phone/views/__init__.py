"""The technician's phone: `/my/day` as pages, and what the installed application asks for under `/phone`."""

from flask import Blueprint

bp = Blueprint("phone", __name__, url_prefix="/my/day")
app_bp = Blueprint("phone_app", __name__)

"""The pages of zones, skills and vehicles."""

from flask import Blueprint

zones_bp = Blueprint("service_zones", __name__, url_prefix="/service-zones")
skills_bp = Blueprint("technician_skills", __name__, url_prefix="/technician-skills")
vehicles_bp = Blueprint("vehicles", __name__, url_prefix="/vehicles")

"""Pages of suggestions and route plans."""

from flask import Blueprint

bp = Blueprint("routing", __name__, url_prefix="/dispatch")

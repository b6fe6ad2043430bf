"""Pages of promises by the clock."""

from typing import Any

from flask import Blueprint

bp = Blueprint("sla", __name__, url_prefix="/sla")
HOME = "/sla"


def tabs(active: str, open_now: int | None = None) -> list[dict[str, Any]]:
    """The pages of promises, the present one marked."""
    found: list[dict[str, Any]] = [
        {"label": "Report", "url": HOME, "active": active == "report"},
        {"label": "Breaches", "url": f"{HOME}/violations", "active": active == "violations"},
        {"label": "Policies", "url": f"{HOME}/policies", "active": active == "policies"},
        {"label": "Holidays", "url": f"{HOME}/holidays", "active": active == "holidays"},
    ]
    if open_now:
        found[1]["count"] = open_now
    return found

"""Pages of working time: the office's, a technician's own, the settings."""

from typing import Any

from flask import Blueprint

from webapp.timesheets.queries import corrections as correction_queries

bp = Blueprint("timesheets", __name__, url_prefix="/time-sheets")
own_bp = Blueprint("own_time", __name__, url_prefix="/my/time")
settings_bp = Blueprint("time_settings", __name__, url_prefix="/settings/time")


def tabs(here: str) -> list[dict[str, Any]]:
    """The four pages of the office's, `here` being the present one. One statement."""
    waiting = correction_queries.pending_count()
    found = [
        ("week", "Weeks", "/time-sheets", None),
        ("entries", "Entries", "/time-sheets/entries", None),
        ("corrections", "Corrections", "/time-sheets/corrections", waiting or None),
        ("now", "Clocked in now", "/time-sheets/now", None),
    ]
    return [
        {"label": label, "url": url, "active": key == here, "count": count}
        for key, label, url, count in found
    ]

"""Pages of jobs and the board."""

from flask import Blueprint

bp = Blueprint("jobs", __name__, url_prefix="/jobs")
board_bp = Blueprint("board", __name__, url_prefix="/dispatch")
own_bp = Blueprint("own_leave", __name__, url_prefix="/my/time-off")
settings_bp = Blueprint("dispatch_settings", __name__, url_prefix="/settings/dispatch")

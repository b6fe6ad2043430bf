"""The living style page: every component in its states. Served in development and tests only."""

from flask import Blueprint, Response

from webapp.kit import clock, pages
from webapp.kit.permissions import public

bp = Blueprint("styleguide", __name__, url_prefix="/_styleguide")
_WHY = "the style page holds sample data only, and is not there in production"
WHOLE = ("list", "record", "form", "dialog", "phone", "plain")


@bp.get("")
@public(_WHY)
def index() -> Response:
    """Every macro in its states."""
    return pages.render("styleguide/index.html", page_title="Components", now=clock.now())


@bp.get("/<any(" + ",".join(WHOLE) + "):name>")
@public(_WHY)
def whole(name: str) -> Response:
    """A whole page of a kind."""
    return pages.render(f"styleguide/{name}.html", block={"dialog": "dialog", "results": "results"}, page_title=name.capitalize(),
                        now=clock.now())  # fmt: skip


@bp.post("/toast")
@public(_WHY)
def toast() -> Response:
    """A toast with an undo that does nothing."""
    pages.toast("Job J-1042 was canceled.", undo_url="/_styleguide/toast")
    return pages.done(close_dialog=False)

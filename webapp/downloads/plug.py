"""What downloads plug into the house."""

from typing import Any

from webapp.accounts.permissions import OFFICE_USE
from webapp.downloads import queries, views
from webapp.kit.plug import NavItem, Plug
from webapp.kit.web import App


def _wire(app: App) -> None:
    @app.context_processor
    def counted() -> dict[str, Any]:
        # a function: pages that do not extend the office's shell ask nothing of the database
        return {"downloads_count": _Count()}


class _Count:
    """The number of downloads under way, read when a template shows it."""

    def __bool__(self) -> bool:
        return queries.under_way() > 0

    def __str__(self) -> str:
        return str(queries.under_way())


PLUG = Plug(
    blueprints=(views.bp,),
    navigation=(NavItem("Data", "Downloads", "/downloads", "download", 86, OFFICE_USE),),
    wire=_wire,
)

"""Truckroll: the web application."""

from typing import TYPE_CHECKING

from webapp.config import ROOT, Settings

if TYPE_CHECKING:
    from webapp.kit.web import App


def create_app(settings: Settings | None = None) -> "App":
    """Build the application from settings, or from the environment."""
    # here, because every command imports this package and most of them need no Flask
    from webapp import wiring
    from webapp.kit import web

    settings = settings or Settings.load()
    app = web.App(__name__, template_folder=str(ROOT / "templates"), static_folder=None)
    web.install(app, settings)
    wiring.wire(app, settings)
    return app

"""The only file that knows every domain: blueprints, event handlers, navigation, credentials, command line."""

from webapp.config import Settings
from webapp.kit import web


def wire(app: web.App, settings: Settings) -> None:
    """Connect every domain to the application."""
    app.add_url_rule("/healthz", "healthz", web.healthz)

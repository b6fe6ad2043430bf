"""What accounts plugs into the house."""

from datetime import timedelta

from webapp.accounts import (
    api_field,
    api_growth,
    api_sso,
    authenticators,
    browser,
    permissions,
    views,
    watched,
)
from webapp.accounts.service import key_usage, oidc, sandboxes
from webapp.accounts.settings import bp as settings_bp
from webapp.accounts.views import (  # noqa: F401  # their pages
    account,
    arrivals,
    identities,
    links,
    logo,
    providers,
    register,
    second_factor,
    sign_in,
)
from webapp.kit import counts, outbound, web
from webapp.kit.plug import NavItem, Plug
from webapp.kit.web import App

__all__ = ["PLUG", "permissions"]


def _wire(app: App) -> None:
    minutes = app.config["SETTINGS"].session_absolute_minutes
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(minutes=minutes)
    browser.install(app)
    # Apple's page posts there: the state that is checked afterwards is the token
    web.csrf.exempt(providers.provider_posts)
    with app.app_context():
        oidc.check()
    authenticators.install()
    app.extensions["streams"].still_valid = watched.still_valid
    app.after_request(key_usage.count)
    counts.filers[key_usage.KIND] = key_usage.wake
    outbound.kept = sandboxes.kept


NAVIGATION = (
    NavItem(
        "Settings", "Settings", "/settings", "settings", 95, permission=permissions.OFFICE_USE, key="g ,"
    ),
)
PLUG = Plug(
    blueprints=(views.bp, settings_bp, api_field.api, api_sso.api, api_growth.api),
    navigation=NAVIGATION,
    wire=_wire,
)

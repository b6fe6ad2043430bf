"""The only file that knows every domain: blueprints, navigation, event handlers, jobs, and what templates may ask."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from flask import g, request
from flask_wtf.csrf import generate_csrf

from webapp.config import Settings
from webapp.kit import api, assets, context, pages, permissions, plug, values, web, words

DOMAINS = ("audit", "messaging", "accounts", "downloads", "imports", "technicians", "catalog", "customers",
           "fleet", "timesheets", "equipment", "dispatch", "routing", "sla", "sales", "appointments",
           "integrations", "phone", "sandbox", "desk")  # fmt: skip
NAVIGATION: list[plug.NavItem] = []


def wire(app: web.App, settings: Settings) -> None:
    """Connect every domain to the application."""
    app.add_url_rule("/healthz", "healthz", web.healthz)
    NAVIGATION.clear()
    for name in DOMAINS:
        if find_spec(f"webapp.{name}") and find_spec(f"webapp.{name}.plug"):
            _plug_in(app, import_module(f"webapp.{name}.plug").PLUG)
        if find_spec(f"jobs.{name}"):
            import_module(f"jobs.{name}")
        for part in ("imports", "exports"):  # what the domain lets in and out as files
            if find_spec(f"webapp.{name}") and find_spec(f"webapp.{name}.{part}"):
                import_module(f"webapp.{name}.{part}")
    import_module("jobs.schedule")
    for blueprint in app.blueprints.values():
        if isinstance(blueprint, api.Api):
            web.csrf.exempt(blueprint)  # no cookie signs anybody in there
    _install_templates(app)


def _plug_in(app: web.App, domain: plug.Plug) -> None:
    for blueprint in domain.blueprints:
        app.register_blueprint(blueprint)
    NAVIGATION.extend(domain.navigation)
    if domain.wire is not None:
        domain.wire(app)


def _install_templates(app: web.App) -> None:
    values.zone_of_page = _zone
    app.jinja_env.globals.update(
        asset=assets.asset,
        csp_nonce=web.csp_nonce,
        csrf_token=generate_csrf,
        nav=navigation,
        messages=pages.messages,
        date_words=date_words,
        cells=values,
        may=permissions.may,
        settings=app.config["SETTINGS"],
    )


def date_words(value: Any, style: str = "datetime", until: Any = None) -> str:
    """As :func:`webapp.kit.words.date_words`, in the organization's zone."""
    # a macro hands on what a fact does not have as undefined, which is not None
    return words.date_words(value, style, until or None, _zone())


def _zone() -> str:
    organization = g.get("organization")
    return organization.time_zone if organization else "UTC"


def navigation() -> list[dict[str, Any]]:
    """The sections and entries the present person may use."""
    who = context.principal()
    path = request.path
    # of /settings and /settings/audit-log the longer one is where we are
    here = max((i.url for i in NAVIGATION if path == i.url or (i.url != "/" and path.startswith(i.url + "/"))),
               key=len, default="")  # fmt: skip
    sections: dict[str, list[dict[str, Any]]] = {}
    for item in sorted(NAVIGATION, key=lambda i: i.order):
        if item.permission and not who.may(item.permission):
            continue
        if item.roles and not set(item.roles) & set(who.roles):
            continue
        sections.setdefault(item.section, []).append(
            {"label": item.label, "url": item.url, "icon": item.icon, "key": item.key, "active": item.url == here,
             "badge": item.badge() if item.badge else None}
        )  # fmt: skip
    return [{"label": label, "items": items} for label, items in sections.items()]

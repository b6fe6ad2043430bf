"""The Flask application's life of a request: who calls, may they, one transaction, one place where errors are rendered."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import redis
from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.config import Settings
from webapp.kit import (
    addresses,
    api,
    assets,
    context,
    counts,
    dialects,
    errors,
    ids,
    journal,
    limits,
    numbers,
    pages,
    permissions,
    scopes,
    streams,
    tenancy,
)
from webapp.kit.context import PUBLIC, Origin, Principal
from webapp.kit.db import db

log = logging.getLogger("truckroll.web")
csrf = CSRFProtect()

CSP = ("default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
       "img-src 'self' data: blob:{tiles}; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
       "frame-ancestors 'none'")  # fmt: skip


@dataclass(slots=True)
class Hooks:
    """What the kit needs from above, handed over in `wiring.py`."""

    browser: Callable[[], Principal] = field(default=lambda: PUBLIC)  # who the session cookie stands for
    sign_in_url: Callable[[], str] = field(default=lambda: "/sign-in")
    gate: Callable[[Principal], Response | None] = field(
        default=lambda who: None
    )  # e.g. must set up MFA first


class App(Flask):
    """Flask, with the view's transaction committed before its answer leaves."""

    hooks: Hooks

    def dispatch_request(self) -> ResponseReturnValue:
        answer = self.make_response(super().dispatch_request())
        # a commit that fails must become an error answer, so it happens here, where Flask still handles errors
        if answer.status_code < 400:
            journal.commit()
        else:
            db.session.rollback()
        return answer


def install(app: App, settings: Settings) -> None:
    """Bind database, Redis, limits, CSRF and the request hooks to an application."""
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(settings.secret_keys[1:]),
        SQLALCHEMY_DATABASE_URI=settings.app_database_url.replace("postgresql://", "postgresql+psycopg://", 1),
        SQLALCHEMY_ENGINE_OPTIONS={"pool_size": settings.web_threads, "max_overflow": 16, "pool_pre_ping": False,
                                   "pool_recycle": 1800},
        SESSION_COOKIE_NAME="__Host-truckroll" if settings.secure else "truckroll",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: an office keeps a page open all day
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=64 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        RATELIMIT_STORAGE_URI=_limits_uri(settings.redis_url),
        RATELIMIT_SWALLOW_ERRORS=True,
        RATELIMIT_HEADERS_ENABLED=False,
        TEMPLATES_AUTO_RELOAD=settings.environment == "development",
    )  # fmt: skip
    app.hooks = Hooks()
    app.url_map.strict_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    db.init_app(app)
    numbers.install(app, settings.app_database_url)
    csrf.init_app(app)
    limits.install(app)
    app.extensions["redis"] = redis.Redis.from_url(settings.redis_url)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    assets.install(app, live=settings.environment == "development")
    streams.install(app)
    counts.install(app)
    journal.listeners = streams.ring
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_end)
    _install_errors(app)


def _limits_uri(redis_url: str) -> str:
    # the limits library spells unix sockets in its own way
    return redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix:") else redis_url


def _begin() -> ResponseReturnValue | None:
    context.set_principal(PUBLIC)
    source = "api" if request.path.startswith("/api/") else "web"
    given = request.headers.get("X-Correlation-Id", "")
    correlation = (
        given if 0 < len(given) <= 64 and given.isascii() and given.isprintable() else ids.prefixed("corr")
    )
    context.set_origin(Origin(source, request.remote_addr or "", correlation))
    if request.path.startswith(assets.PREFIX):
        return None
    if (
        request.url_rule is None
    ):  # a 404 or 405: it needs nobody signed in, but shows who is the frame they know
        if dialects.of_path(request.path) is None:
            app: App = current_app  # type: ignore[assignment]  # this module only ever serves an App
            _act_as(app.hooks.browser())
        return None
    view = current_view()
    route = api.route_of(view)
    if route is None:
        return _begin_page(view)
    g.dialect = route.dialect
    dialect = route.dialect
    claims: list[limits.Claim] = []
    limit = dialect.limit_address()
    if limit:
        claims.append((limit, (f"{dialect.name}:address", addresses.network(request.remote_addr or ""))))
    try:
        who = dialect.authenticate()
    except errors.AppError:
        limits.hit_all(claims)  # a refused credential counts for its address as well
        raise
    _act_as(who)
    limit, name = dialect.limit_caller(who)
    if limit:
        claims.append((limit, (f"{dialect.name}:caller", name)))
    limits.hit_all(claims)
    scopes.check(route, who)
    permissions.check(route.rule, who)
    if route.scope and who.kind != "public" and SCOPES.index(who.scope or "read") < SCOPES.index(route.scope):
        raise errors.Forbidden(f"This needs a key with the scope “{route.scope}”; yours has “{who.scope}”.")
    return None


SCOPES = ("read", "write", "admin")


def current_view() -> Callable[..., Any] | None:
    return current_app.view_functions.get(request.endpoint or "")


def _begin_page(view: Callable[..., Any] | None) -> ResponseReturnValue | None:
    app: App = current_app  # type: ignore[assignment]  # this module only ever serves an App
    rule = permissions.rule_of(view)
    if rule is not None and rule.public.startswith("no session"):
        return None
    who = app.hooks.browser()
    _act_as(who)
    if who.kind == "public" and rule is not None and not rule.public:
        if request.method == "GET" and not pages.is_htmx():
            return pages.redirect(app.hooks.sign_in_url())
        raise errors.Unauthorized("You were signed out. Sign in again in another tab, then try once more.")
    permissions.check(rule, who)
    return app.hooks.gate(who)


def _act_as(who: Principal) -> None:
    context.set_principal(who)
    # looking the caller up may have begun a transaction under another organization, or none
    if db.session().info.get("tenant_id") != who.tenant_id:
        db.session.rollback()
        tenancy.use(who.tenant_id)


def csp_nonce() -> str:
    """This answer's nonce for styles that carry the organization's colour."""
    if "csp_nonce" not in g:
        g.csp_nonce = ids.token(22)
    return str(g.csp_nonce)


def _tile_host() -> str:
    """Where map tiles may be loaded from: the configured address's host alone, none by default."""
    parts = urlsplit(current_app.config["SETTINGS"].map_tiles_url)
    # {s} in the host stands for one of several servers
    return f" {parts.scheme}://{parts.netloc.replace('{s}', '*')}" if parts.netloc else ""


def _finish(answer: Response) -> Response:
    dialect = g.get("dialect")
    if dialect is not None:
        dialect.finish(answer)
        answer.headers.setdefault("Cache-Control", "no-store")
    elif answer.mimetype == "text/html":
        answer.headers["Content-Security-Policy"] = CSP.format(nonce=csp_nonce(), tiles=_tile_host())
        answer.headers.setdefault("Cache-Control", "no-store")
        answer.headers["Referrer-Policy"] = "same-origin"
        answer.headers["X-Frame-Options"] = "DENY"
    elif not request.path.startswith(assets.PREFIX):
        # statements, exports, lists to choose from: nothing that a shared computer should keep
        answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["X-Correlation-Id"] = context.origin().correlation_id
    return answer


def _end(problem: BaseException | None) -> None:
    context.set_principal(PUBLIC)


# Errors -----------------------------------------------------------------------------------------------------------


def _install_errors(app: App) -> None:
    app.register_error_handler(errors.AppError, render)
    app.register_error_handler(CSRFError, _csrf_failed)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(IntegrityError, _integrity)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(Exception, _unexpected)


def render(error: errors.AppError) -> Response:
    """One error, rendered once: in the dialect of the address, or as a page. What the request wrote is undone."""
    if error.keep:
        journal.commit()
    else:
        db.session.rollback()
    dialect = g.get("dialect") or dialects.of_path(request.path)
    if dialect is not None:
        g.dialect = dialect
        return dialect.error(error)
    return pages.error_page(error)


def _csrf_failed(problem: CSRFError) -> Response:
    return render(
        errors.BadRequest("This form was open too long or came from elsewhere. Load the page again.")
    )


_HTTP: dict[int, tuple[type[errors.AppError], str]] = {
    400: (errors.BadRequest, "The request cannot be read."),
    404: (errors.NotFound, "There is nothing at this address."),
    413: (errors.TooLarge, "What was sent is larger than this address accepts."),
    415: (errors.BadRequest, "Send JSON with Content-Type: application/json."),
}


def _http(problem: HTTPException) -> ResponseReturnValue:
    code = problem.code or 500
    if code < 400:
        return problem.get_response()  # a redirect of the router's
    kind, sentence = _HTTP.get(code, (errors.AppError, problem.description or "The request failed."))
    error = kind(sentence)
    if code == 405:
        allowed = ", ".join(sorted(problem.valid_methods or ())) if hasattr(problem, "valid_methods") else ""
        error = errors.BadRequest(f"{request.method} is not possible here; use {allowed}.")
    error.status = code  # shadows the class's own for this one answer
    answer = render(error)
    if code == 405 and hasattr(problem, "valid_methods"):
        answer.headers["Allow"] = ", ".join(sorted(problem.valid_methods or ()))
    return answer


def _integrity(problem: IntegrityError) -> Response:
    # a race between two requests: the second one's rule check passed before the first one's commit
    log.warning("integrity: %s", problem.orig)
    state = getattr(problem.orig, "sqlstate", "")
    if state == "23505":
        return render(errors.Conflict("A record like this exists already."))
    if state == "23503":
        return render(
            errors.Conflict("This refers to a record that does not exist (any more), or others refer to it.")
        )
    if state == "23001":  # a trigger guards what is settled; the services refuse earlier, in better words
        return render(errors.Conflict("This record is settled and cannot be changed any more."))
    return render(errors.Invalid("A value is outside what the record can hold."))


_CROSSED = ("40P01", "40001", "55P03")  # deadlock, serialization failure, lock not available


def _database_away(problem: OperationalError) -> Response:
    if getattr(problem.orig, "sqlstate", "") in _CROSSED:
        # the database is there: two people held what the other one wanted, and this one has to give way
        log.warning("crossed: %s", problem.orig)
        return render(
            errors.Conflict("Somebody else was changing the same records. Nothing was changed; try again.")
        )
    log.error("database: %s", problem.orig)
    db.session.remove()
    return render(errors.Unavailable("The database cannot be reached. Nothing was changed; try again in a moment.",
                                     retry_after=5))  # fmt: skip


_OUTSIDE = ("22003", "22001", "22P05", None)


def _unexpected(problem: Exception) -> Response:
    # without a state it is the driver that refuses: a NUL character in a text
    if isinstance(problem, DataError) and getattr(problem.orig, "sqlstate", "") in _OUTSIDE:
        return render(errors.Invalid("A value is outside what the record can hold."))
    log.exception("%s %s", request.method, request.path)
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise problem
    return render(errors.AppError(f"Something went wrong on our side. If it happens again, tell your administrator "
                                  f"this number: {context.origin().correlation_id}"))  # fmt: skip


def healthz() -> Response:
    """Whether the web process, database and Redis answer: for the supervisor and load balancers."""
    from sqlalchemy import text

    from webapp.kit import doorbell, json

    try:
        db.session.execute(text("select 1"))
        database = True
    except OperationalError:
        db.session.rollback()
        database = False
    try:
        bell = bool(doorbell.connection().ping())
    except redis.RedisError:
        bell = False
    return json.answer({"ok": database, "database": database, "redis": bell}, 200 if database else 503)


healthz.__permission__ = permissions.Rule(public="no session: asked by machines")  # type: ignore[attr-defined]

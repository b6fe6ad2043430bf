"""Who calls an API: one function per dialect, handed to the kit at start-up."""

from collections.abc import Callable
from uuid import UUID

from flask import current_app, request

from webapp.accounts.service import keyring, sessions, sign_in, tokens
from webapp.config import Limits
from webapp.kit import api, dialects, errors, limits, streams, web
from webapp.kit.context import PUBLIC, Principal

VERSION_HEADER, VERSION = "Operator-Version", "2025-06-19"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def install() -> None:
    """Give every dialect its authenticator and its limits."""
    dialects.FIELD.authenticate = field
    dialects.FIELD.limit_address = lambda: _limits().field_address
    dialects.FIELD.limit_caller = lambda who: (
        (_limits().field_tenant, str(who.tenant_id)) if who.tenant_id else ("", "")
    )
    dialects.GROWTH.authenticate = growth
    dialects.GROWTH.limit_caller = _per_key(lambda: _limits().growth_key)
    dialects.AGENTS.authenticate = agents
    dialects.AGENTS.limit_caller = _per_key(lambda: _limits().agents_key)
    for dialect, header in (
        (dialects.CLOSEBOT, "X-CloseBot-Key"),
        (dialects.FIXFLOW, "X-FixFlow-Key"),
        (dialects.LEDGERPILOT, "X-LedgerPilot-Key"),
    ):
        dialect.authenticate = _intake(header, dialect.name)
        dialect.limit_caller = _per_key(_limit_of(dialect.name))


def _limits() -> Limits:
    found: Limits = current_app.config["SETTINGS"].limits
    return found


def _limit_of(product: str) -> Callable[[], str]:
    return lambda: str(getattr(_limits(), f"{product}_key"))


def _per_key(limit: Callable[[], str]) -> Callable[[Principal], tuple[str, str]]:
    return lambda who: (limit(), f"{who.tenant_id}:{who.id}") if who.kind == "key" else ("", "")


# Credentials ------------------------------------------------------------------------------------------------------


def tenant_header() -> UUID | None:
    """The organization that `X-Tenant-Id` names. Raises BadRequest when it is no UUID."""
    given = request.headers.get("X-Tenant-Id", "").strip()
    if not given:
        return None
    try:
        return UUID(given)
    except ValueError:
        raise errors.BadRequest("X-Tenant-Id must be a UUID, the tenantId of tenants/resolve.") from None


def bearer() -> str:
    """The credential of `Authorization: Bearer …`; empty without the header. Raises Unauthorized for another scheme."""
    given = request.headers.get("Authorization", "")
    if not given:
        return ""
    scheme, _, credential = given.partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise errors.Unauthorized("Send the credential as “Authorization: Bearer …”.")
    return credential.strip()


def _is_public() -> bool:
    route = api.route_of(web.current_view())
    return route is not None and bool(route.rule.public)


def _holder(key: str, product: str) -> Principal:
    """The principal of a product's key. Raises Unauthorized for none, Forbidden for another product's."""
    try:
        who = keyring.find(key)
    except errors.AppError:
        _count_refusal()
        raise
    if who is None:
        _count_refusal()
        raise errors.Unauthorized("The API key is not valid: mistyped, revoked or expired.")
    if who.product != product:
        raise errors.Forbidden(
            f"This is a key of another product; it opens nothing of {keyring.PRODUCTS[product].title}."
        )
    return who


def _count_refusal() -> None:
    # the limits of keys do not see a caller without one: guessing is counted by address
    limits.hit(_limits().sign_in_address, "key", sign_in.network())


# Dialects ---------------------------------------------------------------------------------------------------------


def field() -> Principal:
    """A person's access token with `X-Tenant-Id`, or an API key `tk_live_…` or `tk_test_…`."""
    # a client that sends an expired token along with its refresh or sign-in must not be turned away for it
    if _is_public():
        return PUBLIC
    tickets = [t for t in request.args.getlist("ticket") if t]
    if len(tickets) == 1 and request.path.endswith("/stream"):
        return _ticket_holder(tickets[0])
    credential = bearer()
    if not credential:
        return PUBLIC
    return _partner(credential) if keyring.product_of(credential) else _person(credential)


def _ticket_holder(given: str) -> Principal:
    """Who asked for a stream's ticket, if their session or key still stands."""
    claims = streams.redeem(given)
    if claims is None:
        raise errors.Unauthorized("The ticket was used already, or is older than a minute. Ask for another.")
    tenant = UUID(claims["tenant"])
    who = (
        keyring.by_id(UUID(claims["owner"]), claims["key"], claims["mark"])
        if claims.get("key")
        else sessions.find(tenant, claims["session"], sessions.API)
    )
    if who is None:
        raise errors.Unauthorized("The session is over. Sign in again.")
    return who


def _person(token: str) -> Principal:
    claims = tokens.read(tokens.ACCESS, token)
    named = tenant_header()
    if named is None:
        raise errors.BadRequest("Send the X-Tenant-Id header along with the access token.")
    if named != claims.tenant_id:
        raise errors.Forbidden("The access token belongs to another organization than X-Tenant-Id names.")
    who = sessions.find(claims.tenant_id, claims.session_id, sessions.API)
    if who is None:
        raise errors.Unauthorized("The session is over. Sign in again.")
    if who.extra.get("must_link"):
        raise errors.Forbidden(
            "Your company signs in through a provider. Sign in at the website once to link your account."
        )
    if who.extra.get("must_set_up"):
        raise errors.Forbidden(
            "Your company asks for a second factor. Sign in at the website once to set it up."
        )
    return who


def _partner(key: str) -> Principal:
    who, named = _holder(key, "field"), tenant_header()
    # of a test key the organization is right as well: a client changes nothing but the key to try things out
    if named is not None and named not in (who.tenant_id, who.extra["owner"]):
        raise errors.Forbidden("The API key belongs to another organization than X-Tenant-Id names.")
    return who


def growth() -> Principal:
    """An API key `eal_live_…` or `eal_test_…`."""
    credential = bearer()
    if not credential:
        return PUBLIC
    who = _holder(credential, "growth")
    # beside each route's own scope: a key for reading changes nothing, whatever a route forgot to say
    if who.scope == "read" and request.method not in SAFE_METHODS:
        raise errors.Forbidden(
            "This needs a key with the scope “write”; yours has “read”.", details={"scope": "write"}
        )
    return who


def _intake(header: str, product: str) -> Callable[[], Principal]:
    def authenticate() -> Principal:
        key = request.headers.get(header, "").strip()
        return _holder(key, product) if key else PUBLIC

    return authenticate


def agents() -> Principal:
    """An API key `op_prod_…`, with the version of the API that the caller speaks."""
    credential = bearer()
    if not credential:
        return PUBLIC
    who = _holder(credential, "agents")
    if request.headers.get(VERSION_HEADER) != VERSION:
        raise errors.BadRequest(f"Send the header {VERSION_HEADER}: {VERSION}.")
    return who

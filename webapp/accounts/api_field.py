"""Sign-in of the field API: organization, tokens, second factor, registration."""

from typing import Any

from flask import current_app

from webapp.accounts import queries, schemas
from webapp.accounts.authenticators import tenant_header
from webapp.accounts.service import challenges, factors, policy, registration, sessions, sign_in, tokens
from webapp.config import Settings
from webapp.kit import clock, context, dialects, errors
from webapp.kit.api import Api
from webapp.kit.db import get
from webapp.models import User, UserSession

api = Api("accounts_field_api", __name__, dialect=dialects.FIELD, url_prefix="/api/v1", tag="Sign-in")


def settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


@api.get("/tenants/resolve/<code>", public="the first step of signing in", returns=schemas.TenantOut)
def resolve_tenant(code: str) -> dict[str, Any]:
    """Find an organization by its business code, in any case."""
    tenant = sign_in.find_organization(code)
    if tenant is None:
        raise errors.NotFound("No organization has this business code.")
    sign_in.enter(tenant)
    found = queries.organization()
    return {
        "businessCode": found.business_code,
        "businessName": found.name,
        "apiUrl": settings().base_url,
        "tenantId": str(tenant),
        "branding": {"display_name": found.display_name, "primary_color": found.primary_color},
    }


@api.post("/auth/login", public="this is where one signs in", body=schemas.LoginIn, returns=schemas.LoginOut)
def login(body: schemas.LoginIn) -> dict[str, Any]:
    """Sign in with username and password, in the organization of X-Tenant-Id."""
    tenant = tenant_header()
    if tenant is None:
        raise errors.BadRequest("Send the X-Tenant-Id header: the tenantId of tenants/resolve.")
    known = sign_in.exists(tenant)
    if known:
        sign_in.enter(tenant)
    sign_in.count_request("login", tenant, body.username.strip().casefold())
    user = sign_in.check_password(tenant if known else None, body.username, body.password)
    return signed_in_or_challenged(user, method="password")


@api.post(
    "/auth/mfa-verify",
    public="the second step of signing in",
    body=schemas.VerifyIn,
    returns=schemas.LoginOut,
)
def verify_second_factor(body: schemas.VerifyIn) -> dict[str, Any]:
    """Answer the challenge: a code of the app, a mailed code, or a backup code."""
    claims = _entered(challenges.read(body.challenge_token))
    sign_in.count_request("verify", claims.user_id)
    user, method = challenges.answer(claims, body.code)
    return signed_in(user, method=method)


@api.post("/auth/mfa-email", public="between the steps of signing in", body=schemas.MailCodeIn,
          returns=schemas.MailCodeOut)  # fmt: skip
def mail_code(body: schemas.MailCodeIn) -> dict[str, Any]:
    """Have a code mailed, where the user has chosen that as a second factor."""
    claims = _entered(challenges.read(body.challenge_token))
    challenges.mail(claims)
    return {"sent": True}


@api.post("/auth/refresh", public="the refresh token is the credential", body=schemas.RefreshIn,
          returns=schemas.RefreshOut)  # fmt: skip
def refresh(body: schemas.RefreshIn) -> dict[str, Any]:
    """Get a new access token, and with `rotate` a new refresh token as well."""
    claims = _entered(tokens.read(tokens.REFRESH, body.refresh_token, "refresh token"))
    sign_in.count_request("refresh", claims.session_id)
    user, row, secret = sessions.refresh(
        claims.tenant_id, claims.session_id, claims.secret, rotate=body.rotate
    )
    refuse_without_factor(user)
    answer = {"access_token": access_token(user, row.id)}
    if secret is not None:
        answer["refresh_token"] = refresh_token(row, secret)
    return answer


def _entered(claims: tokens.Claims) -> tokens.Claims:
    named = tenant_header()
    if named is not None and named != claims.tenant_id:
        raise errors.Forbidden("The token belongs to another organization than X-Tenant-Id names.")
    sign_in.enter(claims.tenant_id)
    return claims


@api.post("/auth/register", public="a company registers itself", body=schemas.RegisterIn, status=201,
          returns=schemas.RegisterOut)  # fmt: skip
def register(body: schemas.RegisterIn) -> dict[str, Any]:
    """Register a company; its owner is signed in at once."""
    limit_public()
    user = registration.register(registration.Registration(**body.model_dump()))
    return registered(user, method="registration")


def limit_public() -> None:
    """Registering is limited by address: there is no account yet."""
    sign_in.count_request("register")


def registered(user: User, *, method: str) -> dict[str, Any]:
    """The answer to a registration: tokens, and what to sign in with next time."""
    company = queries.organization()
    return signed_in(user, method=method) | {
        "tenant_id": str(user.tenant_id),
        "business_code": company.business_code,
        "business_name": company.name,
    }


@api.post("/auth/logout", signed_in=True, returns=schemas.LogoutOut)
def logout() -> dict[str, Any]:
    """End the session of the access token; its refresh token stops working too."""
    who = context.principal()
    if who.session_id is None or who.id is None:
        raise errors.Conflict("An API key has no session. Revoke the key instead.")
    sessions.revoke(who.session_id, user_id=who.id, why="signed out")
    return {"logged_out": True}


@api.get("/auth/me", signed_in=True, returns=schemas.MeOut)
def me() -> dict[str, Any]:
    """Who the access token stands for."""
    who = context.principal()
    if who.kind != "user" or who.id is None:
        raise errors.Conflict("An API key stands for no person.")
    user, company = get(User, who.id), queries.organization()
    return schemas.user_shape(user) | {
        "email": user.email,
        "tenant_id": str(user.tenant_id),
        "business_code": company.business_code,
        "business_name": company.name,
    }


# Answers ----------------------------------------------------------------------------------------------------------


def signed_in_or_challenged(user: User, *, method: str) -> dict[str, Any]:
    """Tokens; or a challenge for a user with a second factor."""
    if method == "password":
        policy.refuse_password(user, browser=False)
    refuse_without_factor(user)
    if factors.needed(user):
        return {"mfa_required": True, "mfa_challenge_token": challenges.begin(user, method)}
    return signed_in(user, method=method)


def refuse_without_factor(user: User) -> None:
    """Where the company asks for a second factor, nobody gets in without one."""
    if not factors.needed(user) and queries.organization().require_mfa:
        raise errors.Forbidden(
            "Your company asks for a second factor. Sign in at the website once to set it up."
        )


def signed_in(user: User, *, method: str) -> dict[str, Any]:
    """A new session for a user: its tokens."""
    sign_in.forget_attempts(user)
    row, secret = sessions.start(user, sessions.API, method=method)
    return {
        "access_token": access_token(user, row.id),
        "refresh_token": refresh_token(row, secret),
        "user": schemas.user_shape(user),
    }


def access_token(user: User, session_id: int) -> str:
    return tokens.issue(tokens.ACCESS, tenant_id=user.tenant_id, user_id=user.id, session_id=session_id,
                        seconds=settings().access_token_minutes * 60, roles=user.roles)  # fmt: skip


def refresh_token(row: UserSession, secret: str) -> str:
    """Good as long as the session may last at all."""
    left = int((row.expires_at - clock.now()).total_seconds())
    return tokens.issue(tokens.REFRESH, tenant_id=row.tenant_id, user_id=row.user_id, session_id=row.id,
                        seconds=left, secret=secret)  # fmt: skip

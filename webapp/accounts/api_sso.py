"""Signing in, registering and linking through Google, Apple or Microsoft, over the field API."""

from typing import Any

from webapp.accounts import schemas
from webapp.accounts.api_field import limit_public, registered, signed_in_or_challenged
from webapp.accounts.authenticators import tenant_header
from webapp.accounts.service import id_tokens, sign_in, sso
from webapp.kit import context, dialects, errors
from webapp.kit.api import Api

api = Api("accounts_sso_api", __name__, dialect=dialects.FIELD, url_prefix="/api/v1", tag="Sign-in")


@api.post("/auth/sso/<provider>", public="this is where one signs in", body=schemas.IdTokenIn,
          returns=schemas.LoginOut)  # fmt: skip
def sign_in_with(provider: str, body: schemas.IdTokenIn) -> dict[str, Any]:
    """Sign in with an ID token of google, apple or microsoft.

    Somebody who belongs to several organizations is answered 409 with their list, unless X-Tenant-Id names one.
    """
    named = tenant_header()
    sign_in.count_address()
    user = sso.find(id_tokens.verify(provider, body.id_token), named)
    return signed_in_or_challenged(user, method=provider)


@api.post("/auth/sso/<provider>/register", public="a company registers itself", body=schemas.SsoRegisterIn,
          status=201, returns=schemas.RegisterOut)  # fmt: skip
def register_with(provider: str, body: schemas.SsoRegisterIn) -> dict[str, Any]:
    """Register a company whose owner signs in with this provider."""
    limit_public()
    identity = id_tokens.verify(provider, body.id_token)
    sso.refuse_known(identity)
    new = sso.suggested(identity, company_name=body.company_name, username=body.username)
    return registered(sso.register(identity, new), method=provider)


@api.post("/auth/sso/<provider>/link", signed_in=True, body=schemas.IdTokenIn, returns=schemas.LinkedOut)
def link_with(provider: str, body: schemas.IdTokenIn) -> dict[str, Any]:
    """Let an account of this provider sign the present user in."""
    who = context.principal()
    if who.kind != "user" or who.id is None:
        raise errors.Conflict("An API key stands for no person to link to.")
    identity = id_tokens.verify(provider, body.id_token)
    sso.link(who.id, identity)
    return {"linked": True, "provider": identity.provider, "email": identity.email}

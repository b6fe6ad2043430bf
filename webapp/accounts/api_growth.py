"""The growth API's pulse and the calling organization."""

from typing import Any

from webapp.accounts import queries, schemas
from webapp.accounts.service.keyring import SCOPES
from webapp.kit import clock, context, dialects
from webapp.kit.api import Api

api = Api(
    "accounts_growth_api", __name__, dialect=dialects.GROWTH, url_prefix="/api/v1", tag="Health and identity"
)


@api.get("/health", public="tells that the service is up", returns=schemas.HealthOut)
def health() -> dict[str, Any]:
    """Whether the API is up; with a key also whose it is and what it may do."""
    who = context.principal()
    answer: dict[str, Any] = {"status": "ok", "version": "v1"}
    if who.kind == "key":
        scopes = list(SCOPES[: SCOPES.index(who.scope) + 1])
        answer |= {"tenant_id": str(who.tenant_id), "environment": who.environment, "scopes": scopes}
    return answer | {"timestamp": clock.now()}


@api.get("/organizations/me", signed_in=True, scope="read", returns=schemas.OrganizationOut)
def my_organization() -> dict[str, Any]:
    """The organization that the key belongs to."""
    found = queries.organization()
    return {
        "id": str(found.tenant_id),
        "name": found.name,
        "industry": found.industry,
        "parent_organization_id": found.parent_organization_id,
        "settings": {"timezone": found.time_zone, "default_locale": found.locale},
        "created_at": found.created_at,
    }

"""API keys and webhooks as rows of files. Neither a secret nor what it was hashed or encrypted to is among them."""

from typing import Any

from sqlalchemy import Select, String, case, func, select

from webapp.integrations import queries
from webapp.kit import context, csv
from webapp.models import ApiKey, User, WebhookEndpoint


def api_keys() -> Select[Any]:
    """Every key, revoked ones too: what it may, from where, until when, and when it was used."""
    zone = queries.time_zone()
    last = func.greatest(ApiKey.last_used_at, ApiKey.previous_used_at)
    return (
        select(
            ApiKey.id.label("Number"), csv.safe(ApiKey.name).label("Name"), ApiKey.product.label("Product"),
            ApiKey.prefix.label("Begins with"), ApiKey.role.label("Role"), ApiKey.scope.label("Level"),
            ApiKey.access.label("Access"), func.array_to_string(ApiKey.scopes, " ").label("Scopes"),
            func.array_to_string(ApiKey.allowed, " ").label("Allowed addresses"), csv.safe(User.name).label("Made by"),
            csv.moment(ApiKey.created_at, zone).label("Made"), csv.moment(ApiKey.expires_at, zone).label("Expires"),
            csv.moment(ApiKey.rotated_at, zone).label("Rotated"), csv.moment(last, zone).label("Last used"),
            ApiKey.last_address.label("Last address"), csv.moment(ApiKey.revoked_at, zone).label("Revoked"),
        )
        .outerjoin(User, (User.tenant_id == ApiKey.tenant_id) & (User.id == ApiKey.created_by))
        .where(ApiKey.tenant_id == context.tenant_id())
        .order_by(ApiKey.id)
    )  # fmt: skip


def webhooks() -> Select[Any]:
    """Every webhook that is registered: where to, what it hears, how it is served."""
    zone, p = queries.time_zone(), WebhookEndpoint
    state = case((~p.enabled, "paused"), (p.failing_since.is_not(None), "failing"), else_="active")
    return (
        select(
            p.public_id.cast(String).label("Id"), p.api.label("API"), csv.safe(p.url).label("Address"),
            csv.safe(p.description).label("Description"), func.array_to_string(p.events, " ").label("Events"),
            state.label("State"), p.in_order.label("In order"), p.concurrency.label("Requests at once"),
            p.rate_per_second.label("A second at the most"), csv.moment(p.created_at, zone).label("Added"),
            csv.moment(p.last_delivery_at, zone).label("Last delivery"),
        )
        .where(p.tenant_id == context.tenant_id(), p.deleted_at.is_(None))
        .order_by(p.id)
    )  # fmt: skip

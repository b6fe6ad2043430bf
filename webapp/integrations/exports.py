"""How other systems are connected, as files to download: API keys and webhooks, without their secrets."""

from typing import Any

from webapp.accounts.permissions import KEYS_MANAGE
from webapp.downloads.registry import Made, Progress, csv_of, exporter
from webapp.integrations.permissions import WEBHOOKS_READ
from webapp.integrations.queries import taken_out


@exporter("api-keys.csv", permission=KEYS_MANAGE, title="API keys")
def api_keys(args: dict[str, Any], progress: Progress) -> Made:
    """Every key, revoked ones too."""
    return csv_of(taken_out.api_keys(), "api-keys")


@exporter("webhooks.csv", permission=WEBHOOKS_READ, title="Webhooks")
def webhooks(args: dict[str, Any], progress: Progress) -> Made:
    """Every webhook that is registered."""
    return csv_of(taken_out.webhooks(), "webhooks")

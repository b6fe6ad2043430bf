"""Who may see and settle what leaves the company for other systems."""

from webapp.kit.permissions import declare

WEBHOOKS_READ = declare("webhooks.read", "See webhooks and their deliveries", "manager")
WEBHOOKS_MANAGE = declare("webhooks.manage", "Register and change webhooks, replay deliveries")
CONNECTORS_READ = declare("connectors.read", "See connectors and their calls", "manager")
CONNECTORS_MANAGE = declare(
    "connectors.manage", "Describe connectors, call them, see and rotate their signing key"
)

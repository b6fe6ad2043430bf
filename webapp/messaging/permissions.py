"""What may be done with messages, and by whom unless narrowed."""

from webapp.kit.permissions import declare

MESSAGING_READ = declare(
    "messaging.read", "Read the Outbox", "manager", "dispatcher", "payroll", "accountant"
)
MESSAGING_SECRETS = declare("messaging.secrets", "Read messages that hold a sign-in link or a code")
MESSAGING_MANAGE = declare(
    "messaging.manage", "Send messages again and keep the do-not-contact list", "manager", "dispatcher"
)

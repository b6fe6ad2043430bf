"""The organization's signing key: made with the first connector, shown to who may manage them, rotated with an overlap.

A call carries one `X-Signature`, so the overlap lies on the receiver's side: a new key is shown at once and signs a day
later, or as soon as somebody says that the receivers know it. Until then it signs beside, in `X-Signature-Next`.
"""

from datetime import datetime, timedelta

from webapp.integrations.connectors import queries, rules
from webapp.integrations.permissions import CONNECTORS_MANAGE
from webapp.kit import clock, context, crypto, errors, ids, journal, locks
from webapp.kit import secrets as kept_secrets
from webapp.kit.db import add, db
from webapp.kit.permissions import demand
from webapp.models import ConnectorKey

kept_secrets.declare(ConnectorKey, "sealed")


def ensure() -> None:
    """Make the first key unless there is one."""
    demand(CONNECTORS_MANAGE)
    locks.hold("connector-keys", 0)
    if not queries.key_rows():
        row = _made(clock.now())
        journal.audit("connector_key.created", record_type="connector_key", record_id=row.id)


def shown() -> list[rules.Key]:
    """The keys as text: the one that signs now, and one that signs next. Written into the audit log."""
    demand(CONNECTORS_MANAGE)
    rows = queries.key_rows()
    if not rows:
        raise errors.NotFound("There is no signing key yet; it is made with the first connector.")
    journal.audit("connector_key.viewed", record_type="connector_key", record_id=rows[0].id)
    return queries.keys()


def rotate(wait: timedelta = rules.OVERLAP) -> rules.Key:
    """Make a new key that signs from `wait` on. Raises Conflict while another one waits for its turn."""
    demand(CONNECTORS_MANAGE)
    locks.hold("connector-keys", 0)
    now = clock.now()
    if _upcoming(now) is not None:
        raise errors.Conflict("A new key waits for its turn already. Use it now, or withdraw it.")
    row = _made(now + wait)
    journal.audit(
        "connector_key.rotated", record_type="connector_key", record_id=row.id, signs_from=row.starts_at
    )
    return rules.Key(crypto.decrypt(row.sealed).decode(), row.starts_at)


def use_now() -> None:
    """The waiting key signs from now on. Raises Conflict when none waits."""
    demand(CONNECTORS_MANAGE)
    locks.hold("connector-keys", 0)
    row = _upcoming(clock.now())
    if row is None:
        raise errors.Conflict("No new key waits: the present one is the newest.")
    row.starts_at = clock.now()
    journal.audit("connector_key.used", record_type="connector_key", record_id=row.id)


def withdraw() -> None:
    """Throw the waiting key away. Raises Conflict when none waits."""
    demand(CONNECTORS_MANAGE)
    locks.hold("connector-keys", 0)
    row = _upcoming(clock.now())
    if row is None:
        raise errors.Conflict("No new key waits: the present one is the newest.")
    journal.audit("connector_key.withdrawn", record_type="connector_key", record_id=row.id)
    db.session.delete(row)


def _upcoming(now: datetime) -> ConnectorKey | None:
    return next((row for row in queries.key_rows() if row.starts_at > now), None)


def _made(starts_at: datetime) -> ConnectorKey:
    who = context.principal()
    text = f"sk_live_{ids.token(40)}"
    return add(ConnectorKey(sealed=crypto.encrypt(text), prefix=text[:12], starts_at=starts_at,
                            created_by=who.id if who.kind == "user" else None))  # fmt: skip

"""What a webhook is, without a database: names and groups, the schedule, bodies, signatures.

The contract's “Webhooks” section is the source; Standard Webhooks 1.0 of its first signature.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import orjson

from webapp.kit import clock, events

APIS = ("field", "growth")
DELAYS = (
    5,
    300,
    1800,
    7200,
    18000,
    36000,
    50400,
    72000,
    86400,
)  # seconds after attempts 1 to 9; 75.6 hours in all
ATTEMPTS = len(DELAYS) + 1
JITTER = 0.1  # a delay is up to a tenth shorter or longer
TIMEOUT = 15.0  # seconds for one attempt
OVERLAP = timedelta(hours=24)  # how long a secret signs on after a rotation
MOST_SECRETS = 5  # that sign at once: the newest, and those of rotations a short while ago
PAUSE_AFTER = timedelta(days=5)  # of nothing but failures
LONGEST_WAIT = timedelta(hours=24)  # that a receiver can ask for
KEPT = timedelta(days=90)
EXACT = 2**53 - 1  # beyond, JSON readers with floats only would read another number
MOST_BODY = 256 * 1024  # bytes; what is larger is left out and said to be
TEST, AUDIT = "webhook.test", "audit.log.event"
SIGNATURE_HEADER = {"field": "X-TradeKitt-Signature", "growth": "X-EAL-Signature"}
STATUSES = ("pending", "delivered", "retrying", "dead_letter", "cancelled")
UNSETTLED = ("pending", "retrying")


# Names ------------------------------------------------------------------------------------------------------------


def known(pattern: str) -> bool:
    """Whether a text names an event of the catalogue, or a group of some."""
    if pattern in events.CATALOGUE:
        return True
    return pattern.endswith("*") and any(pattern in events.groups(name) for name in events.CATALOGUE)


def matches(patterns: Sequence[str], name: str) -> bool:
    """Whether an event is one of those asked for. The stream of audit entries must be asked for by name."""
    if name in patterns:
        return True
    if name == AUDIT:
        return False
    return any(group in patterns for group in events.groups(name))


# The schedule -----------------------------------------------------------------------------------------------------


def delay(attempts: int, chance: float) -> timedelta | None:
    """How long after the n-th attempt (from 1) the next one is; None after the last. `chance` is from 0 up to 1."""
    if not 1 <= attempts <= len(DELAYS):
        return None
    return timedelta(seconds=DELAYS[attempts - 1] * (1 - JITTER + 2 * JITTER * chance))


def retry_after(value: str, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for: seconds or a date (RFC 9110, 10.2.3); None for what is neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError, TypeError):  # numbers that no calendar has, as well
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta(0)), LONGEST_WAIT)


# Bodies -----------------------------------------------------------------------------------------------------------


def body(
    event_id: UUID, name: str, at: datetime, tenant_id: UUID, data: Mapping[str, Any], api: str
) -> bytes:
    """A delivery's body: the same bytes for the same event, however often it is sent."""
    moment = clock.iso_ms(at) if api == "growth" else clock.iso(at)
    found = {"id": str(event_id), "event": name, "created_at": moment, "organization_id": str(tenant_id)}
    written = orjson.dumps(found | {"data": fit(data)})
    if len(written) > MOST_BODY:
        written = orjson.dumps(found | {"data": None, "too_large": True})
    return written


def fit(value: Any) -> Any:
    """A value as any JSON reader holds it: whole numbers beyond 2^53 become text."""
    if isinstance(value, Mapping):
        return {str(name): fit(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [fit(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return str(value)
    return value


# Secrets and signatures -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Secret:
    """`whsec_…`; `until`: when it ceases to sign, None for the newest."""

    text: str
    until: datetime | None = None


def living(secrets: Sequence[Secret], now: datetime) -> list[Secret]:
    """The secrets that sign now, newest first."""
    return [s for s in secrets if s.until is None or s.until > now]


def rotated(secrets: Sequence[Secret], new: str, now: datetime) -> list[Secret]:
    """The secrets after a rotation: each older one signs on until its own day of overlap is over."""
    ended = [Secret(s.text, s.until or now + OVERLAP) for s in living(secrets, now)]
    return [Secret(new), *ended]


def standard_signature(secret: str, message_id: str, timestamp: int, content: bytes) -> str:
    """Standard Webhooks: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + content
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def own_signature(secrets: Sequence[Secret], timestamp: int, content: bytes) -> str:
    """`t=<unix>,v1=<hex HMAC-SHA256 of "t.body", keyed with the whole whsec_… string>`, one v1 for each secret."""
    signed = f"{timestamp}.".encode() + content
    parts = [hmac.new(s.text.encode(), signed, hashlib.sha256).hexdigest() for s in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={part}" for part in parts)])


def headers(
    api: str, secrets: Sequence[Secret], message_id: UUID | str, timestamp: int, content: bytes
) -> dict[str, str]:
    """What a delivery is sent with. `secrets` are those that sign now."""
    signatures = [standard_signature(s.text, str(message_id), timestamp, content) for s in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Truckroll-Webhooks/1",
        "webhook-id": str(message_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
        SIGNATURE_HEADER[api]: own_signature(secrets, timestamp, content),
    }


def shown_headers(sent: Mapping[str, str]) -> dict[str, str]:
    """Headers as people see them afterwards: a signature is a key to the receiver for as long as it is fresh."""
    return {
        name: value[:12] + "…" if name.lower().endswith("signature") else value
        for name, value in sent.items()
    }

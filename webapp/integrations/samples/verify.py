"""How a receiver checks what Truckroll sends. Python 3.8 or newer, nothing to install.

Flask, a connector's call:      verify_call(KEYS, request.base_url, request.query_string.decode(), request.headers, request.data)
Flask, a webhook:               verify_webhook(SECRET, request.headers, request.data)

Take the body as the bytes that arrived: a body that was read as JSON and written again is another one.
"""

import base64
import hashlib
import hmac
import json
from time import time
from typing import Mapping, Optional, Sequence
from urllib.parse import parse_qsl

CALL_SECONDS = 30  # how old a connector's call may be
WEBHOOK_SECONDS = 300  # … and a webhook


def verify_call(
    keys: Sequence[str],
    url: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    now: Optional[float] = None,
) -> bool:
    """Whether a connector's call comes from Truckroll. `keys`: the signing key, and the new one while it is rotated;
    `url`: the address without its query, as it stands in the connector; `query`: what is behind its question mark."""
    timestamp, key = headers.get("X-Timestamp", ""), headers.get("X-Idempotency-Key", "")
    if not _fresh(timestamp, CALL_SECONDS, now):
        return False
    # a GET is signed by its query: JSON with sorted keys and Python's default separators
    content = body or json.dumps(dict(parse_qsl(query, keep_blank_values=True)), sort_keys=True).encode()
    signed = f"{url}:{key}:{timestamp}:".encode() + content
    given = headers.get("X-Signature", "")
    return any(_same(hmac.new(k.encode(), signed, hashlib.sha256).hexdigest(), given) for k in keys)


def verify_webhook(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    now: Optional[float] = None,
) -> bool:
    """Whether a webhook comes from Truckroll, by its Standard Webhooks headers. Remember `webhook-id`: the same event
    may arrive twice under it."""
    message, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _fresh(timestamp, WEBHOOK_SECONDS, now):
        return False
    key = base64.b64decode(secret[len("whsec_") :])
    digest = hmac.new(key, f"{message}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    # after a rotation there are several for a day
    return any(_same(expected, given) for given in headers.get("webhook-signature", "").split(" "))


def verify_own_header(secret: str, header: str, body: bytes, now: Optional[float] = None) -> bool:
    """The same by the header of the API it was registered with, X-TradeKitt-Signature or X-EAL-Signature."""
    parts = [part.partition("=") for part in header.split(",")]
    timestamp = next((value for name, _, value in parts if name == "t"), "")
    if not _fresh(timestamp, WEBHOOK_SECONDS, now):
        return False
    expected = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return any(name == "v1" and _same(expected, value) for name, _, value in parts)


def _fresh(timestamp: str, seconds: int, now: Optional[float]) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit()):
        return False
    return abs((time() if now is None else now) - int(timestamp[:12])) <= seconds


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())

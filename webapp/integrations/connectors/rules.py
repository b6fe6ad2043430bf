"""What a connector's call is, without a database: the request, its signature, the schedule.

The contract's “Connectors” section and the document behind it are the source.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

METHODS = ("POST", "GET")
DELAYS = (
    2,
    6,
    18,
    45,
    90,
)  # seconds after attempts 1 to 5: with jitter and time limits all six fit into five minutes
ATTEMPTS = len(DELAYS) + 1
JITTER = 0.25  # a delay is up to a quarter shorter or longer
TIMEOUT = 15.0  # seconds for one attempt
WINDOW = timedelta(minutes=5)  # in which a key is used, counted from its first attempt
OVERLAP = timedelta(hours=24)  # between the making of a key and its first use
ORIGINS = ("event", "console", "again")
LONGEST = 2000  # characters of an address with its query
MOST_BODY = 256 * 1024  # bytes of a POST


# The request ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Built:
    """A request as it is sent, but for what changes from attempt to attempt."""

    method: str
    base: str  # the address without its query
    query: str
    content: bytes
    signed: str  # what of the content is signed

    @property
    def url(self) -> str:
        return f"{self.base}?{self.query}" if self.query else self.base


def build(method: str, url: str, inputs: Mapping[str, Any]) -> Built:
    """A request of checked inputs. The inputs of a GET are search parameters, those of a POST a JSON body."""
    base, _, own = url.partition("?")
    if method == "POST":
        text = json.dumps(inputs, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return Built(method, base, own, text.encode(), text)
    sent = {name: parameter(value) for name, value in inputs.items() if value is not None}
    query = "&".join(part for part in (own, urlencode(sent, quote_via=quote, safe="")) if part)
    return Built(method, base, query, b"", query_content(query))


def parameter(value: Any) -> str:
    """A value as a search parameter: text as it is, anything else as JSON writes it."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def query_content(query: str) -> str:
    """What is signed of a GET: its query as JSON with sorted keys and Python's default separators."""
    return json.dumps(dict(parse_qsl(query, keep_blank_values=True)), sort_keys=True)


def doubled(url: str, names: Sequence[str]) -> list[str]:
    """Names that an address's own query has twice, or that are inputs as well: a signature could not tell them apart."""
    own = [name for name, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)]
    return sorted({name for name in own if own.count(name) > 1 or name in names})


def canonical(base: str, key: str, timestamp: int | str, signed: str) -> str:
    """What the signature is made over: `{url without query}:{idempotency key}:{timestamp}:{content}`."""
    return f"{base}:{key}:{timestamp}:{signed}"


def signature(secret: str, base: str, key: str, timestamp: int | str, signed: str) -> str:
    """Hex HMAC-SHA256 of the canonical string."""
    return hmac.new(
        secret.encode(), canonical(base, key, timestamp, signed).encode(), hashlib.sha256
    ).hexdigest()


def headers(
    built: Built, secret: str, key: str, timestamp: int, upcoming: str | None = None
) -> dict[str, str]:
    """What a call is sent with. `upcoming`: the key that signs next, which signs beside in a header of its own."""
    found = {
        "Accept": "application/json",
        "User-Agent": "Truckroll-Connectors/1",
        "X-Timestamp": str(timestamp),
        "X-Idempotency-Key": key,
        "X-Signature": signature(secret, built.base, key, timestamp, built.signed),
    }
    if upcoming is not None:
        found["X-Signature-Next"] = signature(upcoming, built.base, key, timestamp, built.signed)
    if built.method == "POST":
        found = {"Content-Type": "application/json"} | found
    return found


def shown_headers(sent: Mapping[str, str]) -> dict[str, str]:
    """Headers as they are kept: a signature is a key to the receiver for as long as it is fresh."""
    return {
        name: value[:12] + "…" if name.startswith("X-Signature") else value for name, value in sent.items()
    }


# The schedule -----------------------------------------------------------------------------------------------------


def next_attempt(
    attempts: int,
    most: int,
    first_at: datetime,
    now: datetime,
    chance: float,
    asked: timedelta | None = None,
) -> datetime | None:
    """When the next attempt is after the n-th (from 1) failed; None when there is none, as the key's five minutes would be
    over by then. `chance` is from 0 up to 1; `asked`: what the receiver's Retry-After says."""
    if not 1 <= attempts < most or attempts > len(DELAYS):
        return None
    wait = timedelta(seconds=DELAYS[attempts - 1] * (1 - JITTER + 2 * JITTER * chance))
    at = now + max(wait, asked or timedelta(0))
    return at if at <= first_at + WINDOW else None


# Keys -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key, `starts_at` says from when on it signs."""

    text: str
    starts_at: datetime


def present(keys: Sequence[Key], now: datetime) -> Key | None:
    """The key that signs now: the one that began last; before the first one begins (a clock that was set back), that."""
    begun = [k for k in keys if k.starts_at <= now]
    if begun:
        return max(begun, key=lambda k: k.starts_at)
    return min(keys, key=lambda k: k.starts_at, default=None)


def upcoming(keys: Sequence[Key], now: datetime) -> Key | None:
    """The key that signs next."""
    waiting = [k for k in keys if k.starts_at > now and k is not present(keys, now)]
    return min(waiting, key=lambda k: k.starts_at, default=None)

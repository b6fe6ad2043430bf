"""What an API key's addresses, ends and reminders may be. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)

Network = IPv4Network | IPv6Network
ACCESS = ("full", "read", "chosen")
ACCESS_WORDS = {"full": "Full access", "read": "Read only", "chosen": "Chosen scopes"}
MOST_ADDRESSES = 50
REMINDERS = (14, 3)  # days before the end
OVERLAPS = (0, 1, 4, 24, 48, 72, 168)  # hours that the old secret works on, as they are offered
LONGEST_OVERLAP = 7 * 24
OVERLAP = 24
OUTCOMES = ("ok", "refused", "limited", "failed")


# Addresses ----------------------------------------------------------------------------------------------------------


def networks(given: Iterable[str]) -> list[str]:
    """Addresses and CIDR blocks as they are kept: each once, in the order given, IPv4 inside IPv6 as IPv4.

    Raises ValueError with a sentence that names the one that is wrong.
    """
    found: dict[str, None] = {}
    for text in given:
        if text.strip():
            found[_network(text.strip())] = None
    if len(found) > MOST_ADDRESSES:
        raise ValueError(f"At most {MOST_ADDRESSES} addresses and blocks; write larger blocks instead.")
    return list(found)


def _network(text: str) -> str:
    try:
        here = ip_interface(text)
    except ValueError:
        raise ValueError(
            f"“{text[:60]}” is no IP address or block like 203.0.113.0/24 or 2001:db8::/32."
        ) from None
    if isinstance(here.ip, IPv6Address) and here.ip.scope_id is not None:
        raise ValueError(f"“{text[:60]}” names a network card, which no caller has.")
    block: Network = here.network
    if block.prefixlen == 0:
        raise ValueError(f"“{text[:60]}” is every address there is; leave the field empty for that.")
    if here.ip != block.network_address:
        raise ValueError(
            f"“{text[:60]}” is an address inside a block; write {block} for the block, or {here.ip} alone."
        )
    mapped = block.network_address.ipv4_mapped if isinstance(block, IPv6Network) else None
    if mapped is not None and block.prefixlen >= 96:
        block = ip_network((mapped, block.prefixlen - 96))
    alone = block.prefixlen == block.max_prefixlen
    return str(block.network_address) if alone else str(block)


def admits(allowed: Sequence[Network], address: str) -> bool:
    """Whether an address is among those allowed; with none named every one is, else an unreadable one is not."""
    if not allowed:
        return True
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in allowed)


# Ends ---------------------------------------------------------------------------------------------------------------


def reminder(expires_at: datetime | None, now: datetime, reminded: int) -> int:
    """How many days before the end somebody is to be told of now: 14, 3, or 0 for not now.

    `reminded` is the last one told of. Who was told of 3 is not told of 14 any more, and nobody of what is over.
    """
    if expires_at is None or expires_at <= now:
        return 0
    due = [days for days in REMINDERS if expires_at - now <= timedelta(days=days)]
    nearest = min(due, default=0)
    return nearest if nearest and (reminded == 0 or nearest < reminded) else 0


def overlap(hours: int) -> timedelta:
    """How long the old secret works on. Raises ValueError outside 0 hours to 7 days."""
    if not 0 <= hours <= LONGEST_OVERLAP:
        raise ValueError("The old secret can work on for 0 to 168 hours (7 days).")
    return timedelta(hours=hours)


def overlap_words(hours: int) -> str:
    """`24` → “1 day”, as the choice of a rotation has it."""
    if hours == 0:
        return "Not at all: it ends now"
    if hours % 24 == 0:
        return f"{hours // 24} day{'s' if hours > 24 else ''}"
    return f"{hours} hour{'s' if hours > 1 else ''}"


# Use ----------------------------------------------------------------------------------------------------------------


def outcome(status: int) -> str:
    """What came of a request, by its HTTP status."""
    if status < 400:
        return "ok"
    if status == 429:
        return "limited"
    return "refused" if status < 500 else "failed"


@dataclass(frozen=True, slots=True)
class Sum:
    """Requests by what came of them."""

    ok: int = 0
    refused: int = 0
    limited: int = 0
    failed: int = 0

    @property
    def requests(self) -> int:
        return self.ok + self.refused + self.limited + self.failed

    @property
    def errors(self) -> int:
        return self.refused + self.failed

    def plus(self, what: str, amount: int) -> "Sum":
        values = {name: getattr(self, name) for name in OUTCOMES}
        return Sum(**values | {what: values[what] + amount})

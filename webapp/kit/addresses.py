"""Network addresses: which may be called on behalf of a user (public ones), and whom a count by address is about."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

# the special-purpose registries of IANA, and what clouds put at public addresses
_FORBIDDEN_4 = tuple(IPv4Network(n) for n in (
    "0.0.0.0/8",  # this network
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # private
    "100.64.0.0/10",  # carrier-grade NAT
    "127.0.0.0/8",  # loopback
    "169.254.0.0/16",  # link-local, and the metadata services of clouds
    "192.0.0.0/24",  # protocol assignments
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  # documentation
    "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24",  # AS112, AMT: answered nearby
    "192.88.99.0/24",  # 6to4 relays
    "198.18.0.0/15",  # benchmarks
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
    "168.63.129.16/32",  # Azure's host
))  # fmt: skip
_GLOBAL_6 = IPv6Network(
    "2000::/3"
)  # all unicast that is given out; what is outside (ULA, NAT64, mapped …) is refused
_FORBIDDEN_6 = tuple(IPv6Network(n) for n in (
    "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
    "2001:db8::/32", "3fff::/20",  # documentation
    "2002::/16",  # 6to4
    "2620:4f:8000::/48",  # AS112
))  # fmt: skip
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # RFC 5214: the interface identifier holds an IPv4 address


def network(address: str) -> str:
    """Whom a count by address is about: of IPv6 the whole /64, which one household or attacker has to itself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))


def is_public(address: str) -> bool:
    """Whether an IP address is one on the public internet. Anything that is no plain address is not.

    `ipaddress`'s own `is_global` lets NAT64, 6to4 and multicast through (Python 3.11), so it is not asked.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _FORBIDDEN_4)
    return _is_public_6(found)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _GLOBAL_6:
        return False
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return False
    return not any(address in network for network in _FORBIDDEN_6)

"""HTTP to addresses that a user gave: webhooks, connectors.

HTTPS only, no redirects, no proxies, no credentials in the address. Every address that the host resolves to must be a
public one, and the connection goes to just that address, so that a name cannot mean something else a moment later.
Size and time are capped. `settings.outbound_allow` names hosts (`host` or `host:port`) that are let through as they
are, for development and tests.
"""

import contextlib
import re
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

import httpcore
import httpx
import idna
from flask import current_app

from webapp.kit import addresses, clock, errors

TIMEOUT = 15.0  # seconds for everything together: looking up, connecting, sending, reading
MOST = 1024 * 1024  # bytes of an answer's body that are read
PORTS = frozenset({80, 443, 4443, 8080, 8443, 9443})
_LABELS = re.compile(r"^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$")
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})


# why nothing is called for the present organization, empty where it is (a sandbox calls nobody); handed in from above
kept: Callable[[], str] = lambda: ""  # noqa: E731  # a default that keeps nothing back


class Refused(errors.Invalid):
    """The address may not be called; trying again cannot help."""


class Failed(Exception):
    """The call did not come to an answer; `kind` is resolve, connect, tls, timeout or protocol."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `truncated`: the body was longer than was read."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes
    elapsed_ms: int
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """An address, taken apart once: what is checked is what is called."""

    scheme: str
    host: str  # ASCII, lower case; an IPv6 address without brackets
    port: int
    path: str  # with the query
    allowed: bool  # by the settings, whatever it resolves to

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.origin}{self.path}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What :func:`check` found: the address as it will be called, and whether its host resolves now."""

    url: str
    resolves: bool


def check(url: str) -> Checked:
    """For the moment an address is saved. Raises Refused for one that may not be called.

    A host that does not resolve (yet) is accepted and said to be so: it is checked again at every connection.
    """
    target = parse(url)
    try:
        resolve(target, clock.monotonic() + 5)
    except Failed:
        return Checked(target.url, resolves=False)
    return Checked(target.url, resolves=True)


def fetch(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
    timeout: float = TIMEOUT,
    max_bytes: int = MOST,
) -> Answer:
    """Call an address. A redirect is an answer like any other. Raises Refused or Failed."""
    target = parse(url)
    reason = kept()
    if reason:
        raise Refused(reason)
    started = clock.monotonic()
    deadline = started + timeout
    try:
        with httpcore.ConnectionPool(
            ssl_context=tls(),
            max_connections=1,
            max_keepalive_connections=0,
            network_backend=_Guard(target, deadline),
        ) as pool:
            request = _request(target, method, headers or {}, content, timeout)
            with pool.stream(
                *request[:2], headers=request[2], content=content or None, extensions=request[3]
            ) as answer:
                body, truncated = _read(answer.iter_stream(), max_bytes, _encoding(answer.headers))
                found = {_text(name).lower(): _text(value) for name, value in answer.headers}
                elapsed = int((clock.monotonic() - started) * 1000)
                return Answer(answer.status, found, body, elapsed, truncated)
    except httpcore.TimeoutException as problem:
        raise Failed("timeout", f"{target.origin} did not answer within {timeout:g} seconds.") from problem
    except ssl.SSLError as problem:
        raise Failed(
            "tls", f"{target.origin} has no certificate that can be trusted: {problem.reason}."
        ) from problem
    except httpcore.ConnectError as problem:
        kind, words = ("tls", "has no certificate that can be trusted") if "SSL" in str(problem) or (
            "CERTIFICATE" in str(problem)) else ("connect", "cannot be reached")  # fmt: skip
        raise Failed(kind, f"{target.origin} {words}.") from problem
    except (httpcore.NetworkError, httpcore.ProtocolError, zlib.error) as problem:
        raise Failed("protocol", f"{target.origin} broke off, or its answer cannot be read.") from problem


def _request(
    target: Target, method: str, headers: Mapping[str, str], content: bytes, timeout: float
) -> tuple[str, httpcore.URL, list[tuple[str, str]], dict[str, Any]]:
    own = [name for name in headers if name.lower() in _OWN_HEADERS]
    if own:
        raise ValueError(f"{own} are not for callers to set")
    sent = [
        ("Host", target.origin),
        *headers.items(),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    if content or method.upper() in ("POST", "PUT", "PATCH"):
        sent.append(("Content-Length", str(len(content))))
    if not any(name.lower() == "user-agent" for name in headers):
        sent.append(("User-Agent", "Truckroll/1"))
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    limits = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    return method.upper(), url, sent, {"timeout": limits, "sni_hostname": target.host}


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _encoding(headers: Iterable[tuple[bytes, bytes]]) -> str:
    return next((_text(v).strip().lower() for k, v in headers if k.lower() == b"content-encoding"), "")


def _read(pieces: Iterable[bytes], most: int, encoding: str) -> tuple[bytes, bool]:
    """Up to `most` bytes of a body; a compressed one (not asked for) is opened no further than that either."""
    unpack = zlib.decompressobj(47) if encoding in ("gzip", "x-gzip", "deflate") else None
    body = bytearray()
    for piece in pieces:
        room = most - len(body) + 1
        body += unpack.decompress(piece, room) if unpack else piece[:room]
        if len(body) > most:
            return bytes(body[:most]), True
    return bytes(body), False


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """What every connection to an address of a user is secured by."""
    # loading the certificates takes 20 ms; SSL_CERT_FILE is honoured
    return httpx.create_ssl_context()


# Understanding an address -----------------------------------------------------------------------------------------


def parse(url: str) -> Target:
    """Take an address apart. Raises Refused, in words, for one that is malformed or never allowed."""
    if len(url) > 2000 or any(ord(c) <= 32 or ord(c) == 127 for c in url) or "\\" in url:
        raise Refused("The address is not valid: it is too long or holds spaces or control characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("The address is not valid.") from None
    scheme = parts.scheme.lower()
    if scheme not in ("https", "http") or not parts.hostname:
        raise Refused("The address must begin with https://.")
    if "@" in parts.netloc:
        raise Refused("The address must not hold a user name or password.")
    host = _host(parts.hostname)
    port = port if port is not None else {"https": 443, "http": 80}[scheme]
    allowed = _allowed(host, port)
    if not allowed and scheme != "https":
        raise Refused("The address must begin with https://.")
    if not allowed and port not in PORTS:
        raise Refused(f"Port {port} may not be called; use 443.")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=-._~")
    return Target(scheme, host, port, f"{path}?{query}" if query else path, allowed)


def _host(given: str) -> str:
    """A host as names are looked up: ASCII, no trailing dot. Raises Refused."""
    host = given.lower()
    if ":" in host:  # an IPv6 address; zones (%eth0) name our own interfaces
        if "%" in host:
            raise Refused("The address is not valid: its host names a network interface.")
        return host
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise Refused("The address is not valid: its host is not a name.") from None
    host = host.removesuffix(".")
    if len(host) > 253 or not _LABELS.match(host):
        raise Refused("The address is not valid: its host is not a name.")
    return host


def _allowed(host: str, port: int) -> bool:
    named: tuple[str, ...] = current_app.config["SETTINGS"].outbound_allow
    return host in named or f"{host}:{port}" in named


def resolve(target: Target, deadline: float) -> list[str]:
    """Every address of a target. Raises Refused when one of them is not public, Failed when there is none.

    One bad address is enough to refuse: which of several is taken must not be left to chance.
    """
    found = _lookup(target.host, target.port, max(0.1, deadline - clock.monotonic()))
    if not found:
        raise Failed("resolve", f"The host {target.host} does not resolve to an address.")
    if not target.allowed and not all(addresses.is_public(address) for address in found):
        # which address it is stays our secret: names inside a network are nobody's business
        raise Refused(f"{target.host} leads to an address that is not on the public internet.")
    return found


def _lookup(host: str, port: int, seconds: float) -> list[str]:
    # the system's resolver takes no time limit, so it works in a thread that may be left behind
    answer: list[Any] = []

    def ask() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            answer.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))

    thread = threading.Thread(target=ask, name="lookup", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise Failed("timeout", f"The host {host} could not be looked up in time.")
    return list(dict.fromkeys(str(entry[4][0]) for entry in answer))


# Connecting to what was checked -----------------------------------------------------------------------------------


class _Guard(httpcore.NetworkBackend):
    """Connects to checked addresses only, and within the time left."""

    def __init__(self, target: Target, deadline: float) -> None:
        self.target, self.deadline, self.real = target, deadline, httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
                    socket_options: Iterable[Any] | None = None) -> httpcore.NetworkStream:  # fmt: skip
        assert (host, port) == (
            self.target.host,
            self.target.port,
        )  # nothing but the target is ever asked for
        problem: Exception | None = None
        for address in resolve(self.target, self.deadline)[:4]:
            try:
                stream = self.real.connect_tcp(
                    address, port, _left(self.deadline), local_address, socket_options
                )
                return _Stream(stream, self.deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                problem = failed
        assert problem is not None  # there was at least one address
        raise problem

    def connect_unix_socket(self, path: str, timeout: float | None = None,
                            socket_options: Iterable[Any] | None = None) -> httpcore.NetworkStream:  # fmt: skip
        raise Refused("Sockets of this machine may not be called.")


class _Stream(httpcore.NetworkStream):
    """A connection whose every step is bounded by the time left for the whole call."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream, self.deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, _left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, _left(self.deadline))

    def close(self) -> None:
        self.stream.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None,
                  timeout: float | None = None) -> httpcore.NetworkStream:  # fmt: skip
        return _Stream(
            self.stream.start_tls(ssl_context, server_hostname, _left(self.deadline)), self.deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - clock.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time for the whole call is over")
    return left

"""Calls to addresses that users gave: nothing inside a network is ever reached, whatever it is dressed up as."""

import contextlib
import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from webapp import create_app
from webapp.config import Settings
from webapp.kit import addresses, outbound
from webapp.kit.web import App


class Canary:
    """A server on this machine's loopback that counts connections and answers what it is told."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.answer: Callable[[Any], None] = lambda s: s.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Kind: canary\r\n\r\nhello"
        )
        self.tls = tls
        self.names: list[str | None] = []
        first = socket.create_server(("127.0.0.1", 0))
        self.port = first.getsockname()[1]
        self.sockets = [first]
        if socket.has_ipv6:
            with contextlib.suppress(OSError):
                self.sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        self.threads = [threading.Thread(target=self._serve, args=(s,), daemon=True) for s in self.sockets]
        for thread in self.threads:
            thread.start()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: Any) -> None:
        try:
            connection.settimeout(5)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            data = b""
            while b"\r\n\r\n" not in data:
                piece = connection.recv(65536)
                if not piece:
                    return
                data += piece
            self.requests.append(data)
            self.answer(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self) -> None:
        for server in self.sockets:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            server.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    found = Canary()
    yield found
    found.close()


@pytest.fixture(scope="module")
def guarded(settings: Settings) -> App:
    """The application as it is in production: no host is let through."""
    return create_app(settings.with_(outbound_allow=()))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Names of a resolver that we decide about: name → the answers it gives, one after the other (the last repeats)."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        answers = known.get(str(host))
        if answers is None:
            return real(host, port, *args, **kwargs)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port))
            for a in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


LOOPBACK = [
    "127.0.0.1", "localhost", "localhost.", "LOCALHOST", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1",
    "0177.0.0.1", "017700000001", "0", "0.0.0.0", "127.255.255.254", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[::ffff:0:127.0.0.1]",
    "１２７.０.０.１", "①②⑦.⓪.⓪.①", "ｌｏｃａｌｈｏｓｔ", "127。0。0。1",
    "ip6-localhost", "sub.localhost",
]  # fmt: skip
INSIDE = [
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
    "192.0.0.192", "198.18.0.1", "198.19.255.255", "192.0.2.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "0.1.2.3", "192.88.99.1", "168.63.129.16",
    "::", "::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "3fff::1", "2002:a00:1::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fec0::1", "ff02::1", "5f00::1", "4000::1", "2606:4700::5efe:a00:1", "2606:4700::200:5efe:a00:1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2606:4700::1111", "2a00:1450::1",
          "2001:200::1", "2003::1"]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_is_not_public_is_known_as_such(address: str) -> None:
    assert not addresses.is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_let_through(address: str) -> None:
    assert addresses.is_public(address)


@pytest.mark.parametrize("host", LOOPBACK)
def test_no_disguise_of_loopback_reaches_this_machine(
    guarded: App, canary: Canary, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(outbound, "PORTS", frozenset({canary.port}))
    for scheme in ("https", "http"):
        with guarded.app_context(), pytest.raises((outbound.Refused, outbound.Failed)):
            outbound.fetch("GET", f"{scheme}://{host}:{canary.port}/", timeout=3)
    time.sleep(0.02)
    assert canary.connections == 0


TRICKS = [
    "https://good.example@127.0.0.1:{port}/", "https://user:pass@127.0.0.1:{port}/", "https://@127.0.0.1:{port}/",
    "https://good.example\\@127.0.0.1:{port}/", "https://127.0.0.1:{port}\\@good.example/",
    "https://127.0.0.1:{port}#@good.example/", "https://127.0.0.1:{port}?@good.example/",
    "https:///127.0.0.1:{port}/", "https:127.0.0.1:{port}/", "//127.0.0.1:{port}/", "127.0.0.1:{port}",
    "https://127.0.0.1%00.good.example:{port}/", "https://127.0.0.1%2f@good.example:{port}/",
    "https://127.0.0.1\t:{port}/", "https://127.0.0.1\r\nHost: x:{port}/", " https://127.0.0.1:{port}/",
    "https://[::1]:{port}/", "https://[::1%25lo]:{port}/", "https://[v1.127.0.0.1]:{port}/", "https://[127.0.0.1]:{port}/",
    "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x", "ftp://127.0.0.1:{port}/", "unix:///tmp/x", "javascript:alert(1)",
    "HTTPS://127.0.0.1:{port}/", "https://127.0.0.1:99999/", "https://127.0.0.1:-1/", "https://127.0.0.1:{port}x/", "https://",
    "", "https://a b/", "https://exa_mple..com/", "https://-x-/", "http://127.0.0.1:{port}/",
]  # fmt: skip


@pytest.mark.parametrize("url", TRICKS)
def test_no_trick_of_an_address_reaches_this_machine(
    guarded: App, canary: Canary, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(outbound, "PORTS", frozenset({canary.port}))
    with guarded.app_context(), pytest.raises((outbound.Refused, outbound.Failed)):
        outbound.fetch("POST", url.format(port=canary.port), content=b"x", timeout=3)
    time.sleep(0.02)
    assert canary.connections == 0


@pytest.mark.parametrize("inside", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"])
def test_a_name_that_leads_inside_is_refused_when_saved_and_when_called(
    guarded: App,
    canary: Canary,
    monkeypatch: pytest.MonkeyPatch,
    names: dict[str, list[list[str]]],
    inside: str,
) -> None:
    monkeypatch.setattr(outbound, "PORTS", frozenset({canary.port}))
    names["hooks.example.com"] = [[inside]]
    url = f"https://hooks.example.com:{canary.port}/in"
    with guarded.app_context():
        for call in (outbound.check, lambda u: outbound.fetch("POST", u)):
            with pytest.raises(
                outbound.Refused, match=r"hooks.example.com leads to an address that is not on the public"
            ):
                call(url)  # type: ignore[operator]
    assert canary.connections == 0


def test_one_bad_address_among_good_ones_is_enough(guarded: App, names: dict[str, list[list[str]]]) -> None:
    names["hooks.example.com"] = [["93.184.216.34", "10.0.0.1"]]
    with guarded.app_context(), pytest.raises(outbound.Refused):
        outbound.check("https://hooks.example.com/")


def test_a_name_that_means_something_else_a_moment_later_is_refused(
    guarded: App, canary: Canary, monkeypatch: pytest.MonkeyPatch, names: dict[str, list[list[str]]]
) -> None:
    monkeypatch.setattr(outbound, "PORTS", frozenset({canary.port}))
    url = f"https://rebind.example.com:{canary.port}/"
    names["rebind.example.com"] = [["93.184.216.34"], ["127.0.0.1"]]
    with guarded.app_context():
        assert outbound.check(url).resolves
        with pytest.raises(outbound.Refused):
            outbound.fetch("GET", url)
    assert canary.connections == 0


def test_the_connection_goes_to_the_very_address_that_was_checked(
    guarded: App, monkeypatch: pytest.MonkeyPatch, names: dict[str, list[list[str]]]
) -> None:
    names["rebind.example.com"] = [["93.184.216.34"], ["127.0.0.1"]]
    tried: list[Any] = []

    def create_connection(address: Any, *args: Any, **kwargs: Any) -> Any:
        tried.append(address)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "create_connection", create_connection)
    with guarded.app_context(), pytest.raises(outbound.Failed):
        outbound.fetch("GET", "https://rebind.example.com/")
    assert tried == [("93.184.216.34", 443)]


def test_a_host_that_does_not_resolve_is_accepted_when_saved_and_said_to_be_so(
    guarded: App, names: dict[str, list[list[str]]]
) -> None:
    names["not-yet.example.com"] = [[]]
    with guarded.app_context():
        found = outbound.check("HTTPS://Not-Yet.Example.com./in?a=b#c")
        assert (found.url, found.resolves) == ("https://not-yet.example.com/in?a=b", False)
        with pytest.raises(outbound.Failed, match="does not resolve"):
            outbound.fetch("GET", found.url)


def test_unusual_ports_and_plain_http_are_refused_in_words(guarded: App) -> None:
    with guarded.app_context():
        with pytest.raises(outbound.Refused, match="Port 22 may not be called"):
            outbound.check("https://example.com:22/")
        with pytest.raises(outbound.Refused, match="must begin with https"):
            outbound.check("http://example.com/")


# With a host that the settings let through ------------------------------------------------------------------------


def call(app: App, canary: Canary, **options: Any) -> outbound.Answer:
    with app.app_context():
        return outbound.fetch(
            "POST", f"http://127.0.0.1:{canary.port}/in?a=1", {"X-Sig": "v1"}, b'{"a":1}', **options
        )


def test_a_host_of_the_settings_is_called_and_answers(app: App, canary: Canary) -> None:
    answer = call(app, canary)
    assert (answer.status, answer.body, answer.headers["x-kind"], answer.truncated) == (
        200,
        b"hello",
        "canary",
        False,
    )
    assert answer.elapsed_ms >= 0
    head = canary.requests[0].decode()
    assert head.startswith("POST /in?a=1 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{canary.port}\r\n" in head
    assert "X-Sig: v1\r\n" in head
    assert "Content-Length: 7\r\n" in head


def test_an_allowed_port_does_not_allow_the_others(settings: Settings, canary: Canary) -> None:
    app = create_app(settings.with_(outbound_allow=(f"127.0.0.1:{canary.port}",)))
    assert call(app, canary).status == 200
    with app.app_context(), pytest.raises(outbound.Refused):
        outbound.fetch("GET", "http://127.0.0.1:80/")


def test_a_redirect_is_not_followed(app: App, canary: Canary) -> None:
    canary.answer = lambda s: s.sendall(
        f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{canary.port}/secret\r\nContent-Length: 0\r\n\r\n".encode()
    )
    assert call(app, canary).status == 302
    assert len(canary.requests) == 1


def test_a_proxy_of_the_environment_is_not_asked(
    app: App, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert call(app, canary).status == 200


def test_a_large_answer_is_cut(app: App, canary: Canary) -> None:
    def endless(connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    canary.answer = endless
    answer = call(app, canary, max_bytes=100_000)
    assert (len(answer.body), answer.truncated) == (100_000, True)


def test_a_compressed_bomb_is_not_opened(app: App, canary: Canary) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    canary.answer = lambda s: s.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb
    )
    answer = call(app, canary, max_bytes=100_000)
    assert (len(answer.body), answer.truncated) == (100_000, True)


@pytest.mark.parametrize("slow", ["head", "body", "silent"])
def test_a_slow_server_is_left_when_the_time_for_everything_is_over(
    app: App, canary: Canary, slow: str
) -> None:
    def drip(connection: Any) -> None:
        if slow == "silent":
            time.sleep(1.5)
            return
        start = (
            b"HTTP/1.1 200 OK\r\n" if slow == "head" else b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        )
        connection.sendall(start)
        for number in range(40):
            connection.sendall(b"X-%d: 1\r\n" % number if slow == "head" else b"x")
            time.sleep(0.05)

    canary.answer = drip
    started = time.monotonic()
    with pytest.raises(outbound.Failed, match=r"did not answer within 0.4 seconds") as failed:
        call(app, canary, timeout=0.4)
    assert failed.value.kind == "timeout"
    assert time.monotonic() - started < 1.2


def test_nonsense_in_place_of_an_answer_is_a_failure(app: App, canary: Canary) -> None:
    canary.answer = lambda s: s.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    with pytest.raises(outbound.Failed) as failed:
        call(app, canary)
    assert failed.value.kind == "protocol"


def test_a_closed_port_is_a_failure(app: App, canary: Canary) -> None:
    canary.close()
    with pytest.raises(outbound.Failed) as failed:
        call(app, canary)
    assert failed.value.kind == "connect"


@pytest.mark.parametrize(
    "headers", [{"Host": "x"}, {"content-length": "3"}, {"Transfer-Encoding": "chunked"}]
)
def test_a_caller_cannot_set_what_frames_the_request(
    app: App, canary: Canary, headers: dict[str, str]
) -> None:
    with app.app_context(), pytest.raises(ValueError, match="not for callers"):
        outbound.fetch("GET", f"http://127.0.0.1:{canary.port}/", headers)


def test_a_line_break_in_a_header_sends_nothing_of_it(app: App, canary: Canary) -> None:
    with app.app_context(), pytest.raises((outbound.Failed, ValueError)):
        outbound.fetch("GET", f"http://127.0.0.1:{canary.port}/", {"X-A": "1\r\nX-B: 2"})
    assert canary.requests == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_the_certificate_is_checked_for_the_name_that_was_given_not_for_the_address(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: dict[str, list[list[str]]]
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                    str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=hooks.example.com",
                    "-addext", "subjectAltName=DNS:hooks.example.com"], check=True, capture_output=True)  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    canary = Canary(tls)
    tls.sni_callback = lambda connection, name, context: canary.names.append(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    outbound.tls.cache_clear()
    app = create_app(settings.with_(outbound_allow=("hooks.example.com", "other.example.com")))
    names["hooks.example.com"] = names["other.example.com"] = [["127.0.0.1"]]
    try:
        with app.app_context():
            answer = outbound.fetch("GET", f"https://hooks.example.com:{canary.port}/")
            assert (answer.status, canary.names) == (200, ["hooks.example.com"])
            with pytest.raises(outbound.Failed, match="no certificate that can be trusted") as failed:
                outbound.fetch("GET", f"https://other.example.com:{canary.port}/")
            assert failed.value.kind == "tls"
    finally:
        outbound.tls.cache_clear()
        canary.close()

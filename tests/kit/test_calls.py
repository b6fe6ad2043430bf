"""Many calls over kept connections, under the same guard."""

import asyncio
import shutil
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.receivers import Receiver, reply
from tests.kit.test_outbound import LOOPBACK, TRICKS, Canary, canary, guarded, names
from tests.loops import run
from webapp.kit import addresses, calls, outbound
from webapp.kit.web import App

__all__ = ["canary", "guarded", "names"]  # fixtures
CORPUS = [f"{scheme}://{host}:{{port}}/" for host in LOOPBACK for scheme in ("https", "http")] + TRICKS


def call(app: App, url: str, **options: Any) -> calls.Answer:
    with app.app_context():
        line = calls.Line(outbound.parse(url))

    async def once() -> calls.Answer:
        try:
            return await line.call("POST", {"X-Sig": "v1"}, b"{}", **options)
        finally:
            line.close()

    return run(once())


def test_the_corpus_is_large_enough() -> None:
    assert len(set(CORPUS)) > 100


@pytest.mark.parametrize("url", CORPUS)
def test_no_disguise_of_this_machine_is_reached(
    guarded: App, canary: Canary, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(outbound, "PORTS", frozenset({canary.port}))
    with pytest.raises((calls.Refused, calls.Failed)):
        call(guarded, url.format(port=canary.port), timeout=3)
    time.sleep(0.02)
    assert canary.connections == 0


def test_without_the_guard_the_corpus_reaches_the_canary(
    guarded: App, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above can fail: what they look for is there once addresses are no longer checked."""
    monkeypatch.setattr(outbound, "PORTS", frozenset({canary.port}))
    monkeypatch.setattr(addresses, "is_public", lambda address: True)
    canary.answer = lambda s: None
    reached = []
    for url in CORPUS:
        before = canary.connections
        with pytest.raises((calls.Refused, calls.Failed)):
            call(guarded, url.format(port=canary.port), timeout=0.3)
        time.sleep(0.01)
        reached += [url] if canary.connections > before else []
    assert len(reached) > 10


def test_a_name_that_changes_its_answer_is_refused_at_the_connection(
    guarded: App, canary: Canary, monkeypatch: pytest.MonkeyPatch, names: dict[str, list[list[str]]]
) -> None:
    monkeypatch.setattr(outbound, "PORTS", frozenset({canary.port}))
    names["rebind.example.com"] = [["93.184.216.34"], ["127.0.0.1"]]
    url = f"https://rebind.example.com:{canary.port}/"
    with guarded.app_context():
        assert outbound.check(url).resolves
    with pytest.raises(calls.Refused):
        call(guarded, url)
    assert canary.connections == 0


def test_every_connection_goes_to_an_address_that_was_checked_for_it(
    guarded: App, monkeypatch: pytest.MonkeyPatch, names: dict[str, list[list[str]]]
) -> None:
    names["rebind.example.com"] = [["93.184.216.34"], ["127.0.0.1"]]
    tried: list[Any] = []

    async def open_connection(host: str, port: int, **options: Any) -> Any:
        tried.append((host, port, options["server_hostname"]))
        raise OSError("no network in tests")

    monkeypatch.setattr(asyncio, "open_connection", open_connection)
    with pytest.raises(calls.Failed) as failed:
        call(guarded, "https://rebind.example.com/")
    assert failed.value.kind == "connect"
    assert tried == [("93.184.216.34", 443, "rebind.example.com")]


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(app: App) -> None:
    receiver = Receiver(lambda got: reply(200, b"first")).start()
    with app.app_context():
        line = calls.Line(outbound.parse(receiver.url()))

    async def both() -> list[bytes]:
        first = await line.call("POST", {}, b"1")
        for writer in list(receiver.open):
            receiver.loop.call_soon_threadsafe(writer.transport.abort)
        await asyncio.sleep(0.1)
        second = await line.call("POST", {}, b"2")
        line.close()
        return [first.body, second.body]

    assert run(both()) == [b"first", b"first"]
    receiver.stop()
    assert [got.body for got in receiver.got] == [b"1", b"2"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_certificate_that_cannot_be_trusted_is_a_failure(app: App, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                    str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=localhost"],
                   check=True, capture_output=True)  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    canary = Canary(tls)
    with pytest.raises(calls.Failed, match="no certificate that can be trusted") as failed:
        call(app, f"https://localhost:{canary.port}/", timeout=5)
    canary.close()
    assert failed.value.kind == "tls"
    assert canary.requests == []


def test_a_proxy_of_the_environment_is_not_asked(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    receiver = Receiver().start()
    assert call(app, receiver.url()).status == 200
    receiver.stop()


def test_endless_interim_answers_are_a_failure(app: App) -> None:
    receiver = Receiver(lambda got: b"HTTP/1.1 100 Continue\r\n\r\n" * 50).start()
    with pytest.raises(calls.Failed) as failed:
        call(app, receiver.url(), timeout=3)
    receiver.stop()
    assert failed.value.kind == "protocol"


def test_a_slow_name_takes_one_resolver_however_many_calls_it_has(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def slow(host: str, port: int, seconds: float) -> list[str]:
        asked.append(host)
        time.sleep(0.3)
        return []

    monkeypatch.setattr(outbound, "_lookup", slow)
    with app.app_context():
        lines = [calls.Line(outbound.parse(f"https://slow{n}.example.com/")) for n in range(2)]

    async def many() -> list[Any]:
        tasks = [line.call("POST", {}, b"", timeout=5) for line in lines for _ in range(20)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = run(many())
    assert sorted(asked) == ["slow0.example.com", "slow1.example.com"]
    assert {type(one) for one in found} == {calls.Failed}
    assert len(found) == 40

"""`truckroll web`, run for real on the tests' servers."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.processes import environment, free_port, wait_until
from webapp.config import ROOT, Settings
from webapp.kit.turns import Turns


def get(port: int, path: str = "/healthz", seconds: float = 5) -> HTTPConnection:
    """A connection on which that page was just read, and which the server now keeps open."""
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, (path, answer.status)
    return connection


def answers(port: int) -> bool:
    try:
        get(port).close()
    except OSError:
        return False
    return True


@contextmanager
def serving(settings: Settings, log: Path, **more: str) -> Iterator[int]:
    """A web server of its own; its port."""
    port = free_port()
    env = environment(settings, PORT=str(port), **more)
    with log.open("wb") as out:
        server = subprocess.Popen([sys.executable, "-m", "webapp.cli", "web"], cwd=ROOT, env=env,
                                  stdout=out, stderr=subprocess.STDOUT)  # fmt: skip
    try:
        wait_until(lambda: answers(port) or server.poll() is not None)
        assert server.poll() is None, log.read_text()
        yield port
    finally:
        server.terminate()
        server.wait(20)


def test_many_browsers_that_keep_their_connections_open_shut_nobody_out(
    settings: Settings, tmp_path: Path
) -> None:
    few = {"TRUCKROLL_WEB_PROCESSES": "1", "TRUCKROLL_WEB_THREADS": "2"}
    with serving(settings, tmp_path / "log", **few) as port, ExitStack() as browsers:
        for _ in range(300):
            browsers.callback(get(port).close)
        get(port, "/sign-in").close()


def test_a_start_that_goes_well_says_nothing(settings: Settings, tmp_path: Path) -> None:
    with serving(settings, tmp_path / "log") as port:
        get(port, "/sign-in").close()
    assert (tmp_path / "log").read_text() == ""


def test_a_server_that_is_still_loading_ends_at_once(settings: Settings, tmp_path: Path) -> None:
    env = environment(settings, PORT=str(free_port()), TRUCKROLL_WEB_PROCESSES="2")
    with (tmp_path / "log").open("wb") as out:
        server = subprocess.Popen([sys.executable, "-m", "webapp.cli", "web"], cwd=ROOT, env=env,
                                  stdout=out, stderr=subprocess.STDOUT)  # fmt: skip
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    wait_until(lambda: len(children.read_text().split()) >= 2)
    begun = time.monotonic()
    server.terminate()
    server.wait(20)
    assert time.monotonic() - begun < 5
    assert (tmp_path / "log").read_text() == ""


def test_only_so_many_requests_work_at_once_and_open_streams_are_none_of_them() -> None:
    working, most, seen = [0], [0], threading.Lock()

    def app(environ: dict[str, str], start_response: Any) -> Iterator[bytes]:
        with seen:
            working[0] += 1
            most[0] = max(most[0], working[0])
        time.sleep(0.02)
        with seen:
            working[0] -= 1
        return iter([b"for as long as the reader likes"])

    turns = Turns(app, 2)
    streams = [turns({}, None) for _ in range(10)]  # whose bodies nobody has read
    threads = [threading.Thread(target=turns, args=({}, None)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert most == [2]
    assert len(streams) == 10


def test_bodies_that_never_come_keep_nobody_waiting(settings: Settings, tmp_path: Path) -> None:
    few = {"TRUCKROLL_WEB_PROCESSES": "1", "TRUCKROLL_WEB_THREADS": "2"}
    head = (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 1000\r\n\r\nbusiness_code=")  # fmt: skip
    with serving(settings, tmp_path / "log", **few) as port, ExitStack() as phones:
        for _ in range(10):
            phone = phones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            phone.sendall(head)
        time.sleep(0.5)
        get(port, "/sign-in").close()

"""The web process is killed while a client listens: it comes back with the last number it heard and misses nothing."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_web import answers
from tests.factories import dispatch as make
from tests.factories.world import ApiClient, Company
from tests.processes import environment, free_port, wait_until
from webapp.config import ROOT, Settings

pytestmark = pytest.mark.faults


@contextmanager
def web(settings: Settings, port: int, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A web server in a process group of its own, all of which is killed at the end."""
    env = environment(settings, PORT=str(port), TRUCKROLL_WEB_PROCESSES="1")
    with log.open("ab") as out:
        server = subprocess.Popen([sys.executable, "-m", "webapp.cli", "web"], cwd=ROOT, env=env, stdout=out,
                                  stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip
    try:
        wait_until(lambda: answers(port) or server.poll() is not None)
        assert server.poll() is None, log.read_text()
        yield server
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


class Ear:
    """A client of the stream over a real connection, reading until it breaks."""

    def __init__(self, port: int, api: ApiClient, after: int | None = None) -> None:
        self.heard: list[dict[str, Any]] = []
        self.over = threading.Event()
        headers = {"Authorization": f"Bearer {api.token}", "X-Tenant-Id": api.tenant_id}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/api/v1/admin/dispatch/stream", headers=headers)
        self.answer = connection.getresponse()
        assert self.answer.status == 200
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        number = 0
        try:
            for line in self.answer:
                if line.startswith(b"id: "):
                    number = int(line[4:])
                elif line.startswith(b"data: {"):
                    self.heard.append({"number": number, **json.loads(line[6:])})
        except (OSError, http.client.HTTPException):
            pass
        self.over.set()

    def titles(self) -> list[str]:
        return [told["data"]["title"] for told in list(self.heard)]


def book(company: Company, title: str) -> None:
    with company.acting("dispatcher"):
        make.job(title)


def test_a_client_whose_server_was_killed_resumes_and_misses_no_event(
    settings: Settings, company: Company, tmp_path: Path
) -> None:
    port, api = free_port(), company.api("dispatcher")
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        """Begins before the blow, commits after it."""
        with company.acting("dispatcher"):
            make.job("Began before the blow")
            begun.set()
            go_on.wait(30)

    writer = threading.Thread(target=slow)
    with web(settings, port, tmp_path / "web.log"):
        first = Ear(port, api)
        book(company, "Heard at once")
        wait_until(lambda: bool(first.heard))
        writer.start()
        assert begun.wait(10)
    assert first.over.wait(20), "the blow ended the stream"
    book(company, "While nobody listened")
    with web(settings, port, tmp_path / "web.log"):
        again = Ear(port, api, after=first.heard[-1]["number"])
        wait_until(lambda: bool(again.heard))
        go_on.set()
        writer.join()
        book(company, "After")
        wait_until(lambda: len(again.heard) >= 3)
    assert first.titles() == ["Heard at once"]
    assert again.titles() == ["While nobody listened", "Began before the blow", "After"]
    numbers = [told["number"] for told in (*first.heard, *again.heard)]
    assert numbers == sorted(set(numbers))

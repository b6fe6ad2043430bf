"""Real worker and clock processes on the test's own servers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import kinds
from webapp.config import ROOT, Settings
from webapp.kit import jobs


class Crew:
    """Workers and clocks of one test; whatever still runs at its end is killed."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.hired: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """`start("worker", "quick")` or `start("clock")`; returns once it is ready."""
        log = self.folder / f"{len(self.hired)}-{words[0]}.log"
        env = os.environ | {
            "DATABASE_URL": self.settings.database_url,
            "REDIS_URL": self.settings.redis_url,
            "TRUCKROLL_SECRET_KEYS": " ".join(self.settings.secret_keys),
            "TRUCKROLL_DATA_DIR": str(self.settings.data_dir),
            "TRUCKROLL_ENV": "test",
        }
        with log.open("wb") as out:
            one = subprocess.Popen([sys.executable, "-m", "tests.faults.kinds", *words], cwd=ROOT, env=env,
                                   stdout=out, stderr=subprocess.STDOUT)  # fmt: skip
        self.hired.append(one)
        word = "is ready" if words[0] == "worker" else "ringing|another clock"
        wait_until(lambda: any(w in log.read_text() for w in word.split("|")) or one.poll() is not None, 60)
        assert one.poll() is None, log.read_text()
        return one

    def logs(self) -> str:
        return "\n".join(f"== {p.name}\n{p.read_text()}" for p in sorted(self.folder.glob("*.log")))

    def end(self) -> None:
        for one in self.hired:
            if one.poll() is None:
                one.send_signal(signal.SIGKILL)
            one.wait()


def wait_until(there: Callable[[], bool], seconds: float = 30) -> None:
    """Raises AssertionError when it is not so in time."""
    until = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.05)


@pytest.fixture
def crew(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    backoff = jobs.BACKOFF
    kinds.register()
    made = Crew(settings, tmp_path)
    try:
        yield made
    finally:
        made.end()
        for name in [n for n in jobs.KINDS if n.startswith("faults.")]:
            del jobs.KINDS[name]
        jobs.BACKOFF = backoff

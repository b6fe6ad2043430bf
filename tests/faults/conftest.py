"""Real worker and clock processes on the test's own servers."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import kinds
from tests.processes import environment, wait_until
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
        with log.open("wb") as out:
            one = subprocess.Popen([sys.executable, "-m", "tests.faults.kinds", *words], cwd=ROOT, env=environment(self.settings),
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

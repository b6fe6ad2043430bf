"""The processes of a measurement: the product's web, the bare application, workers; started and ended by it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from webapp.config import ROOT, Limits, Settings

WIDE = "100000000/minute"  # thresholds raised, the code that counts stays on


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(settings: Settings, port: int) -> dict[str, str]:
    """The environment of a child that serves the bench database as in production."""
    limits = {f"TRUCKROLL_LIMIT_{name.upper()}": WIDE for name in Limits.__dataclass_fields__}
    return dict(os.environ) | limits | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "TRUCKROLL_DATA_DIR": str(settings.data_dir),
        "TRUCKROLL_SECRET_KEYS": settings.secret_keys[0],
        "TRUCKROLL_ENV": "production",
        "TRUCKROLL_OUTBOUND_ALLOW": " ".join(settings.outbound_allow),
        "TRUCKROLL_WEB_PROCESSES": "2",
        "PORT": str(port),
    }  # fmt: skip


@contextlib.contextmanager
def running(
    argv: list[str], env: dict[str, str], log: Path, ready: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a process group of its own, until the block ends. Raises RuntimeError when it does not get ready."""
    with log.open("wb") as out:
        child = subprocess.Popen(
            argv, env=env, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        if ready:
            _wait(child, ready, log)
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _wait(child: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  # our own child on loopback
                return
        except OSError:
            if child.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def product(settings: Settings, folder: Path, processes: int = 2) -> Iterator[tuple[str, int]]:
    """The product's web, as `truckroll web` serves it: its address and the process."""
    port = free_port()
    argv = [sys.executable, "-m", "webapp.cli", "web"]
    address = f"http://127.0.0.1:{port}"
    env = environment(settings, port) | {"TRUCKROLL_WEB_PROCESSES": str(processes)}
    with running(argv, env, folder / "web.log", f"{address}/healthz") as child:
        yield address, child.pid


@contextlib.contextmanager
def bare(settings: Settings, folder: Path, tenant: str) -> Iterator[str]:
    """The bare application on the same server, with as many processes and threads."""
    port = free_port()
    env = dict(os.environ) | {"BENCH_DATABASE_URL": settings.app_database_url, "BENCH_TENANT": tenant}
    argv = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "8",
            "--host", "127.0.0.1", "--port", str(port), "--no-log", "webapp.cli.bench.bare:app"]  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    with running(argv, env, folder / "bare.log", f"{address}/json"):
        yield address


def memory(pid: int) -> int:
    """Resident bytes of a process and its children."""
    import psutil

    found = psutil.Process(pid)
    total = 0
    for process in (found, *found.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total

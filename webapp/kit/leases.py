"""Keeps the leases of running jobs alive from a thread, so that a lease lapses only when its process is gone.

The same beat writes how far a job is, for progress bars, and learns that a job was cancelled or taken over.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Flask, current_app
from sqlalchemy import text

from webapp.kit import clock
from webapp.kit.db import db

if TYPE_CHECKING:
    from webapp.kit.jobs import Run

log = logging.getLogger("truckroll.jobs")
BEAT_SECONDS = 1.0  # how old the progress that people see may be

# the job's own transaction may hold its row for a moment (a checkpoint); the next beat tries again
_WAIT = text("select set_config('app.tenant_id', :tenant, true), set_config('lock_timeout', '500ms', true)")
_RENEW = text(
    "update jobs set lease_until = :until, progress = :progress, progress_total = :total"
    " where tenant_id = :tenant and id = :id and lease_token = :token and status = 'running'"
)


@dataclass(slots=True)
class _Kept:
    app: Flask
    run: "Run"
    renewed: float  # on the monotonic clock
    progress: tuple[int, int | None]


_kept: dict[str, _Kept] = {}
_busy = threading.Event()
_lock = threading.Lock()
_thread: threading.Thread | None = None


@contextmanager
def kept(run: "Run") -> Iterator[None]:
    """Renew a run's lease until the block ends."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the thread needs the real object
    _start()
    _kept[run.token] = _Kept(app, run, clock.monotonic(), (run.progress, run.total))
    _busy.set()
    try:
        yield
    finally:
        del _kept[run.token]
        if not _kept:
            _busy.clear()


def _start() -> None:
    global _thread
    with _lock:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_beat, name="leases", daemon=True)
            _thread.start()


def _beat() -> None:
    pause = threading.Event()  # never set: a sleep that is no busy loop
    while True:
        _busy.wait()
        pause.wait(BEAT_SECONDS)
        for each in list(_kept.values()):
            try:
                _renew(each)
            except Exception as problem:  # noqa: BLE001  # the next beat tries again
                log.warning("lease of job %s not renewed: %s", each.run.id, problem)


def _renew(each: _Kept) -> None:
    run = each.run
    progress = (run.progress, run.total)
    if progress == each.progress and clock.monotonic() - each.renewed < run.kind.lease / 4:
        return
    with each.app.app_context(), db.engine.begin() as connection:
        connection.execute(_WAIT, {"tenant": str(run.tenant_id)})
        changed = connection.execute(
            _RENEW,
            {
                "until": clock.now() + timedelta(seconds=run.kind.lease),
                "tenant": run.tenant_id,
                "id": run.id,
                "token": run.token,
                "progress": progress[0],
                "total": progress[1],
            },
        )
    each.renewed, each.progress = clock.monotonic(), progress
    if changed.rowcount == 0 and run.token in _kept:
        run.lost = True

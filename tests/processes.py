"""Real processes of Truckroll on the tests' servers."""

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.config import Settings


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What a process needs to work on the same servers and files, with the same secrets and providers."""
    return os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "TRUCKROLL_SECRET_KEYS": " ".join(settings.secret_keys),
        "TRUCKROLL_DATA_DIR": str(settings.data_dir),
        "TRUCKROLL_ENV": "test",
        "TRUCKROLL_OUTBOUND_ALLOW": " ".join(settings.outbound_allow),
        "TRUCKROLL_SMTP_URL": settings.smtp_url,
        "TRUCKROLL_MAIL_FROM": settings.mail_from,
        "TRUCKROLL_SMS_URL": settings.sms_url,
        "TRUCKROLL_SMS_FROM": settings.sms_from,
        **more,
    }


@contextmanager
def server_folder() -> Iterator[Path]:
    """A directory for servers. Not pytest's: every pytest that starts closes its own to other users, and PostgreSQL,
    which root must run as another one, then cannot read its own files any more."""
    from webapp.kit.limits import limiter

    before = dict(vars(limiter))
    with tempfile.TemporaryDirectory(prefix="truckroll-", ignore_cleanup_errors=True) as folder:
        try:
            yield Path(folder)
        finally:
            # one limiter serves a process: an application on these servers took it along
            vars(limiter).clear()
            vars(limiter).update(before)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(there: Callable[[], bool], seconds: float = 30) -> None:
    """Raises AssertionError when it is not so in time."""
    until = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.05)

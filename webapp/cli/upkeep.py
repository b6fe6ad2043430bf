"""What somebody must do for ever: partitions made ahead and let go of, which only the database's owner may.

The clock does it four times a day with the owner's sign-in, `truckroll init` at every start. Where the clock is given
no owner's password, `truckroll init` must be run every month (docs/operations.md).
"""

import logging
import threading
from collections.abc import Callable

import psycopg

from webapp.audit import retention
from webapp.kit import clock, jobs, partitions, tenancy
from webapp.kit.db import db
from webapp.kit.web import App

log = logging.getLogger("truckroll.clock")
EVERY_SECONDS = 6 * 3600.0
AGAIN_SECONDS = 600.0  # after something went wrong


def run(app: App) -> list[str]:
    """Make partitions ahead, let go of old ones, give each organization its recurring work; a sentence for each thing
    done. Raises psycopg's and SQLAlchemy's errors."""
    url = app.config["SETTINGS"].database_url
    with app.app_context():
        recurring_work()
    with psycopg.connect(
        url, autocommit=True, connect_timeout=5, application_name="truckroll upkeep"
    ) as owner:
        made = partitions.make_ahead(owner, clock.now())
        with app.app_context():
            gone = retention.keep(owner)
    done = [f"partitions made: {', '.join(made)}"] if made else []
    return done + ([f"dropped after seven years: {', '.join(gone)}"] if gone else [])


def recurring_work() -> None:
    """Make sure that every kind of recurring job waits in every organization: a new version may bring new kinds."""
    tenants = tenancy.every_tenant()
    db.session.rollback()
    for tenant in tenants:
        with tenancy.across(tenant):
            jobs.ensure_recurring()


class Upkeep:
    """Runs it beside the clock's loop, which must not wait for it."""

    def __init__(self, work: Callable[[], list[str]]) -> None:
        self._work = work
        self._next = 0.0  # on the monotonic clock
        self._thread: threading.Thread | None = None

    def due(self) -> None:
        """Start it when it is time and not under way; returns at once."""
        if clock.monotonic() < self._next or (self._thread and self._thread.is_alive()):
            return
        self._next = clock.monotonic() + EVERY_SECONDS
        # a daemon: killed in the middle, all of it is done again
        self._thread = threading.Thread(target=self._try, name="upkeep", daemon=True)
        self._thread.start()

    def _try(self) -> None:
        try:
            for sentence in self._work():
                log.info("%s", sentence)
        except Exception as problem:  # noqa: BLE001  # whatever it is: ringing must go on, and somebody must be told
            self._next = clock.monotonic() + AGAIN_SECONDS
            reason = str(problem).strip().split("\n")[0] or type(problem).__name__
            log.warning(
                "partitions were not looked after (trying again later, or run `truckroll init`): %s", reason
            )

"""`truckroll web`: serves pages and APIs with granian."""

import logging
import os
import resource
import signal

import click

MOST_FILES = 16_384  # open files and connections of a process, where the system allows so many
FILES_OF_OUR_OWN = (
    200  # of these: the database's and Redis's connections, files being read, the program itself
)


@click.command()
def web() -> None:
    """Serve pages and APIs on TRUCKROLL_HOST and PORT, with TRUCKROLL_WEB_PROCESSES processes.

    \b
    Example:
      PORT=8000 truckroll web
    """
    import psycopg
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from webapp.config import Settings, SettingsError
    from webapp.kit import assets, schema

    try:
        settings = Settings.load()
        assets.manifest()
    except (SettingsError, assets.NotBuilt) as problem:
        raise click.ClickException(str(problem)) from None
    try:
        with psycopg.connect(settings.app_database_url, connect_timeout=10) as connection:
            schema.refuse_unsafe_role(connection)
    except (schema.UnsafeRole, psycopg.OperationalError) as problem:
        raise click.ClickException(str(problem)) from None
    connections = most_connections()
    os.register_at_fork(after_in_child=_end_at_once)
    # so many threads are meant: nearly all sleep, and the others take turns (`kit/turns.py`)
    logging.getLogger("_granian").addFilter(lambda record: "Python threads" not in record.getMessage())
    Granian(
        "webapp.cli.served:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_processes,
        blocking_threads=settings.web_threads + settings.web_listeners,
        backlog=1024,
        # granian counts connections here, idle ones too, and takes no further one at the limit: with few, a handful
        # of browsers that keep theirs open shut everybody out. What is asked for waits for a thread inside.
        backpressure=connections,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve()


def _end_at_once() -> None:
    """Let a process that still loads the application end when it is told to.

    It begins with granian's own handlers of the process above, which only note that it is time to go, for a loop that
    it never runs; its own come once the application is loaded. Till then it would be killed after ten seconds.
    """
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, signal.SIG_DFL)


def most_connections() -> int:
    """How many connections one process may hold, after raising the limit of open files as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(FILES_OF_OUR_OWN, wanted - FILES_OF_OUR_OWN)

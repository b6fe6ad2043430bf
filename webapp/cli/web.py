"""`truckroll web`: serves pages and APIs with granian."""

import click


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
    Granian(
        "wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_processes,
        blocking_threads=settings.web_threads + settings.web_listeners,
        backlog=1024,
        backpressure=settings.web_threads * 8 + settings.web_listeners,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve()

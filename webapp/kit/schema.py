"""Bringing a database to the present schema, with the roles that use it. Runs as the owner.

The application's role owns nothing and may not touch what it should only append to; the clock's role reads the routing
columns of `jobs` and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import create_engine, pool

from webapp.config import ROOT, Settings
from webapp.kit import clock, partitions

APPEND_ONLY = ("audit_entries", "events")
CLOCK_COLUMNS = "tenant_id, id, queue, status, run_after, lease_until"


class UnsafeRole(RuntimeError):
    """The application's role could get around row-level security."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What :func:`upgrade` did."""

    before: str | None
    after: str


def alembic_config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["database_url"] = database_url
    return config


def head() -> str:
    """The newest revision. Raises when there is more than one."""
    found = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    assert found is not None
    return found


def current(database_url: str) -> str | None:
    engine = create_engine(
        database_url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=pool.NullPool
    )
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(settings: Settings, say: Callable[[str], None] = lambda text: None) -> Outcome:
    """Create the roles, migrate, grant, make partitions ahead. Does nothing twice; a second call is quick."""
    before = current(settings.database_url)
    newest = head()
    if before != newest:
        say(f"Migrating the database from {before or 'empty'} to {newest}")
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            create_roles(connection, settings)
        command.upgrade(alembic_config(settings.database_url), "head")
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        create_roles(connection, settings)
        restored = before == newest and not granted(connection, settings)
        if restored:
            say(f"Giving {settings.app_role} and {settings.clock_role} their rights")
        if restored or before != newest:
            with connection.transaction():  # whoever works meanwhile never finds itself without
                grant(connection, settings)
        try:
            partitions.make_ahead(connection, clock.now())
        except psycopg.errors.LockNotAvailable:
            say("The audit log is in use: its partitions are made later, by the clock")
    return Outcome(before, newest)


def create_roles(connection: "psycopg.Connection[tuple[object, ...]]", settings: Settings) -> None:
    """The application's and the clock's roles, with passwords derived from the secret key."""
    for kind, role in (("app", settings.app_role), ("clock", settings.clock_role)):
        found = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
        verb = sql.SQL("ALTER ROLE" if found else "CREATE ROLE")
        try:
            connection.execute(
                sql.SQL("{} {} LOGIN PASSWORD {}").format(
                    verb, sql.Identifier(role), sql.Literal(settings.role_password(kind))
                )
            )
        except psycopg.errors.DuplicateObject:
            continue  # another process of the same start made it a moment ago
        except psycopg.errors.InternalError_:
            continue  # "tuple concurrently updated": another process sets the same password


def granted(connection: "psycopg.Connection[tuple[object, ...]]", settings: Settings) -> bool:
    """Whether the roles have rights at all: a restored database has none."""
    row = connection.execute(
        """
        select has_table_privilege(%(app)s, 'jobs', 'INSERT') and has_sequence_privilege(%(app)s, 'jobs_id_seq', 'USAGE')
           and has_column_privilege(%(clock)s, 'jobs', 'run_after', 'SELECT')
           and exists (select 1 from pg_policy p join pg_roles r on r.oid = any(p.polroles)
                       where p.polrelid = 'jobs'::regclass and r.rolname = %(clock)s)
        """,
        {"app": settings.app_role, "clock": settings.clock_role},
    ).fetchone()
    return bool(row and row[0])


def grant(connection: "psycopg.Connection[tuple[object, ...]]", settings: Settings) -> None:
    """Give the roles what they need and take what they must not have. Repeated after each migration."""
    app, clock = sql.Identifier(settings.app_role), sql.Identifier(settings.clock_role)
    run = connection.execute
    run(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}, {}").format(app, clock))
    run(sql.SQL("GRANT USAGE ON SCHEMA public TO {}, {}").format(app, clock))
    run(sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(app))
    run(sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(app))
    for table in APPEND_ONLY:
        run(sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(table), app))
    run(sql.SQL("REVOKE ALL ON alembic_version FROM {}").format(app))
    partitions = run("select c.relname from pg_class c where c.relispartition and c.relkind = 'r'").fetchall()
    for (name,) in partitions:
        run(sql.SQL("REVOKE ALL ON {} FROM {}").format(sql.Identifier(str(name)), app))
    run(sql.SQL("GRANT SELECT (" + CLOCK_COLUMNS + ") ON jobs TO {}").format(clock))
    # made only once: it needs the table for itself
    there = "select 1 from pg_policy p join pg_roles r on r.oid = any(p.polroles) where p.polname = 'clock' and r.rolname = %s"
    if not run(there, (settings.clock_role,)).fetchone():
        run("DROP POLICY IF EXISTS clock ON jobs")
        run(sql.SQL("CREATE POLICY clock ON jobs FOR SELECT TO {} USING (true)").format(clock))


def refuse_unsafe_role(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Raises UnsafeRole for a role that is superuser, bypasses row security, owns a table, or belongs to one that does."""
    row = connection.execute(
        """
        select r.rolname,
               exists (select 1 from pg_roles x where pg_has_role(r.oid, x.oid, 'member')
                       and (x.rolsuper or x.rolbypassrls)) as powerful,
               exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
                       where n.nspname = 'public' and c.relkind in ('r', 'p')
                         and pg_has_role(r.oid, c.relowner, 'member')) as owner
        from pg_roles r where r.rolname = current_user
        """
    ).fetchone()
    assert row is not None
    if row[1]:
        raise UnsafeRole(
            f"The role {row[0]} is a superuser or bypasses row-level security; the application refuses it."
        )
    if row[2]:
        raise UnsafeRole(
            f"The role {row[0]} owns tables, or belongs to their owner; the application refuses it."
        )

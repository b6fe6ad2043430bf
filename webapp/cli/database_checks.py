"""What `truckroll doctor` finds out from the database: clocks, tables, roles, partitions.

While no database answers, each of them says so and is no fault of its own: that PostgreSQL is away is said once.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from webapp.cli.up import Plan
from webapp.config import Settings
from webapp.kit.processes import DirectoryLock
from webapp.kit.servers import EmbeddedPostgres, EmbeddedValkey

SKEW_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report. `needed` is False for what only tests or a rebuild want, or cannot be known now."""

    what: str
    ok: bool
    found: str = ""  # what is there, or what is wrong
    mend: str = ""  # the one command
    needed: bool = True


def first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__


Asking = Callable[[Any, Settings], Check]


def asks_the_database(what: str) -> Callable[[Asking], Callable[[Plan], Check]]:
    """Hands a check the owner's connection and the settings, when there is a database now."""

    def made(check: Asking) -> Callable[[Plan], Check]:
        @wraps(check)
        def asked(plan: Plan) -> Check:
            try:
                import psycopg

                settings = settings_of(plan)
                if settings is None:
                    return Check(what, ok=True, found="not known: it does not run now")
                with psycopg.connect(settings.database_url, connect_timeout=3, autocommit=True) as connection:
                    return check(connection, settings)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is the finding
                found = f"not known: {first_line(error)}"
                return Check(what, ok=False, found=found, needed=False)

        return asked

    return made


def settings_of(plan: Plan) -> Settings | None:
    """The application's settings for a plan; None while its embedded database does not run."""
    postgres, valkey = EmbeddedPostgres(plan.data_dir), EmbeddedValkey(plan.data_dir)
    if not plan.database_url and not (DirectoryLock(plan.data_dir).held() and postgres.ready()):
        return None
    os.environ["DATABASE_URL"] = plan.database_url or postgres.database_url
    os.environ["REDIS_URL"] = plan.redis_url or valkey.redis_url
    return Settings.load()


@asks_the_database("Clock agrees with the database's")
def clocks(connection: Any, settings: Settings) -> Check:
    """Leases and tokens compare this machine's time with the database's."""
    before = time.time()
    (there,) = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    skew = there - (before + time.time()) / 2
    what, mend = "Clock agrees with the database's", "sudo timedatectl set-ntp true"
    return Check(what, abs(skew) < SKEW_SECONDS, f"{skew:+.3f} s", mend)


@asks_the_database("Tables of this version")
def tables(connection: Any, settings: Settings) -> Check:
    from webapp.kit import schema

    found, wanted = schema.current(settings.database_url), schema.head()
    said = found or "none" if found == wanted else f"{found or 'none'}, this version wants {wanted}"
    return Check("Tables of this version", found == wanted, said, "truckroll init")


@asks_the_database("Owner of the database")
def owner(connection: Any, settings: Settings) -> Check:
    """It makes roles, and should be under the policies like everybody else."""
    what = "Owner of the database"
    name, roles, powerful = connection.execute(
        "select rolname, rolcreaterole or rolsuper, rolsuper or rolbypassrls from pg_roles where rolname = current_user"
    ).fetchone()
    if not roles:
        return Check(
            what, ok=False, found=f"{name} may not make roles", mend=f'psql -c "ALTER ROLE {name} CREATEROLE"'
        )
    if powerful:
        # it works, and a mistake in a migration would reach every organization
        mend = f'psql -c "ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS", or another owner in DATABASE_URL'
        return Check(what, ok=False, found=f"{name} is past row-level security", mend=mend, needed=False)
    return Check(what, ok=True, found=str(name))


@asks_the_database("The application's role")
def app_role(connection: Any, settings: Settings) -> Check:
    """Signs in as the application does, and asks what its start would refuse."""
    import psycopg

    from webapp.kit import schema

    what = "The application's role"
    try:
        with psycopg.connect(settings.app_database_url, connect_timeout=3) as own:
            schema.refuse_unsafe_role(own)
    except schema.UnsafeRole as problem:
        role = settings.app_role
        mend = f'psql -c "ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS", and take from it what it owns or belongs to'
        return Check(what, ok=False, found=str(problem), mend=mend)
    except psycopg.OperationalError as problem:
        return Check(what, ok=False, found=first_line(problem), mend="truckroll init")
    rights = schema.granted(connection, settings)
    found = settings.app_role if rights else f"{settings.app_role} has no rights"
    return Check(what, rights, found, "truckroll init")


@asks_the_database("Partitions of the audit log")
def months(connection: Any, settings: Settings) -> Check:
    from webapp.kit import clock, partitions

    ahead = partitions.months_ahead(connection, clock.now())
    enough = ahead >= partitions.FEW_MONTHS
    mend = "truckroll init  # and see why the clock does not make them"
    return Check("Partitions of the audit log", enough, f"for {max(ahead, 0)} months to come", mend)

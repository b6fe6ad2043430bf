"""Migrations go up, down and up again, from one head."""

import os
from urllib.parse import urlsplit, urlunsplit

import psycopg
from alembic import command
from alembic.script import ScriptDirectory

from webapp.config import Settings
from webapp.kit import schema
from webapp.kit.servers import ensure_database


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(schema.alembic_config("")).get_heads()) == 1


def test_migrations_go_up_down_and_up_again(settings: Settings, worker_id: str) -> None:
    superuser = os.environ["TRUCKROLL_TEST_SERVERS"].split("\n")[0]
    name = f"migrations_{worker_id}"
    ensure_database(superuser, "truckroll", name)
    parts = urlsplit(settings.database_url)
    there = settings.with_(database_url=urlunsplit(parts._replace(path=f"/{name}")))
    try:
        schema.upgrade(there)
        before = columns(there.database_url)
        command.downgrade(schema.alembic_config(there.database_url), "base")
        assert columns(there.database_url) == [("alembic_version", "version_num", "character varying")]
        schema.upgrade(there)
        assert columns(there.database_url) == before
        assert schema.upgrade(there).before == schema.head()
    finally:
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def columns(url: str) -> list[tuple[str, str, str]]:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = 'public' order by 1, 2"
        ).fetchall()
    return [(str(a), str(b), str(c)) for a, b, c in found]

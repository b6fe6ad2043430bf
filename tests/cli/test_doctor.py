"""What the doctor says of a database, from one where all is well to each thing that can be wrong with it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.cli.test_operations import OWNER, Machine, machine
from webapp.cli import database_checks, setup_checks
from webapp.cli.up import Plan
from webapp.kit import clock, partitions, schema
from webapp.kit.partitions import Partition, month_of


@pytest.fixture(scope="module")
def here() -> Iterator[Machine]:
    with machine() as made:
        with psycopg.connect(made.url("postgres", "", "postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE ROLE truckroll LOGIN CREATEROLE PASSWORD '{OWNER}'".encode())
            admin.execute("CREATE DATABASE truckroll OWNER truckroll")
        schema.upgrade(made.settings("truckroll"))
        yield made


@pytest.fixture
def plan(here: Machine, monkeypatch: pytest.MonkeyPatch) -> Plan:
    for name, value in here.environment("truckroll").items():
        monkeypatch.setenv(name, value)
    return Plan.load(demo=False, port=1, workers=1, web_processes=1)


@pytest.fixture
def admin(here: Machine) -> Iterator[Any]:
    with psycopg.connect(here.url("postgres", "", "truckroll"), autocommit=True) as connection:
        yield connection


OF_THE_DATABASE = (database_checks.clocks, database_checks.tables, database_checks.owner, database_checks.app_role,
                   database_checks.months)  # fmt: skip


def test_all_is_well(plan: Plan) -> None:
    found = [check(plan) for check in OF_THE_DATABASE]
    assert [(each.what, each.found) for each in found if not each.ok] == []
    assert [each.found for each in found][1:] == [
        schema.head(),
        "truckroll",
        "truckroll_app",
        "for 12 months to come",
    ]
    assert set(OF_THE_DATABASE) <= set(setup_checks.every())


def test_a_database_that_is_away_is_missing_once(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://truckroll@127.0.0.1:1/x")
    away = Plan.load(demo=False, port=1, workers=1, web_processes=1)
    postgres = setup_checks.postgres(away)
    assert (postgres.ok, postgres.needed) == (False, True)
    assert "Connection refused" in postgres.found
    others = [check(away) for check in OF_THE_DATABASE]
    assert {(each.ok, each.needed, each.found.split(":")[0]) for each in others} == {
        (False, False, "not known")
    }


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        (
            "ALTER ROLE truckroll_app SUPERUSER",
            "ALTER ROLE truckroll_app NOSUPERUSER",
            "is a superuser or bypasses",
        ),
        ("ALTER TABLE items OWNER TO truckroll_app", "ALTER TABLE items OWNER TO truckroll", "owns tables"),
        ("ALTER ROLE truckroll_app PASSWORD 'another'", "", "password authentication failed"),
        ("REVOKE ALL ON jobs FROM truckroll_app", "", "has no rights"),
    ],
)
def test_a_role_that_the_start_would_refuse_is_named_with_the_way_out(
    plan: Plan, here: Machine, admin: Any, wrong: str, right: str, said: str
) -> None:
    admin.execute(wrong)
    try:
        found = database_checks.app_role(plan)
    finally:
        admin.execute(right or "select 1")
    assert not found.ok
    assert said in found.found
    assert found.needed
    if not right:
        assert found.mend == "truckroll init"
        schema.upgrade(here.settings("truckroll"))
    assert database_checks.app_role(plan).ok


def test_tables_of_another_version_are_named(plan: Plan, admin: Any) -> None:
    admin.execute("update alembic_version set version_num = '0001'")
    found = database_checks.tables(plan)
    admin.execute("update alembic_version set version_num = %s", (schema.head(),))
    assert (found.ok, found.found, found.mend) == (
        False,
        f"0001, this version wants {schema.head()}",
        "truckroll init",
    )


def test_an_owner_past_the_policies_is_said_and_one_that_makes_no_roles_is_a_fault(
    plan: Plan, admin: Any
) -> None:
    admin.execute("ALTER ROLE truckroll BYPASSRLS")
    found = database_checks.owner(plan)
    admin.execute("ALTER ROLE truckroll NOBYPASSRLS NOCREATEROLE")
    weak = database_checks.owner(plan)
    admin.execute("ALTER ROLE truckroll CREATEROLE")
    assert (found.ok, found.needed, found.found) == (False, False, "truckroll is past row-level security")
    assert (weak.ok, weak.needed, weak.found) == (False, True, "truckroll may not make roles")


def test_months_without_partitions_are_counted(plan: Plan, admin: Any) -> None:
    now = clock.now()
    for n in range(1, 13):
        admin.execute(f"drop table {Partition('audit_entries', month_of(now) + n).name}")
    found = database_checks.months(plan)
    assert (found.ok, found.found) == (False, "for 0 months to come")
    with psycopg.connect(plan.database_url, autocommit=True) as owner:
        partitions.make_ahead(owner, now)
    assert database_checks.months(plan).ok

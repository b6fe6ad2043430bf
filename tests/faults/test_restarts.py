"""Servers that die under workers and clock: they come back by themselves and the work goes on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.conftest import _settings
from tests.factories.world import make_company
from tests.faults.conftest import Crew
from tests.faults.test_workers import items, states
from tests.processes import wait_until
from webapp import create_app
from webapp.config import Settings
from webapp.kit import jobs, schema
from webapp.kit.db import db
from webapp.kit.processes import DirectoryLock
from webapp.kit.servers import OWNER, EmbeddedPostgres, EmbeddedValkey, ensure_database
from webapp.models import Item

pytestmark = pytest.mark.faults


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[EmbeddedPostgres, EmbeddedValkey]]:
    """A PostgreSQL and a Valkey of this test's own."""
    folder = tmp_path / "servers"
    postgres, valkey = EmbeddedPostgres(folder, fast=True), EmbeddedValkey(folder, fast=True)
    with DirectoryLock(folder):
        valkey.start()
        postgres.start()
        ensure_database(postgres.superuser_url, OWNER, OWNER)
        try:
            yield postgres, valkey
        finally:
            postgres.stop()
            valkey.stop()


@pytest.fixture
def settings(servers: tuple[EmbeddedPostgres, EmbeddedValkey], tmp_path: Path) -> Settings:
    postgres, valkey = servers
    made = _settings(postgres.database_url, valkey.redis_url, tmp_path)
    schema.upgrade(made)
    return made


def test_after_redis_and_the_database_were_killed_the_work_goes_on(
    settings: Settings, servers: tuple[EmbeddedPostgres, EmbeddedValkey], crew: Crew
) -> None:
    postgres, valkey = servers
    company = make_company(create_app(settings))
    crew.start("clock")
    crew.start("worker", "quick")
    with company.acting():
        jobs.add("faults.effect", {"n": 0})
    wait_until(lambda: states(company, "faults.effect")["done"] == 1)

    def done(number: int) -> bool:
        return states(company, "faults.effect")["done"] == number

    os.kill(valkey.pid, signal.SIGKILL)
    with company.acting():
        jobs.add("faults.effect", {"n": 1})  # succeeds although nobody can be told
    valkey.stop()
    valkey.start()
    wait_until(lambda: done(2), 60)
    os.kill(postgres.pid, signal.SIGKILL)
    postgres.stop()
    postgres.start()
    with company.app.app_context():
        db.engine.dispose()
    with company.acting():
        jobs.add("faults.effect", {"n": 2})
    wait_until(lambda: done(3), 60)
    assert sum(items(company).values()) == 3
    with company.acting():
        assert sorted(db.session.scalars(select(Item.name))) == ["effect 0", "effect 1", "effect 2"]

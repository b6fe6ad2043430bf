"""Servers that die under workers and clock: they come back by themselves and the work goes on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from sqlalchemy import select

from tests.cli.test_web import serving
from tests.conftest import _settings
from tests.factories.world import PASSWORD, csrf_of, make_company
from tests.faults.conftest import Crew
from tests.faults.test_workers import items, states
from tests.processes import server_folder, wait_until
from webapp import create_app
from webapp.config import Settings
from webapp.kit import jobs, schema
from webapp.kit.db import db
from webapp.kit.processes import DirectoryLock
from webapp.kit.servers import OWNER, EmbeddedPostgres, EmbeddedValkey, ensure_database
from webapp.models import Item

pytestmark = pytest.mark.faults


@pytest.fixture
def servers() -> Iterator[tuple[EmbeddedPostgres, EmbeddedValkey]]:
    """A PostgreSQL and a Valkey of this test's own, writing to the disk as those of a company do."""
    with server_folder() as folder, DirectoryLock(folder):
        postgres, valkey = EmbeddedPostgres(folder), EmbeddedValkey(folder)
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
    wait_until(lambda: done(2), 60)  # the worker looks for itself
    assert crew.logs().count("Redis does not answer, looking") == 1, "said once"
    valkey.start()
    wait_until(lambda: "Redis answers again" in crew.logs(), 30)
    os.kill(postgres.pid, signal.SIGKILL)
    postgres.stop()
    postgres.start()
    with company.app.app_context():
        db.engine.dispose()  # this process's own connections; workers and clock must find out by themselves
    assert done(2), "what was committed is there"
    with company.acting():
        jobs.add("faults.effect", {"n": 2})
    wait_until(lambda: done(3), 60)
    assert sum(items(company).values()) == 3
    with company.acting():
        assert sorted(db.session.scalars(select(Item.name))) == ["effect 0", "effect 1", "effect 2"]
    assert [one.poll() for one in crew.hired] == [None, None], "the same processes as before"


def test_pages_say_so_while_the_database_is_away_and_come_back_by_themselves(
    settings: Settings, servers: tuple[EmbeddedPostgres, EmbeddedValkey], tmp_path: Path
) -> None:
    postgres, valkey = servers
    company = make_company(create_app(settings))
    with serving(settings, tmp_path / "log", TRUCKROLL_WEB_PROCESSES="1") as port:

        def page(path: str, **form: str) -> tuple[int, str]:
            data = urlencode({"csrf_token": token, **form}).encode() if form else None
            try:
                with browser.open(f"http://127.0.0.1:{port}{path}", data, timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except HTTPError as refused:
                return refused.code, refused.read().decode()

        browser, token = build_opener(HTTPCookieProcessor()), ""
        token = csrf_of(page("/sign-in")[1])
        os.kill(valkey.pid, signal.SIGKILL)
        valkey.stop()
        # limits cannot be counted now; nobody is locked out for that
        status, text = page("/sign-in", business_code=company.code, username="manager", password=PASSWORD)
        assert (status, "Sign out" in text) == (200, True)
        os.kill(postgres.pid, signal.SIGKILL)
        postgres.stop()
        status, text = page("/items")
        assert status == 503
        assert "The database cannot be reached. Nothing was changed" in text
        postgres.start()
        valkey.start()
        wait_until(lambda: page("/healthz")[0] == 200)
        assert page("/items")[0] == 200, "the session is still there"

"""What nobody does by hand: the clock and the start look after partitions and recurring work."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import delete, select

from tests.audit.test_retention import NOW, OLD, old_company, write
from tests.factories.world import Company
from tests.faults.conftest import Crew
from tests.processes import environment, wait_until
from webapp.audit import queries
from webapp.config import ROOT, Settings
from webapp.kit import jobs, partitions
from webapp.kit.db import db
from webapp.kit.partitions import Partition, month_of
from webapp.kit.tables import Job
from webapp.kit.web import App

pytestmark = pytest.mark.faults


def exists(superuser: "psycopg.Connection[Any]", name: str) -> bool:
    row = superuser.execute("select to_regclass(%s) is not null", (name,)).fetchone()
    return bool(row and row[0])


def test_a_clock_that_starts_makes_partitions_ahead_and_brings_recurring_work_to_every_company(
    company: Company, crew: Crew, superuser: "psycopg.Connection[Any]"
) -> None:
    missing = Partition("audit_entries", month_of(NOW) + 12).name
    superuser.execute(f"drop table if exists {missing}".encode())
    assert partitions.months_ahead(superuser, NOW) == 11
    every = {kind.name for kind in jobs.KINDS.values() if kind.every}
    with company.acting():  # as if a new version had brought these kinds
        db.session.execute(delete(Job).where(Job.tenant_id == company.tenant_id))
    crew.start("clock")
    wait_until(lambda: exists(superuser, missing))

    def waiting() -> set[str]:
        with company.acting():
            return set(db.session.scalars(select(Job.kind).where(Job.dedupe_key == "every")))

    wait_until(lambda: waiting() == every)
    wait_until(lambda: f"partitions made: {missing}" in crew.logs())


def test_init_lets_go_of_what_is_older_than_seven_years(
    app: App, settings: Settings, superuser: "psycopg.Connection[Any]"
) -> None:
    old = old_company(app)
    last = write(old, OLD + timedelta(days=2))

    def init() -> str:
        return subprocess.run([sys.executable, "-m", "webapp.cli", "init"], cwd=ROOT, env=environment(settings), check=True,
                              capture_output=True, text=True).stdout  # fmt: skip

    month = Partition("audit_entries", month_of(OLD)).name
    assert f"dropped after seven years: {month}" in init()
    with old.acting("manager"):
        assert [(gap.first, gap.last) for gap in queries.gaps()] == [(1, last)]
    assert init() == ""

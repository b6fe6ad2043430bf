"""Seven years of audit log in partitions that are made ahead and let go of, by the month."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from tests.audit.test_chain import verify
from tests.factories.world import Company, make_company
from webapp.audit import chain, cli, queries, retention, rules
from webapp.cli import upkeep
from webapp.config import Settings
from webapp.kit import clock, journal, partitions
from webapp.kit.db import db
from webapp.kit.partitions import Partition, month_of, start_of
from webapp.kit.tables import AuditEntry
from webapp.kit.web import App

NOW = datetime.now(UTC)
OLD = start_of(month_of(NOW) - 12 * 8)  # the first moment of a month eight years ago


@pytest.fixture
def owner(app: App) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(app.config["SETTINGS"].database_url, autocommit=True) as connection:
        yield connection


def old_company(app: App) -> Company:
    """An organization that registered eight years ago."""
    with clock.at(OLD):
        return make_company(app)


def write(company: Company, moment: datetime, number: int = 0) -> int:
    """One entry of a moment; its position."""
    with clock.at(moment), company.acting("owner"):
        journal.audit("sale.approved", record_type="sale", record_id=1, reason=f"reason {number}")
    with company.acting("owner"):
        return queries.head().audit_seq


def places(superuser: "psycopg.Connection[Any]", company: Company) -> dict[int, str]:
    """Position → the partition that holds it."""
    found = superuser.execute("select seq, tableoid::regclass::text from audit_entries where tenant_id = %s order by seq",
                              (company.tenant_id,)).fetchall()  # fmt: skip
    return {seq: str(name) for seq, name in found}


def test_a_server_that_runs_for_two_years_without_an_upgrade_has_every_months_entries_in_their_partition(
    app: App, company: Company, superuser: "psycopg.Connection[Any]"
) -> None:
    present = month_of(NOW)
    made = max(partition.month for partition in partitions.of(superuser, "audit_entries"))
    assert made - present >= 12
    years_later = made + 13
    written = {
        write(company, start_of(month) + timedelta(days=9)): Partition("audit_entries", month).name
        for month in range(present + 1, years_later + 1)
    }
    rest = {seq: name for seq, name in places(superuser, company).items() if name == "audit_entries_rest"}
    assert len(rest) == 13, "nobody made partitions for them"
    with clock.at(start_of(years_later) + timedelta(days=20)):
        upkeep.run(app)
        assert partitions.months_ahead(superuser, clock.now()) == 12
        assert upkeep.run(app) == []
    assert {seq: name for seq, name in places(superuser, company).items() if seq in written} == written
    report = verify(company)
    assert (report.broken, report.entries) == ("", max(written))
    with company.acting("manager"):
        seen = db.session.scalars(select(AuditEntry.seq).where(AuditEntry.tenant_id == company.tenant_id))
        assert set(written) < set(seen)


def test_partitions_made_later_are_under_the_policies_and_closed_to_the_application(
    app: App, company: Company, superuser: "psycopg.Connection[Any]"
) -> None:
    with clock.at(start_of(month_of(NOW) + 30)):
        upkeep.run(app)
    made = Partition("audit_entries", month_of(NOW) + 42).name
    assert superuser.execute("select relrowsecurity, relforcerowsecurity from pg_class where relname = any(%s)",
                             ([made, "audit_entries_rest"],)).fetchall() == [(True, True)] * 2  # fmt: skip
    policies = ("select polname, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) from pg_policy"
                " where polrelid = %s::regclass")  # fmt: skip
    assert (
        superuser.execute(policies, (made,)).fetchall()
        == superuser.execute(policies, ("audit_entries",)).fetchall()
    )
    indexes = "select count(*) from pg_index where indrelid = %s::regclass and indisvalid"
    assert (
        superuser.execute(indexes, (made,)).fetchone()
        == superuser.execute(indexes, ("audit_entries",)).fetchone()
    )
    with pytest.raises(ProgrammingError, match="permission denied"), company.acting("owner"):
        db.session.execute(text(f"select * from {made}"))


def test_entries_older_than_seven_years_go_by_the_month_and_the_rest_is_still_proved(
    app: App, company: Company, superuser: "psycopg.Connection[Any]", capsys: pytest.CaptureFixture[str]
) -> None:
    old = old_company(app)
    last_old = write(old, OLD + timedelta(days=20))
    kept = write(old, NOW - timedelta(days=365 * 7 - 2))
    with clock.at(NOW):
        done = upkeep.run(app)
    month = Partition("audit_entries", month_of(OLD)).name
    assert f"dropped after seven years: {month}" in done
    assert superuser.execute("select to_regclass(%s)", (month,)).fetchone() == (None,)
    with old.acting("manager"):
        left = list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.seq)))
        assert [entry.seq for entry in left] == [kept, kept + 1]
        said = left[-1]
        assert (said.action, said.actor, said.source) == ("audit.dropped", "system", "system")
        assert said.payload["entries"] == said.payload["last"] == last_old
        assert said.payload["older_than"] == clock.iso(start_of(month_of(OLD) + 1))
    report = verify(old)
    assert (report.broken, report.entries, report.dropped) == ("", 2, last_old)
    with clock.at(NOW):
        assert upkeep.run(app) == [], "it is said and done once"
    with app.app_context():
        assert cli.run(old.code) == 0
    assert f"{old.code}: 2 entries intact, {last_old} older ones let go of" in capsys.readouterr().out
    with company.acting("manager"):
        assert queries.dropped() is None, "a company that lost nothing is told nothing"


def test_year_after_year_the_newest_note_alone_tells_all_that_went(app: App) -> None:
    start = month_of(OLD) - 12 * 8
    with clock.at(start_of(start)):
        old = make_company(app)
    for month in range(3):
        write(old, start_of(start + month) + timedelta(days=3), month)
    for month in (1, 2):
        with clock.at(start_of(start + 7 * 12 + month) + timedelta(days=9)):
            upkeep.run(app)
    with old.acting("manager"):
        first, second = queries.gaps()
        assert (first.first, first.last + 1) == (1, second.first)
    assert verify(old).broken == ""
    assert verify(old).entries == 3, "the third month's and two notes"
    with clock.at(NOW):  # the two notes are themselves past their seven years
        upkeep.run(app)
        report = verify(old)
        with old.acting("manager"):
            left = db.session.scalars(select(AuditEntry)).all()
            assert queries.gaps()[0].first == 1
    assert {(entry.action, entry.created_at) for entry in left} == {("audit.dropped", NOW)}
    assert (report.broken, report.entries) == ("", len(left))


def test_an_entry_that_was_committed_after_the_turn_of_the_month_leaves_a_gap_that_is_proved(
    app: App,
) -> None:
    old = old_company(app)
    turn = start_of(month_of(OLD) + 1)
    early = write(old, turn + timedelta(seconds=1))
    late = write(old, turn - timedelta(seconds=1))
    write(old, turn + timedelta(seconds=2))
    with clock.at(turn.replace(year=turn.year + 7) + timedelta(days=1)):
        upkeep.run(app)
        with old.acting("manager"):
            assert [(gap.first, gap.last) for gap in queries.gaps()] == [(1, early - 1), (late, late)]
        report = verify(old)
    assert (report.broken, report.entries, report.dropped) == ("", 3, late - 1)


def test_noted_and_not_yet_dropped_it_is_proved_too_and_noted_only_once(
    app: App, owner: "psycopg.Connection[Any]", superuser: "psycopg.Connection[Any]"
) -> None:
    old = old_company(app)
    last_old = write(old, OLD + timedelta(days=20))
    with clock.at(NOW):
        partitions.make_ahead(owner, NOW)
        with superuser.transaction():  # somebody reads a long export
            superuser.execute("select count(*) from audit_entries")
            with pytest.raises(psycopg.errors.LockNotAvailable), app.app_context():
                retention.keep(owner)
        report = verify(old)
        assert (report.broken, report.entries, report.dropped) == ("", last_old + 1, 0)
        assert upkeep.run(app)
        report = verify(old)
        assert (report.broken, report.entries, report.dropped) == ("", 1, last_old)


AT = "where tenant_id = '{tenant}' and seq"


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (f"delete from audit_entries {AT} = {{kept}}", "entry {kept} is missing"),
        (f"update audit_entries set actor_name = 'Nobody' {AT} = {{kept}}", "entry {kept} (sale.approved"),
        ((f"update audit_entries set payload = jsonb_set(payload, '{{{{gaps,0,2}}}}', '\"00\"') {AT} > {{kept}}"),
         "entry {kept} (sale.approved"),
        ((f"update audit_entries set payload = jsonb_set(payload, '{{{{gaps,0,1}}}}', '{{kept}}') {AT} > {{kept}};"
          f"delete from audit_entries {AT} = {{kept}}"), "entry {note} (audit.dropped"),
        (f"delete from audit_entries {AT} = {{note}}", "entry 1 is missing"),
    ],
)  # fmt: skip
def test_tampering_behind_the_gap_is_found(
    app: App, superuser: "psycopg.Connection[Any]", change: str, broken: str
) -> None:
    old = old_company(app)
    write(old, OLD + timedelta(days=20))
    kept = write(old, NOW - timedelta(days=30))
    with clock.at(NOW):
        upkeep.run(app)
    names = {"tenant": old.tenant_id, "kept": kept, "note": kept + 1}
    for statement in change.format(**names).split(";"):
        superuser.execute(statement.encode())
    report = verify(old)
    assert report.broken.startswith(broken.format(**names)), report.broken


def test_letting_go_too_early_is_found_whatever_the_note_says(
    company: Company, superuser: "psycopg.Connection[Any]"
) -> None:
    with company.acting("owner"):
        head = queries.head().audit_seq
        chain.export_head()
    last = [write(company, NOW, n) for n in range(4)][1]
    with company.acting("owner"):
        going = chain.AuditEntry.seq <= last
        gone = db.session.scalar(select(AuditEntry.hash).where(AuditEntry.seq == last))
        assert gone is not None
        for older_than in (NOW, NOW - timedelta(days=8 * 365)):
            journal.audit(rules.DROPPED, older_than=clock.iso(older_than), gaps=[[1, last, gone.hex()]])
            journal.commit()
            with clock.at(NOW + timedelta(days=2)):
                report = chain.verify()
            assert "before 7 years were over" in report.broken, (older_than, head, going)
    superuser.execute(
        "delete from audit_entries where tenant_id = %s and seq <= %s", (company.tenant_id, last)
    )
    assert verify(company).broken == f"entry {last} was let go of before 7 years were over"


def test_the_list_counts_what_is_kept_and_the_first_entry_kept_shows_the_kept_hash(app: App) -> None:
    old = old_company(app)
    last_old = write(old, OLD + timedelta(days=20))
    with old.acting("owner"):
        before = db.session.scalar(select(AuditEntry.hash).where(AuditEntry.seq == last_old))
        assert before is not None
    kept = write(old, NOW - timedelta(days=30))
    with clock.at(NOW):
        upkeep.run(app)
    browser = old.sign_in("manager")
    page = browser.get("/settings/audit-log").get_data(as_text=True)
    assert "let go of the entries older than seven years" in page
    with old.acting("manager"):
        assert f"of {queries.kept(queries.head())}" in " ".join(page.split())
    entry = browser.get(f"/settings/audit-log/{kept}").get_data(as_text=True)
    assert before.hex() in entry
    assert f"/settings/audit-log/{kept - 1}" not in entry
    assert browser.get(f"/settings/audit-log/{kept - 1}").status_code == 404


def test_fifty_people_read_a_log_of_seven_years_at_once(settings: Settings, worker_id: str) -> None:
    base = os.environ["TRUCKROLL_TEST_SERVERS"].split("\n")[0]
    name = f"seven_years_{worker_id}"
    there = settings.with_(database_url=urlunsplit(urlsplit(settings.database_url)._replace(path=f"/{name}")))
    with psycopg.connect(base, autocommit=True) as superuser, ExitStack() as stack:
        superuser.execute(f"create database {name} template truckroll_template owner truckroll".encode())
        stack.callback(superuser.execute, f"drop database {name} with (force)".encode())
        with psycopg.connect(there.database_url, autocommit=True) as owner:
            for year in range(8):
                partitions.make_ahead(owner, start_of(month_of(NOW) - 12 * (7 - year)))
            assert len(partitions.of(owner, "audit_entries")) == 97
        for _ in range(50):
            reader = stack.enter_context(psycopg.connect(there.app_database_url))
            reader.execute(
                "select * from audit_entries where record_type = 'sale' and record_id = 1 order by seq"
            )


def test_a_leap_days_seven_years_end_on_the_28th() -> None:
    assert rules.kept_since(datetime(2028, 2, 29, 12, tzinfo=UTC)) == datetime(2021, 2, 28, 12, tzinfo=UTC)


def test_upkeep_that_fails_is_said_and_tried_again_while_the_clock_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def work() -> list[str]:
        tries.append(1)
        raise psycopg.OperationalError("password authentication failed for user “truckroll”")

    care = upkeep.Upkeep(work)
    for moment in (0.0, upkeep.AGAIN_SECONDS - 1, upkeep.AGAIN_SECONDS + 1):
        monkeypatch.setattr(clock, "monotonic", lambda moment=moment: moment)
        care.due()
        assert care._thread is not None
        care._thread.join(5)
    assert len(tries) == 2
    assert "run `truckroll init`): password authentication failed" in caplog.text

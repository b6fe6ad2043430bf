"""The audit log cannot be changed unnoticed."""

from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.factories.world import Company
from webapp.audit import chain, cli
from webapp.kit import jobs, journal
from webapp.kit.db import db


def write(company: Company, amount: int = 5) -> None:
    for number in range(amount):
        with company.acting("manager"):
            journal.audit("sale.approved", record_type="sale", record_id=number + 1,
                          diff={"status": {"from": "pending", "to": "approved"}}, reason=f"reason {number}")  # fmt: skip


def verify(company: Company) -> chain.Report:
    with company.acting("owner"):
        return chain.verify()


def test_an_untouched_log_is_intact_over_several_batches(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "BATCH", 2)
    write(company)
    report = verify(company)
    assert (report.broken, report.entries) == ("", 7)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("update audit_entries set actor_name = 'Nobody' where seq = 4 and tenant_id = %s", "entry 4 (sale.approved"),
        ("update audit_entries set payload = payload || '{\"reason\": \"x\"}' where seq = 4 and tenant_id = %s", "entry 4 "),
        ("update audit_entries set created_at = created_at + interval '1 microsecond' where seq = 4 and tenant_id = %s",
         "entry 4 "),
        ("delete from audit_entries where seq = 4 and tenant_id = %s", "entry 4 is missing"),
        ("delete from audit_entries where seq = 1 and tenant_id = %s", "entry 1 is missing"),
        ("delete from audit_entries where seq >= 6 and tenant_id = %s", "the last 2 entries, from 6 on, are missing"),
        ("update audit_entries set hash = '\\x00' where seq = 7 and tenant_id = %s", "entry 7 "),
        ("update journal_heads set audit_hash = '\\x00' where tenant_id = %s", "the journal's head does not fit entry 7"),
        (("insert into audit_entries select tenant_id, created_at + interval '1 second', seq, id, action, source, actor, "
         "actor_name, address, correlation_id, record_type, record_id, payload, hash from audit_entries where seq = 3 "
         "and tenant_id = %s"), "entry 3 is there twice"),
    ],
)  # fmt: skip
def test_tampering_by_a_superuser_is_found_and_placed(
    company: Company, superuser: "psycopg.Connection[Any]", change: str, broken: str
) -> None:
    write(company)
    superuser.execute(change, (company.tenant_id,))
    report = verify(company)
    assert report.broken.startswith(broken), report.broken


def test_a_chain_written_anew_is_found_by_the_exported_head(
    company: Company, superuser: "psycopg.Connection[Any]"
) -> None:
    write(company)
    with company.acting("owner"):
        chain.export_head()
    rows = superuser.execute(
        "select * from audit_entries where tenant_id = %s order by seq", (company.tenant_id,)
    ).fetchall()
    names = [c.name for c in superuser.execute("select * from audit_entries limit 0").description or ()]
    last = b""
    for values in rows:
        row = dict(zip(names, values, strict=True))
        row["actor_name"] = "Nobody" if row["seq"] == 4 else row["actor_name"]
        last = journal.chained(last, company.tenant_id, row["seq"], row)
        superuser.execute("update audit_entries set actor_name = %s, hash = %s where tenant_id = %s and seq = %s",
                          (row["actor_name"], last, company.tenant_id, row["seq"]))  # fmt: skip
    superuser.execute(
        "update journal_heads set audit_hash = %s where tenant_id = %s", (last, company.tenant_id)
    )
    report = verify(company)
    assert report.broken == "entry 7 differs from the head exported then: the chain was written anew"


def test_a_log_cut_short_with_its_head_is_found_by_the_exported_head(
    company: Company, superuser: "psycopg.Connection[Any]"
) -> None:
    write(company)
    with company.acting("owner"):
        chain.export_head()
    superuser.execute("delete from audit_entries where tenant_id = %s and seq > 5", (company.tenant_id,))
    superuser.execute("update journal_heads set audit_seq = 5, audit_hash = (select hash from audit_entries where seq = 5 "
                      "and tenant_id = %s) where tenant_id = %s", (company.tenant_id, company.tenant_id))  # fmt: skip
    assert verify(company).broken == "entries 6 to 7 were exported once and are gone"


def test_the_application_can_neither_change_nor_delete_an_entry(company: Company) -> None:
    for statement in ("update audit_entries set action = 'x'", "delete from audit_entries", "truncate audit_entries",
                      "update audit_entries_rest set action = 'x'"):  # fmt: skip
        with pytest.raises(ProgrammingError, match="permission denied"), company.acting("owner"):
            db.session.execute(text(statement))


def test_the_head_is_exported_every_hour_and_once_for_each_position(company: Company) -> None:
    assert jobs.KINDS["audit.export_head"].every is not None
    with company.acting("owner"):
        first = chain.export_head()
        again = chain.export_head()
        path = chain.heads_file(company.tenant_id)
    assert first is not None
    assert again is None
    assert first["seq"] == 2
    assert len(path.read_bytes().splitlines()) == 1


def test_a_torn_line_in_the_exported_heads_does_not_matter(company: Company) -> None:
    with company.acting("owner"):
        chain.export_head()
        with chain.heads_file(company.tenant_id).open("ab") as file:
            file.write(b'{"tenant_id": "8c')
        report = chain.verify()
    assert (report.broken, report.heads_compared) == ("", 1)


def test_the_command_says_intact_or_where_it_breaks(
    company: Company,
    other_company: Company,
    superuser: "psycopg.Connection[Any]",
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(company)
    superuser.execute(
        "update audit_entries set source = 'api' where seq = 3 and tenant_id = %s", (company.tenant_id,)
    )
    with company.app.app_context():
        assert cli.run(company.code.lower()) == 1
        assert cli.run(other_company.code) == 0
        assert cli.run(None) >= 1
    told = capsys.readouterr().out
    assert f"{company.code}: BROKEN, entry 3 (sale.approved" in told
    assert "2 entries before it are intact" in told
    assert f"{other_company.code}: 2 entries intact" in told


def test_the_command_explains_itself() -> None:
    told = CliRunner().invoke(cli.audit, ["verify", "--help"]).output
    assert "--business" in told
    assert "truckroll audit verify" in told

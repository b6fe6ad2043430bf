"""The audit log cannot be changed unnoticed."""

from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.factories.world import Company
from webapp.audit import chain, cli, queries
from webapp.kit import jobs, journal
from webapp.kit.db import db


def write(company: Company, amount: int = 5) -> int:
    """Five entries; the position of the first of them (a new company has some of its own)."""
    with company.acting("owner"):
        first = queries.head().audit_seq + 1
    for number in range(amount):
        with company.acting("manager"):
            journal.audit("sale.approved", record_type="sale", record_id=number + 1,
                          diff={"status": {"from": "pending", "to": "approved"}}, reason=f"reason {number}")  # fmt: skip
    return first


def verify(company: Company) -> chain.Report:
    with company.acting("owner"):
        return chain.verify()


def test_an_untouched_log_is_intact_over_several_batches(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "BATCH", 2)
    last = write(company) + 4
    report = verify(company)
    assert (report.broken, report.entries) == ("", last)


AT = "where tenant_id = '{tenant}' and seq"


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (f"update audit_entries set actor_name = 'Nobody' {AT} = {{second}}", "entry {second} (sale.approved"),
        (f"update audit_entries set payload = payload - 'reason' {AT} = {{second}}", "entry {second} "),
        (f"update audit_entries set created_at = created_at + interval '1 microsecond' {AT} = {{second}}", "entry {second} "),
        (f"delete from audit_entries {AT} = {{second}}", "entry {second} is missing"),
        (f"delete from audit_entries {AT} = 1", "entry 1 is missing"),
        (f"delete from audit_entries {AT} > {{second}}", "the last 3 entries, from {third} on, are missing"),
        (f"update audit_entries set hash = '\\x00' {AT} = {{last}}", "entry {last} "),
        ("update journal_heads set audit_hash = '\\x00' where tenant_id = '{tenant}'",
         "the journal's head does not fit entry {last}"),
        (("insert into audit_entries select tenant_id, created_at + interval '1 second', seq, id, action, source, actor, "
         f"actor_name, address, correlation_id, record_type, record_id, payload, hash from audit_entries {AT} = {{second}}"),
         "entry {second} is there twice"),
    ],
)  # fmt: skip
def test_tampering_by_a_superuser_is_found_and_placed(
    company: Company, superuser: "psycopg.Connection[Any]", change: str, broken: str
) -> None:
    first = write(company)
    names = {"tenant": company.tenant_id, "second": first + 1, "third": first + 2, "last": first + 4}
    superuser.execute(change.format(**names).encode())
    report = verify(company)
    assert report.broken.startswith(broken.format(**names)), report.broken


def test_a_chain_written_anew_is_found_by_the_exported_head(
    company: Company, superuser: "psycopg.Connection[Any]"
) -> None:
    first = write(company)
    with company.acting("owner"):
        chain.export_head()
    rows = superuser.execute(
        "select * from audit_entries where tenant_id = %s order by seq", (company.tenant_id,)
    ).fetchall()
    names = [c.name for c in superuser.execute("select * from audit_entries limit 0").description or ()]
    last = b""
    for values in rows:
        row = dict(zip(names, values, strict=True))
        row["actor_name"] = "Nobody" if row["seq"] == first else row["actor_name"]
        last = journal.chained(last, company.tenant_id, row["seq"], row)
        superuser.execute("update audit_entries set actor_name = %s, hash = %s where tenant_id = %s and seq = %s",
                          (row["actor_name"], last, company.tenant_id, row["seq"]))  # fmt: skip
    superuser.execute(
        "update journal_heads set audit_hash = %s where tenant_id = %s", (last, company.tenant_id)
    )
    report = verify(company)
    assert (
        report.broken == f"entry {first + 4} differs from the head exported then: the chain was written anew"
    )


def test_a_log_cut_short_with_its_head_is_found_by_the_exported_head(
    company: Company, superuser: "psycopg.Connection[Any]"
) -> None:
    first = write(company)
    with company.acting("owner"):
        chain.export_head()
    superuser.execute(
        "delete from audit_entries where tenant_id = %s and seq > %s", (company.tenant_id, first)
    )
    superuser.execute("update journal_heads set audit_seq = %s, audit_hash = (select hash from audit_entries where seq = %s "
                      "and tenant_id = %s) where tenant_id = %s",
                      (first, first, company.tenant_id, company.tenant_id))  # fmt: skip
    assert verify(company).broken == f"entries {first + 1} to {first + 4} were exported once and are gone"


def test_the_application_can_neither_change_nor_delete_an_entry(company: Company) -> None:
    for statement in ("update audit_entries set action = 'x'", "delete from audit_entries", "truncate audit_entries",
                      "update audit_entries_rest set action = 'x'"):  # fmt: skip
        with pytest.raises(ProgrammingError, match="permission denied"), company.acting("owner"):
            db.session.execute(text(statement))


def test_the_head_is_exported_every_hour_and_once_for_each_position(company: Company) -> None:
    assert jobs.KINDS["audit.export_head"].every is not None
    with company.acting("owner"):
        stand = queries.head().audit_seq
        first = chain.export_head()
        again = chain.export_head()
        path = chain.heads_file(company.tenant_id)
    assert first is not None
    assert again is None
    assert first["seq"] == stand
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
    first = write(company)
    superuser.execute(
        "update audit_entries set source = 'api' where seq = %s and tenant_id = %s",
        (first, company.tenant_id),
    )
    with company.app.app_context():
        assert cli.run(company.code.lower()) == 1
        assert cli.run(other_company.code) == 0
        assert cli.run(None) >= 1
    told = capsys.readouterr().out
    assert f"{company.code}: BROKEN, entry {first} (sale.approved" in told
    assert f" {first - 1} entries before it are intact" in told
    assert f"{other_company.code}: {first - 1} entries intact" in told


def test_the_command_explains_itself() -> None:
    told = CliRunner().invoke(cli.audit, ["verify", "--help"]).output
    assert "--business" in told
    assert "truckroll audit verify" in told

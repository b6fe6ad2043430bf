"""What a spreadsheet would run is text in our files."""

import pytest
from sqlalchemy import func, literal, select

from tests.factories.world import Company
from webapp.kit import csv
from webapp.kit.db import db

RUN = ("=1+1", "+1", "-1", "@SUM(A1)", "|x", "%x", "\t=1", "\rx", "\nx", " =1", "\x01=1", "\u00a0=1", "\u200b=1",
       "\ufeff=1", "\u3000=1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff201")  # fmt: skip
TEXT = ("", "'=1", "1+1", "a=1", "Smith & Sons", "(512) 555-0123", "\u00c9tienne", "\u2013 none", "3% off")


@pytest.mark.parametrize("text", RUN)
def test_a_formula_gets_an_apostrophe_in_python_and_in_postgresql(company: Company, text: str) -> None:
    assert csv.guard(text) == f"'{text}"
    with company.acting():
        assert db.session.scalar(select(csv.safe(literal(text)))) == f"'{text}"


@pytest.mark.parametrize("text", TEXT)
def test_other_text_stays_as_it_is(company: Company, text: str) -> None:
    assert csv.guard(text) == text
    with company.acting():
        assert db.session.scalar(select(csv.safe(literal(text)))) == text


def test_who_reads_a_large_file_slowly_holds_no_connection(company: Company) -> None:
    with company.acting():
        db.session.commit()
        held = db.engine.pool.checkedout()
        rows = select(func.repeat("x", 100).label("x")).select_from(func.generate_series(1, 20_000).alias())
        pieces = csv.copy(rows, company.tenant_id)
        first = next(pieces)
        assert db.engine.pool.checkedout() == held
        whole = first + b"".join(pieces)
    assert len(first) < len(whole)
    assert whole.count(b"\n") == 20_001

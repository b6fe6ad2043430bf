"""Search by the beginnings of words, with an index that works under the policies."""

from importlib import import_module
from typing import Any

import pytest
import sqlalchemy as sa

from tests.factories.world import Company
from webapp.kit import search
from webapp.kit.db import db
from webapp.kit.tables import SearchWord


def found(query: str) -> set[int]:
    statement = search.matching("customer", query)
    assert statement is not None
    return set(db.session.scalars(statement))


def test_words_are_found_by_their_beginnings_in_any_order(company: Company) -> None:
    with company.acting():
        search.index("customer", 1, "John Smith", "+1 (416) 555-1234", "José's Café")
        search.index("customer", 2, "Johanna Smythe", "+14165559876")
        search.index("item", 3, "Smithy tools")
        assert found("smi") == {1}
        assert found("joh sm") == {1, 2}
        assert found("SMITH john") == {1}
        assert found("4165551") == {1}
        assert found("555-9876") == {2}
        assert found("1234") == {1}
        assert found("jose cafe") == {1}
        assert found("nobody") == set()
        assert search.matching("customer", " %_' ") is None


@pytest.mark.parametrize(
    "typed",
    ["+1 (813) 555-0142", "18135550142", "8135550142", "813-555-0142", "813.555.0142",
     "35550142", "135550142", "555 0142", "5550142", "550142", "50142", "0142",  # its end
     "813555014", "81355501", "8135550", "813555", "81355", "8135", "+1 813", "+1 813 555", "(813) 555",  # its beginning
     "355501", "13555", "5501"],  # and from the middle
)  # fmt: skip
def test_a_number_is_found_by_any_part_of_it_with_four_digits(company: Company, typed: str) -> None:
    with company.acting():
        search.index("customer", 1, "John Smith", "+18135550142")
        search.index("customer", 2, "Ann Lee", "+19417770963")
        assert found(typed) == {1}


def test_a_few_digits_are_a_house_number_or_how_a_number_begins(company: Company) -> None:
    with company.acting():
        search.index("customer", 1, "John Smith", "+18135550142", "27 Oak Street 33602")
        assert found("81") == found("27") == found("336") == {1}
        assert found("355") == found("55") == set()


@pytest.mark.parametrize(
    "typed", ["5550143", "35550143", "81355502", "91355501", "0014", "- - - -", "+++++++"]
)
def test_another_number_finds_nobody(company: Company, typed: str) -> None:
    with company.acting():
        search.index("customer", 1, "John Smith", "+18135550142")
        statement = search.matching("customer", typed)
        assert statement is None or not set(db.session.scalars(statement))


def test_a_name_and_the_end_of_a_number_go_together(company: Company) -> None:
    with company.acting():
        search.index("customer", 1, "John Smith", "+18135550142")
        search.index("customer", 2, "John Carver", "+19417770963")
        assert found("john 0142") == {1}
        assert found("john 70963") == {2}
        assert found("john 0143") == set()


def test_records_with_many_numbers_keep_their_names(company: Company) -> None:
    numbers = [f"+1813555{n:04d}" for n in range(40)]
    with company.acting():
        search.index("customer", 1, "John Smith", *numbers, "Last Words")
        assert found("last") == {1}
        assert found("5550039") == {1}


def test_the_end_of_a_number_is_found_by_the_index_among_many(company: Company, superuser: Any) -> None:
    with company.acting():
        for number in range(2000):
            search.index(
                "customer", number, f"person{number}", f"+1813{number:04d}{(number * 7919) % 1000:03d}"
            )
    superuser.execute("analyze search_words")
    with company.acting():
        for typed in ("0042", "420042", "13004", "81300"):
            statement = search.matching("customer", typed)
            assert statement is not None
            sql = str(statement.compile(dialect=db.engine.dialect, compile_kwargs={"literal_binds": True}))
            plan = "\n".join(db.session.scalars(sa.text(f"explain {sql}".replace(":", "\\:"))))
            condition = next(line for line in plan.splitlines() if "Index Cond" in line)
            assert "word >=" in condition and "word <" in condition, plan


def test_a_changed_record_is_found_by_its_new_words_only(company: Company) -> None:
    with company.acting():
        search.index("customer", 1, "Old Name")
        search.index("customer", 1, "New Name")
        assert found("new") == {1}
        assert found("old") == set()


def test_another_organization_finds_nothing(company: Company, other_company: Company) -> None:
    with company.acting():
        search.index("customer", 1, "Secret Person")
    with other_company.acting():
        assert found("secret") == set()


def test_the_search_reads_an_index(company: Company, superuser: Any) -> None:
    with company.acting():
        for number in range(500):
            search.index("customer", number, f"person{number} filler{number % 7}")
    superuser.execute("analyze search_words")
    with company.acting():
        statement = search.matching("customer", "person12")
        assert statement is not None
        sql = str(statement.compile(dialect=db.engine.dialect, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(db.session.scalars(sa.text(f"explain {sql}".replace(":", "\\:"))))
    assert "pk_search_words" in plan, plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert "word" in condition, plan


def test_numbers_from_before_are_found_by_their_ends_too(company: Company) -> None:
    moved = import_module("migrations.versions.0013_ends_of_numbers")
    with company.acting():
        for word in ("8135550142", "5550142", "0142", "smith", "2026"):
            db.session.add(SearchWord(tenant_id=company.tenant_id, word=word, kind="customer", record_id=1))
        db.session.flush()
        assert found("50142") == set()
        for _ in range(2):
            db.session.execute(sa.text(moved.ENDS), {"t": company.tenant_id})
        for typed in ("50142", "550142", "35550142", "135550142", "smith"):
            assert found(typed) == {1}
        assert len(list(db.session.scalars(sa.select(SearchWord.word)))) == 9

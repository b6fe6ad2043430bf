"""Search by the beginnings of words, with an index that works under the policies."""

from typing import Any

import sqlalchemy as sa

from tests.factories.world import Company
from webapp.kit import search
from webapp.kit.db import db


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

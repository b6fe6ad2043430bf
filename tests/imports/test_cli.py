"""`truckroll import`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from tests.factories.world import Company
from tests.imports import things
from webapp.imports import cli
from webapp.kit.db import add, db
from webapp.models import Import, Item, ItemCategory


@pytest.fixture
def run(company: Company, monkeypatch: Any) -> Iterator[Any]:
    import webapp

    monkeypatch.setattr(webapp, "create_app", lambda: company.app)

    def call(file: Path, *words: str) -> Result:
        return CliRunner().invoke(
            cli.import_, ["--business", company.code, "--kind", "tools", *words, str(file)]
        )

    with things.registered():
        yield call


def names(company: Company) -> list[str]:
    with company.acting():
        return sorted(db.session.scalars(select(Item.name)))


def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    company: Company, run: Any, tmp_path: Path
) -> None:
    file = tmp_path / "tools.csv"
    file.write_text("Tool,Cost\nSaw,1\n,2\n")
    answer = run(file, "--dry-run")
    assert answer.exit_code == 0, answer.output
    assert "1 new, 0 changed, 0 same, 1 wrong, 0 unsure" in answer.output
    assert "row 3: Name is missing." in answer.output
    assert names(company) == []


def test_a_file_is_written_once_however_often_it_is_imported(
    company: Company, run: Any, tmp_path: Path
) -> None:
    file = tmp_path / "tools.csv"
    file.write_text("Instrument,Cost\nSaw,1\nPump,2\n")
    missing = run(file)
    assert (missing.exit_code, "Choose the column that holds the name." in missing.output) == (1, True)
    assert "2 new, 0 changed" in run(file, "--column", "name=Instrument").output
    assert "Nothing to write." in run(file, "--column", "name=Instrument").output
    assert names(company) == ["Pump", "Saw"]
    with company.acting():
        assert "done" in set(db.session.scalars(select(Import.status)))


def test_unsure_rows_are_left_out_unless_asked_to_make_new_ones(
    company: Company, run: Any, tmp_path: Path
) -> None:
    with company.acting():
        add(ItemCategory(name="Acme"))
        add(ItemCategory(name="Action"))
    file = tmp_path / "tools.csv"
    file.write_text("Tool,Brand\nSaw,Ac\n")
    assert "Nothing to write." in run(file).output
    assert "1 new, 0 changed" in run(file, "--new").output


def test_mistakes_are_said_in_words(company: Company, run: Any, tmp_path: Path) -> None:
    file = tmp_path / "tools.csv"
    file.write_bytes(b"Tool\nA\x00\n")
    assert "Error: file: Line 2 holds a NUL character" in run(file).output
    assert "There is no kind “sails”" in run(file, "--kind", "sails").output
    assert "No organization has the business code NOBODY" in run(file, "--business", "NOBODY").output

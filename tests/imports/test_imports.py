"""Imports on the page and behind it: nothing is written before it was confirmed, and the same file changes nothing."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories.world import Company, csrf_of
from tests.imports import things
from webapp.imports import service
from webapp.kit import clock, errors, jobs
from webapp.kit.db import add, db, get
from webapp.kit.tables import AuditEntry, StoredFile
from webapp.models import Import, ImportRow, Item, ItemCategory, Notice, User

TABLE = b"SKU,Tool,Cost,Brand\nG-1,Gauge,129.00,Fieldpiece\nG-2,Vacuum pump,$1,Fieldpiece\n,Drill,,\n"


@pytest.fixture(autouse=True)
def _tools() -> Iterator[None]:
    with things.registered():
        yield


def post(client: FlaskClient, url: str, hx: bool = False, **data: Any) -> Any:
    token = csrf_of(client.get("/imports/new").get_data(as_text=True))
    return client.post(url, data={"csrf_token": token, **data}, hx=hx)  # type: ignore[call-arg]


def upload(client: FlaskClient, data: bytes = TABLE, name: str = "tools.csv", **more: Any) -> Any:
    return post(client, "/imports", kind="tools", file=(io.BytesIO(data), name), **more)


def work(company: Company) -> int:
    with company.app.app_context():
        return jobs.drain(jobs.LONG, company.tenant_id)


def checked(company: Company, data: bytes = TABLE, role: str = "manager") -> Import:
    """An import of a file with recognisable headings, checked."""
    with company.acting(role):
        record = service.upload("tools", "tools.csv", data)
        service.map_columns(record.id, record.mapping)
    work(company)
    with company.acting(role):
        return get(Import, record.id)


def written(company: Company, data: bytes = TABLE) -> Import:
    record = checked(company, data)
    with company.acting("manager"):
        service.confirm(record.id)
    work(company)
    with company.acting("manager"):
        return get(Import, record.id)


def rows(company: Company, record: Import) -> list[ImportRow]:
    with company.acting():
        statement = select(ImportRow).where(ImportRow.import_id == record.id).order_by(ImportRow.row_number)
        return list(db.session.scalars(statement))


def states(company: Company, record: Import) -> list[str]:
    return [row.status for row in rows(company, record)]


def items(company: Company) -> dict[str, int | None]:
    with company.acting():
        return {i.name: i.list_price_cents for i in db.session.scalars(select(Item))}


def test_a_file_goes_from_upload_over_columns_and_check_to_the_result(company: Company) -> None:
    client = company.sign_in("manager")
    answer = upload(client)
    assert answer.status_code == 303
    url = answer.headers["Location"]
    page = client.get(url).get_data(as_text=True)
    assert "Which column is which?" in page
    assert "Vacuum pump" in page
    chosen = dict(re.findall(r'<select[^>]* name="(\w+)".*?<option selected>([^<]*)', page, re.DOTALL))
    assert (chosen["name"], chosen["code"], chosen["price"]) == ("Tool", "SKU", "Cost")
    assert (
        post(client, f"{url}/columns", name="Tool", code="SKU", price="Cost", maker="Brand").status_code
        == 303
    )
    assert "Waiting for a worker" in client.get(url).get_data(as_text=True)
    assert items(company) == {}
    work(company)
    page = client.get(url).get_data(as_text=True)
    assert "Import 3 rows" in page
    assert "Maker Fieldpiece" in page
    assert items(company) == {}, "something was written before it was confirmed"
    assert post(client, f"{url}/confirm").status_code == 303
    work(company)
    assert items(company) == {"Gauge": 12900, "Vacuum pump": 100, "Drill": None}
    page = client.get(url).get_data(as_text=True)
    assert "3 new, 0 changed." in page
    assert re.search(r'href="/tools/\d+"', page)
    assert "See tools" in page
    assert "Imported" in client.get("/imports").get_data(as_text=True)


def test_the_same_file_again_changes_nothing(company: Company) -> None:
    written(company)
    again = checked(company)
    assert states(company, again) == ["same", "same", "same"]
    with company.acting("manager"), pytest.raises(errors.Conflict, match="nothing to write"):
        service.confirm(again.id)
    page = company.sign_in("manager").get(f"/imports/{again.id}").get_data(as_text=True)
    assert "There is nothing to import" in page
    assert len(items(company)) == 3


def test_a_changed_row_changes_its_record_and_the_others_stay(company: Company) -> None:
    written(company)
    second = checked(company, TABLE.replace(b"129.00", b"139.00"))
    assert states(company, second) == ["changed", "same", "same"]
    with company.acting("manager"):
        service.confirm(second.id)
    work(company)
    assert items(company)["Gauge"] == 13900
    assert len(items(company)) == 3
    with company.acting():
        assert get(Import, second.id).options["written"] == {"changed": 1}


def test_equal_rows_without_a_key_are_as_many_records_and_stay_so(company: Company) -> None:
    data = b"Tool\nDrill\nDrill\nDrill\n"
    written(company, data)
    with company.acting():
        assert Counter(db.session.scalars(select(Item.name))) == {"Drill": 3}
    assert states(company, checked(company, data)) == ["same"] * 3
    assert states(company, checked(company, data + b"Drill\n")) == ["same", "same", "same", "new"]


def test_two_rows_about_the_same_record_are_not_both_written(company: Company) -> None:
    record = checked(company, b"SKU,Tool\nA,One\nA,Two\n")
    assert states(company, record) == ["new", "wrong"]
    assert rows(company, record)[1].problems[0]["message"] == "Row 2 is about the same tool."


def test_wrong_rows_are_shown_by_row_and_column_and_can_be_downloaded(company: Company) -> None:
    data = b"SKU,Tool,Cost\nA,,1\nB,Pump,many\nC,Saw,2\nD,Forbidden,3\nE,Ladder,4,5\n=F(),Cart,x\n"
    record = checked(company, data)
    assert states(company, record) == ["wrong", "wrong", "new", "wrong", "wrong", "wrong"]
    client = company.sign_in("manager")
    page = client.get(f"/imports/{record.id}?status=wrong").get_data(as_text=True)
    assert "Name is missing." in page
    assert "“many” is no amount in dollars" in page
    assert "Nobody may have this tool." in page
    assert "This row has 4 cells, but the header has 3." in page
    assert "Saw" not in page
    answer = client.get(f"/imports/{record.id}/wrong.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="tools-wrong-rows.csv"'
    lines = answer.get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert lines[0] == "Row,What is wrong,SKU,Tool,Cost"
    assert lines[1] == "2,Name is missing.,A,,1"
    assert lines[-1].startswith("7,") and ",'=F(),Cart,x" in lines[-1]
    with company.acting("manager"):
        service.confirm(record.id)
    work(company)
    assert items(company) == {"Saw": 200}


def test_a_downloaded_list_of_wrong_rows_can_be_mended_and_imported(company: Company) -> None:
    record = checked(company, b"SKU,Tool,Cost\nA,Saw,x\nB,Pump,2\n")
    lines = company.sign_in("manager").get(f"/imports/{record.id}/wrong.csv").data
    assert states(company, written(company, lines.replace(b",x", b",3"))) == ["new"]
    assert items(company) == {"Saw": 300}


def test_questions_are_answered_once_for_all_rows_that_ask_the_same(company: Company) -> None:
    with company.acting():
        acme, action = add(ItemCategory(name="Acme")).id, add(ItemCategory(name="Action")).id
    record = checked(company, b"SKU,Tool,Brand\nA,Saw,Ac\nB,Pump,Ac\nC,Cart,ac\nD,Drill,Acme\n")
    assert states(company, record) == ["unsure", "unsure", "unsure", "new"]
    client = company.sign_in("manager")
    page = client.get(f"/imports/{record.id}?status=unsure").get_data(as_text=True)
    assert "Several makers begin with “Ac”." in page
    assert "A new maker" in page
    first, _, third, _ = rows(company, record)
    assert post(client, f"/imports/{record.id}/rows/{first.id}/answer", answer=str(action)).status_code == 303
    assert [r.chosen for r in rows(company, record)] == [str(action), str(action), None, None]
    assert post(client, f"/imports/{record.id}/rows/{first.id}/answer", answer="999").status_code == 422
    page = client.get(f"/imports/{record.id}").get_data(as_text=True)
    assert "1 row without an answer will be left out" in page
    assert "Import 3 rows" in page
    assert post(client, f"/imports/{record.id}/answer-new").status_code == 303
    assert rows(company, record)[2].chosen == "new"
    post(client, f"/imports/{record.id}/confirm")
    work(company)
    with company.acting():
        made = {i.name: i.category_id for i in db.session.scalars(select(Item))}
        names = set(db.session.scalars(select(ItemCategory.name)))
    assert made["Saw"] == made["Pump"] == action
    assert made["Drill"] == acme
    assert "ac" in names and made["Cart"] not in (acme, action)
    assert third.row_number == 4


def test_questions_without_an_answer_are_left_out(company: Company) -> None:
    with company.acting():
        add(ItemCategory(name="Acme")), add(ItemCategory(name="Action"))
    written(company, b"SKU,Tool,Brand\nA,Saw,Ac\nB,Pump,\n")
    assert items(company) == {"Pump": None}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b"Tool,SKU\n", "The file has a header but no rows below it."),
        (b"PK\x03\x04" + b"x" * 100, "Excel workbook"),
        (b"Tool\nM\xfcller\n" + "Zoë\n".encode(), "Line 2 is written in another encoding"),
        (b"Tool\nA\x00B\n", "Line 2 holds a NUL character"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_at_once_and_leaves_nothing(
    company: Company, data: bytes, sentence: str
) -> None:
    client = company.sign_in("manager")
    answer = upload(client, data)
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)
    with company.acting():
        assert db.session.scalars(select(Import)).all() == []
        assert db.session.scalars(select(StoredFile)).all() == []


def test_no_file_is_asked_for_and_a_file_that_is_too_large_is_refused(company: Company) -> None:
    client = company.sign_in("manager")
    assert "Choose a file." in post(client, "/imports", kind="tools").get_data(as_text=True)
    token = csrf_of(client.get("/imports/new").get_data(as_text=True))
    answer = client.post("/imports", data={"kind": "tools", "file": (io.BytesIO(b"x" * (64 * 2**20 + 1)), "a.csv")},
                         headers={"X-CSRFToken": token})  # fmt: skip
    assert answer.status_code == 413


def test_a_file_that_breaks_off_in_the_middle_fails_its_check_with_the_line(company: Company) -> None:
    record = checked(company, TABLE + b"A,Saw,1,\n" * 200 + b'X,"never closed,1,\n')
    assert (record.status, record.error.startswith("A quotation mark that opens in line 205")) == (
        "failed",
        True,
    )
    client = company.sign_in("manager")
    assert "A quotation mark that opens in line 205" in client.get(f"/imports/{record.id}").get_data(
        as_text=True
    )
    with company.acting():
        notice = db.session.scalars(select(Notice)).one()
    assert (notice.title, notice.url) == ("tools.csv could not be imported", f"/imports/{record.id}")
    assert items(company) == {}


def test_a_missing_required_column_is_said_before_anything_is_checked(company: Company) -> None:
    client = company.sign_in("manager")
    url = upload(client, b"SKU,Colour\nA,red\n").headers["Location"]
    answer = post(client, f"{url}/columns", hx=True, code="SKU")
    assert answer.status_code == 422
    assert "Choose the column that holds the name." in answer.get_data(as_text=True)
    assert work(company) == 0
    assert post(client, f"{url}/columns", code="SKU", name="SKU").status_code == 422
    assert post(client, f"{url}/columns", name="Colour").status_code == 303
    work(company)
    assert states(company, only(company)) == ["new"]


def only(company: Company) -> Import:
    with company.acting():
        return db.session.scalars(select(Import)).one()


def test_changing_a_column_shows_its_first_values_before_it_is_kept(company: Company) -> None:
    client = company.sign_in("manager")
    url = upload(client).headers["Location"]
    page = client.get(f"{url}/columns?name=Brand&code=SKU", hx="columns").get_data(as_text=True)  # type: ignore[call-arg]
    assert "<html" not in page
    assert re.search(r'for="name">.*?Fieldpiece <span[^>]*>·</span> Fieldpiece', page, re.DOTALL)
    assert only(company).mapping["name"] == "Tool"


def test_headings_that_stand_twice_are_numbered_and_pointed_out(company: Company) -> None:
    client = company.sign_in("manager")
    url = upload(client, b"Tool,Phone,Phone\nSaw,1,2\n").headers["Location"]
    page = client.get(url).get_data(as_text=True)
    assert "Several columns are called “Phone”" in page
    assert "Phone (2)" in page


def test_columns_can_be_changed_after_the_check(company: Company) -> None:
    record = checked(company)
    client = company.sign_in("manager")
    assert client.get(f"/imports/{record.id}/columns").status_code == 200
    assert post(client, f"/imports/{record.id}/columns", name="SKU").status_code == 303
    work(company)
    assert states(company, record) == ["new", "new", "wrong"]


def test_an_import_can_be_cancelled_before_and_while_it_is_written(company: Company) -> None:
    client = company.sign_in("manager")
    record = checked(company)
    assert post(client, f"/imports/{record.id}/cancel").status_code == 303
    assert "Nothing was written." in client.get(f"/imports/{record.id}").get_data(as_text=True)
    assert post(client, f"/imports/{record.id}/confirm").status_code == 409
    record = checked(company)
    with company.acting("manager"):
        service.confirm(record.id)
        service.cancel(record.id)
    assert work(company) == 0
    assert items(company) == {}


def test_a_row_refused_while_writing_becomes_wrong_and_leaves_nothing_behind(company: Company) -> None:
    record = written(company, b"SKU,Tool\nA,Saw\nB,Refused\nC,Pump\n")
    assert record.status == "done"
    assert states(company, record) == ["new", "wrong", "new"]
    assert sorted(items(company)) == ["Pump", "Saw"]
    with company.acting():
        assert db.session.scalar(select(ItemCategory.id).where(ItemCategory.name == "half written")) is None
    page = company.sign_in("manager").get(f"/imports/{record.id}").get_data(as_text=True)
    assert "2 new, 0 changed." in page
    assert "1 left out because it was wrong" in page


def test_a_writing_that_was_interrupted_goes_on_and_writes_nothing_twice(
    company: Company, monkeypatch: Any
) -> None:
    from webapp.imports import engine

    monkeypatch.setattr(engine, "PIECE", 2)
    data = b"Tool\n" + b"".join(b"T%d\n" % n for n in range(7))
    record = checked(company, data)
    with company.acting("manager"):
        service.confirm(record.id)
    real, seen = things.TOOLS.write, []

    def breaks(values: Any, ctx: Any) -> int:
        seen.append(values["name"])
        if len(seen) == 4:
            raise RuntimeError("the power went")
        return real(values, ctx)

    with clock.at(clock.now()):
        object.__setattr__(things.TOOLS, "write", breaks)
        try:
            work(company)
            assert sorted(items(company)) == ["T0", "T1"]
            assert only(company).status == "importing"
            clock.advance(timedelta(minutes=1))
            work(company)
        finally:
            object.__setattr__(things.TOOLS, "write", real)
    assert only(company).status == "done"
    with company.acting():
        assert Counter(db.session.scalars(select(Item.name))) == Counter(f"T{n}" for n in range(7))


def test_two_uploads_of_one_file_confirmed_together_write_it_once(company: Company) -> None:
    data = b"Tool\nDrill\nSaw\n"
    first, second = checked(company, data), checked(company, data)
    assert states(company, second) == ["new", "new"]
    with company.acting("manager"):
        service.confirm(first.id)
        service.confirm(second.id)
    work(company)
    assert sorted(items(company)) == ["Drill", "Saw"]
    with company.acting():
        assert len(db.session.scalars(select(Item.id)).all()) == 2
    assert states(company, second) == ["same", "same"]


def test_the_audit_log_names_who_imported_and_holds_nothing_of_what_was_undone(company: Company) -> None:
    written(company)
    with company.acting():
        entries = db.session.execute(
            select(AuditEntry.action, AuditEntry.actor)
            .where(AuditEntry.record_type == "import")
            .order_by(AuditEntry.seq)
        ).all()
    assert [e.action for e in entries] == [
        "import.uploaded",
        "import.mapped",
        "import.confirmed",
        "import.done",
    ]
    assert {e.actor for e in entries} == {f"user:{company.users['manager']}"}


def test_who_may_not_import_sees_nothing_of_it(company: Company, other_company: Company) -> None:
    record = checked(company)
    for client, status in ((company.sign_in("dispatcher"), 403), (other_company.sign_in("manager"), 404)):
        assert client.get(f"/imports/{record.id}").status_code == status
        assert client.get(f"/imports/{record.id}/wrong.csv").status_code == status
    with company.acting("dispatcher"), pytest.raises(errors.Forbidden):
        service.upload("tools", "a.csv", TABLE)
    with company.acting("manager") as who:
        get(User, who.id or 0).narrowed = ["office.use"]
        service.confirm(record.id) if False else None
    client = company.sign_in("manager")
    assert client.get(f"/imports/{record.id}").status_code == 404
    assert "tools.csv" not in client.get("/imports").get_data(as_text=True)


def test_the_template_of_a_kind_can_be_imported_as_it_is(company: Company) -> None:
    answer = company.sign_in("manager").get("/imports/templates/tools.csv")
    assert answer.mimetype == "text/csv"
    lines = answer.get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert lines == ["Name,Code,Price,Maker,Bought on", "Manifold gauge,MG-4,129.00,Fieldpiece,2026-03-15"]
    assert states(company, checked(company, answer.data)) == ["new"]


def test_the_progress_bar_stops_and_reads_the_page_anew(company: Company) -> None:
    client = company.sign_in("manager")
    url = upload(client).headers["Location"]
    post(client, f"{url}/columns", name="Tool")
    waiting = client.get(f"{url}/progress", hx="x")  # type: ignore[call-arg]
    assert 'hx-trigger="every 1s"' in waiting.get_data(as_text=True)
    assert "HX-Refresh" not in waiting.headers
    work(company)
    done = client.get(f"{url}/progress", hx="x")  # type: ignore[call-arg]
    assert done.headers["HX-Refresh"] == "true"
    assert "hx-get" not in done.get_data(as_text=True)


def test_the_list_of_rows_is_paged_and_takes_no_more_queries_for_more_rows(company: Company) -> None:
    data = b"Tool\n" + b"".join(b"T%d\n" % n for n in range(120))
    record = checked(company, data)
    client = company.sign_in("manager")
    page = client.get(f"/imports/{record.id}").get_data(as_text=True)
    assert "1–50 of 120 rows" in page
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    second = client.get(following[1].replace("&amp;", "&")).get_data(as_text=True)
    assert "T50" in second and "T49<" not in second

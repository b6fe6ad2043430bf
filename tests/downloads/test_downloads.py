"""Downloads: asked for on a page, prepared by a worker as the person who asked, kept a week."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories.world import Company, csrf_of
from webapp.accounts.permissions import OFFICE_USE, USERS_MANAGE
from webapp.downloads import cli, registry, service
from webapp.downloads.registry import Made
from webapp.kit import clock, context, errors, files, jobs
from webapp.kit.db import db, get
from webapp.kit.tables import Job, StoredFile
from webapp.models import Download, Notice, User


@pytest.fixture(autouse=True)
def _exporters(tmp_path: Path) -> Iterator[None]:
    before = dict(registry.EXPORTERS)

    @registry.exporter(
        "test.csv", permission=OFFICE_USE, title="Test rows", words=lambda a: f"Only {a.get('only')}."
    )
    def rows(args: dict[str, Any], progress: registry.Progress) -> Made:
        def lines() -> Iterator[bytes]:
            yield b"who,only\n"
            progress(1, 2)
            yield f"{context.principal().label},{args.get('only', '')}\n".encode()

        return Made("test.csv", registry.CSV, lines())

    @registry.exporter("test.path", permission=USERS_MANAGE, title="From a file")
    def path(args: dict[str, Any], progress: registry.Progress) -> Made:
        (tmp_path / "made").write_bytes(b"%PDF")
        return Made("test.pdf", registry.PDF, tmp_path / "made")

    @registry.exporter("test.broken", permission=OFFICE_USE, title="Broken")
    def broken(args: dict[str, Any], progress: registry.Progress) -> Made:
        raise (
            jobs.GiveUp("There is nothing to export.") if args.get("how") == "words" else RuntimeError("boom")
        )

    yield
    registry.EXPORTERS.clear()
    registry.EXPORTERS.update(before)


def post(client: FlaskClient, url: str, page: str = "/downloads", hx: bool = False, **data: Any) -> Any:
    token = csrf_of(client.get(page).get_data(as_text=True))
    return client.post(url, data={"csrf_token": token, **data}, hx=hx)  # type: ignore[call-arg]


def work(company: Company) -> int:
    with company.app.app_context():
        return jobs.drain(jobs.LONG, company.tenant_id)


def only(company: Company) -> Download:
    with company.acting():
        return db.session.scalars(select(Download)).one()


def test_an_export_is_asked_for_in_a_dialog_prepared_and_downloaded(company: Company) -> None:
    client = company.sign_in("manager")
    dialog = client.get("/downloads/new?kind=test.csv&only=open", hx="dialog")  # type: ignore[call-arg]
    text = dialog.get_data(as_text=True)
    assert "Export Test rows" in text
    assert "Only open." in text
    assert 'name="only" value="open"' in text
    answer = post(client, "/downloads", hx=True, kind="test.csv", only="open")
    assert answer.status_code == 204
    assert "closeDialog" in answer.headers["HX-Trigger"]
    page = client.get("/downloads").get_data(as_text=True)
    assert "Test rows" in page
    assert re.search(r'hx-get="/downloads/\d+/progress"', page)
    assert work(company) == 1
    page = client.get("/downloads").get_data(as_text=True)
    assert "progress" not in page.split('id="results"')[1].split("</section>")[0]
    link = re.search(r'href="(/downloads/\d+/file)"', page)
    assert link
    to = client.get(link[1])
    assert to.status_code == 303
    content = company.app.test_client().get(to.headers["Location"]).get_data(as_text=True)
    assert content == f"who,only\nuser:{company.users['manager']},open\n"


def test_the_progress_bar_shows_how_far_it_is_and_stops_when_done(company: Company) -> None:
    client = company.sign_in("manager")
    post(client, "/downloads", kind="test.csv")
    download = only(company)
    with company.acting():
        job = get(Job, download.job_id or 0)
        job.progress, job.progress_total = 250, 1000
    bar = client.get(f"/downloads/{download.id}/progress", hx="x")  # type: ignore[call-arg]
    assert "250 of 1,000" in bar.get_data(as_text=True)
    assert "HX-Trigger" not in bar.headers
    work(company)
    done = client.get(f"/downloads/{download.id}/progress", hx="x")  # type: ignore[call-arg]
    assert "downloads-changed" in done.headers["HX-Trigger"]
    assert "hx-get" not in done.get_data(as_text=True)


def test_whoever_asked_is_told_when_it_is_ready(company: Company) -> None:
    post(company.sign_in("manager"), "/downloads", kind="test.csv")
    work(company)
    with company.acting():
        notice = db.session.scalars(select(Notice)).one()
    assert (notice.user_id, notice.title, notice.url) == (
        company.users["manager"],
        "Test rows is ready",
        "/downloads",
    )


def test_the_top_bar_counts_what_is_under_way(company: Company) -> None:
    client = company.sign_in("manager")
    assert "under way" not in client.get("/downloads").get_data(as_text=True)
    post(client, "/downloads", kind="test.csv")
    assert "under way" in client.get("/downloads").get_data(as_text=True)


def test_a_file_made_on_disk_is_kept_and_the_temporary_one_removed(company: Company, tmp_path: Path) -> None:
    post(company.sign_in("admin"), "/downloads", kind="test.path")
    work(company)
    download = only(company)
    with company.acting():
        assert get(StoredFile, download.file_id or 0).media_type == "application/pdf"
    assert not (tmp_path / "made").exists()


def test_the_same_export_twice_is_one_while_it_is_prepared(company: Company) -> None:
    with company.acting("manager"):
        first = service.request("test.csv", args={"only": "open"})
        assert service.request("test.csv", args={"only": "open"}).id == first.id
        assert service.request("test.csv", args={"only": "closed"}).id != first.id


def test_a_failed_export_says_why_and_can_be_tried_again(company: Company) -> None:
    client = company.sign_in("manager")
    post(client, "/downloads", kind="test.broken", how="words")
    work(company)
    page = client.get("/downloads").get_data(as_text=True)
    assert "There is nothing to export." in page
    assert "Try again" in page
    download = only(company)
    assert download.status == "failed"
    assert post(client, f"/downloads/{download.id}/retry", hx=True).status_code == 204
    assert only(company).status == "preparing"
    assert post(client, f"/downloads/{download.id}/retry", hx=True).status_code == 409


def test_a_fault_of_ours_is_tried_three_times_and_told_without_its_insides(company: Company) -> None:
    with clock.at(clock.now()):
        client = company.sign_in("manager")
        post(client, "/downloads", kind="test.broken")
        for _ in range(3):
            assert only(company).status == "preparing"
            work(company)
            clock.advance(timedelta(minutes=10))
        download = only(company)
        assert download.status == "failed"
        assert "boom" not in download.error
        assert f"job {download.job_id}" in download.error


def test_one_under_way_can_be_stopped_and_a_ready_one_removed_with_its_file(company: Company) -> None:
    client = company.sign_in("manager")
    post(client, "/downloads", kind="test.csv")
    assert post(client, f"/downloads/{only(company).id}/delete", hx=True).status_code == 204
    assert work(company) == 0
    post(client, "/downloads", kind="test.csv")
    work(company)
    assert post(client, f"/downloads/{only(company).id}/delete").status_code == 303
    with company.acting():
        assert db.session.scalars(select(Download)).all() == []
        assert db.session.scalars(select(StoredFile)).all() == []


def test_after_a_week_the_file_is_gone_and_can_be_made_again(company: Company) -> None:
    with company.acting("manager"):
        service.request("test.csv")
    work(company)
    with clock.at(clock.now() + timedelta(days=8)):
        with company.acting("manager"):
            assert service.expire() == 1
        client = company.sign_in("manager")
        page = client.get("/downloads").get_data(as_text=True)
        assert "Expired" in page
        assert "Make it again" in page
        assert client.get(f"/downloads/{only(company).id}/file").status_code == 404
    with clock.at(clock.now() + timedelta(days=100)), company.acting():
        service.expire()
        assert db.session.scalars(select(Download)).all() == []


def test_nobody_sees_another_s_downloads(company: Company, other_company: Company) -> None:
    with company.acting("manager"):
        download = service.request("test.csv")
    work(company)
    for stranger in (company.sign_in("admin"), other_company.sign_in("manager")):
        assert "Test rows" not in stranger.get("/downloads").get_data(as_text=True)
        assert stranger.get(f"/downloads/{download.id}/file").status_code == 404
        assert stranger.get(f"/downloads/{download.id}/progress", hx="x").status_code == 404  # type: ignore[call-arg]
        assert post(stranger, f"/downloads/{download.id}/delete").status_code == 404


def test_an_export_needs_its_permission_when_asked_when_made_and_when_opened(company: Company) -> None:
    client = company.sign_in("manager")
    assert client.get("/downloads/new?kind=test.path").status_code == 403
    assert post(client, "/downloads", kind="test.path").status_code == 403
    assert client.get("/downloads/new?kind=nothing").status_code == 404
    with company.acting("manager") as who:
        service.request("test.csv")
        get(User, who.id or 0).narrowed = [OFFICE_USE]
    with clock.at(clock.now()):
        for _ in range(3):
            work(company)
            clock.advance(timedelta(minutes=10))
    assert only(company).status == "failed"
    with company.acting("admin"):
        get(User, company.users["manager"]).narrowed = []
    with company.acting("manager"):
        service.retry(only(company).id)
    work(company)
    with company.acting("admin"):
        get(User, company.users["manager"]).narrowed = [OFFICE_USE]
    with company.acting("manager"), pytest.raises(errors.Forbidden):
        service.address(only(company).id)


def test_the_page_takes_no_more_queries_for_more_downloads(company: Company) -> None:
    from sqlalchemy import event

    def queries(client: FlaskClient) -> int:
        seen: list[str] = []

        def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
            seen.append(statement)

        with company.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        client.get("/downloads")
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    client = company.sign_in("manager")
    with company.acting("manager"):
        service.request("test.csv", args={"only": "0"})
    few = queries(client)
    with company.acting("manager"):
        for n in range(1, 30):
            service.request("test.csv", args={"only": str(n)})
    assert queries(client) == few


def test_the_command_line_writes_the_same_export(company: Company, tmp_path: Path, monkeypatch: Any) -> None:
    import webapp

    monkeypatch.setattr(webapp, "create_app", lambda: company.app)
    run = CliRunner()
    where = tmp_path / "out.csv"
    answer = run.invoke(
        cli.export, ["--business", company.code.lower(), "test.csv", "--arg", "only=open", "-o", str(where)]
    )
    assert answer.exit_code == 0, answer.output
    assert where.read_text() == "who,only\nsystem,open\n"
    assert "test.csv" in run.invoke(cli.export, ["--business", company.code]).output
    missing = run.invoke(cli.export, ["--business", "NOBODY", "test.csv"])
    assert (missing.exit_code, "No organization" in missing.output) == (1, True)


@pytest.mark.parametrize("kind", ["technicians.csv", "items.csv", "customers.csv", "sales.csv"])
def test_every_kind_of_record_leaves_as_a_file_that_comes_back_in(company: Company, kind: str) -> None:
    from tests.imports import test_domains as others
    from webapp.imports import service as imports

    others.everything(company)
    with company.acting("manager"):
        service.request(kind)
    work(company)
    with company.acting("manager"):
        download = db.session.scalars(select(Download)).one()
        assert download.status == "ready", download.error
        content = files.read(files.find(download.file_id or 0))
        assert len(content.splitlines()) >= 3
        if kind == "technicians.csv":
            return  # its words are meant for people: “Hourly” with the day of the list
        record = imports.upload(kind.removesuffix(".csv"), kind, content)
        assert {"name", "price", "date"} & set(record.mapping)

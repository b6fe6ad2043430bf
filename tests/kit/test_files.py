"""Files: bytes and rows kept together, in a folder and in an S3-compatible store, opened by signed addresses."""

import contextlib
import hashlib
import resource
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest
from sqlalchemy import select

from tests.factories.world import Company
from webapp.config import Settings, SettingsError
from webapp.kit import clock, errors, files
from webapp.kit.db import add, db
from webapp.kit.tables import StoredFile
from webapp.kit.web import App
from webapp.models import Download


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """A real S3 server on loopback with the bucket `truckroll`."""
    import boto3

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # a process of its own, because it keeps all it is given in memory
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    endpoint = f"http://127.0.0.1:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test",
                          aws_secret_access_key="test-secret")  # fmt: skip
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        time.sleep(0.1)
    client.create_bucket(Bucket="truckroll")
    yield endpoint
    server.terminate()
    server.wait(10)


@pytest.fixture(params=["folder", "s3"])
def place(
    request: pytest.FixtureRequest,
    app: App,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """The store of the application, each kind in turn."""
    if request.param == "s3":
        endpoint = request.getfixturevalue("s3_endpoint")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test-secret")
        given = settings.with_(
            files_url=f"s3://truckroll/{tmp_path.name}?endpoint={endpoint}&region=us-east-1"
        )
    else:
        given = settings.with_(data_dir=tmp_path)
    bucket = files.open_store(given)
    monkeypatch.setitem(app.extensions, "files", bucket)
    return bucket


def names(bucket: Any) -> list[str]:
    return sorted(o["path"] for batch in obstore.list(bucket) for o in batch)


def test_a_file_comes_back_as_it_was_stored(company: Company, place: Any) -> None:
    with company.acting() as who:
        file = files.store("report.csv", "text/csv", [b"a,b\n", b"1,2\n"], purpose="test")
        assert (file.size, bytes(file.sha256)) == (8, hashlib.sha256(b"a,b\n1,2\n").digest())
        assert file.created_by == who.id
    assert names(place) == [file.path]
    tenant, year, name = file.path.split("/")
    assert (tenant, year, len(name)) == (str(company.tenant_id), f"{clock.now():%Y}", 24)
    with company.acting():
        assert files.read(files.find(file.id)) == b"a,b\n1,2\n"


def resident() -> int:
    """Bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_a_large_file_is_written_and_read_in_constant_memory(company: Company, place: Any) -> None:
    piece = bytes(range(256)) * 256  # 64 KiB
    count = 960  # 60 MiB
    with company.acting():
        files.store("warm.bin", "application/octet-stream", piece, purpose="test")
        tracemalloc.start()
        before = resident()
        file = files.store(
            "big.bin", "application/octet-stream", (piece for _ in range(count)), purpose="test"
        )
        digest = hashlib.sha256()
        for part in files.chunks(file):
            digest.update(part)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert file.size == 60 * 2**20
        assert digest.digest() == bytes(file.sha256)
        assert peak < 8 * 2**20  # Python's share
        assert resident() - before < 30 * 2**20  # and the store's: parts of 8 MB under way


def test_a_file_of_an_undone_transaction_leaves_nothing(company: Company, place: Any) -> None:
    with pytest.raises(errors.Conflict), company.acting():
        files.store("a.txt", "text/plain", b"hello", purpose="test")
        assert len(names(place)) == 1
        raise errors.Conflict("no")
    assert names(place) == []


def test_a_source_that_breaks_leaves_nothing(company: Company, place: Any) -> None:
    def source() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise RuntimeError("the export failed")

    with pytest.raises(RuntimeError), company.acting():
        files.store("a.txt", "text/plain", source(), purpose="test")
    assert names(place) == []


def test_a_file_that_is_too_large_is_refused(company: Company, place: Any) -> None:
    with pytest.raises(errors.TooLarge), company.acting():
        files.store("a.txt", "text/plain", [b"x" * 2**20] * 3, purpose="test", most=2 * 2**20)
    assert names(place) == []


def test_a_deleted_file_is_gone_after_the_commit_and_its_download_shows_none(
    company: Company, place: Any
) -> None:
    with company.acting() as who:
        file = files.store("a.txt", "text/plain", b"hello", purpose="test")
        download = add(Download(user_id=who.id, kind="t", title="T", file_id=file.id))
    with company.acting():
        files.delete(files.find(file.id))
        assert len(names(place)) == 1
    assert names(place) == []
    with company.acting():
        assert db.session.scalar(select(Download.file_id).where(Download.id == download.id)) is None


def test_a_deletion_that_is_undone_keeps_the_file(company: Company, place: Any) -> None:
    with company.acting():
        file = files.store("a.txt", "text/plain", b"hello", purpose="test")
    with pytest.raises(errors.Conflict), company.acting():
        files.delete(files.find(file.id))
        raise errors.Conflict("no")
    with company.acting():
        assert files.read(files.find(file.id)) == b"hello"


def test_files_past_their_day_are_removed_and_others_kept(company: Company, place: Any) -> None:
    with company.acting():
        files.store(
            "old.txt", "text/plain", b"1", purpose="test", delete_after=clock.now() + timedelta(days=7)
        )
        kept = files.store("kept.txt", "text/plain", b"2", purpose="test")
    with clock.at(clock.now() + timedelta(days=8)), company.acting():
        assert files.remove_expired() == 1
    assert names(place) == [kept.path]


def test_bytes_without_a_row_are_swept_after_a_day(
    company: Company, other_company: Company, place: Any
) -> None:
    orphan, theirs = f"{company.tenant_id}/2026/orphan", f"{other_company.tenant_id}/2026/theirs"
    with company.acting():
        kept = files.store("kept.txt", "text/plain", b"2", purpose="test")
    obstore.put(place, orphan, b"left by a killed process")
    obstore.put(place, theirs, b"not ours to judge")
    with company.acting():
        assert files.sweep_orphans() == 0  # it may belong to a transaction that is still open
    with clock.at(clock.now() + timedelta(days=2)), company.acting():
        assert files.sweep_orphans() == 1
    assert names(place) == sorted([kept.path, theirs])


def test_lost_bytes_and_a_store_that_is_away_are_said_in_words(
    company: Company, place: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with company.acting():
        file = files.store("a.txt", "text/plain", b"hello", purpose="test")
    obstore.delete(place, file.path)
    with company.acting(), pytest.raises(errors.NotFound, match="not there any more"):
        files.read(files.find(file.id))
    if "s3" in repr(place).lower():
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        away = files.open_store(settings.with_(files_url="s3://truckroll/x?endpoint=http://127.0.0.1:1"))
        monkeypatch.setitem(company.app.extensions, "files", away)
        with pytest.raises(errors.Unavailable), company.acting():
            files.store("a.txt", "text/plain", b"hello", purpose="test")


def test_a_signed_address_opens_the_file_without_signing_in(company: Company, place: Any) -> None:
    with company.acting():
        file = files.store("Café “März”.csv", "text/csv", b"a;b\n", purpose="test")
        address = files.link(file)
    answer = company.app.test_client().get(address)
    assert (answer.status_code, answer.data) == (200, b"a;b\n")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename=")
    assert "filename*=UTF-8''Caf%C3%A9%20%E2%80%9CM%C3%A4rz%E2%80%9D.csv" in disposition
    assert answer.headers["Content-Length"] == "4"


def test_an_old_or_forged_address_opens_nothing(company: Company, other_company: Company, place: Any) -> None:
    with company.acting():
        file = files.store("a.csv", "text/csv", b"a;b\n", purpose="test")
        address = files.link(file, minutes=5)
    client = company.app.test_client()
    with clock.at(clock.now() + timedelta(minutes=6)):
        assert client.get(address).status_code == 404
    assert client.get(address[:-3] + "abc").status_code == 404
    with other_company.acting():
        from webapp.kit import crypto

        theirs = crypto.sign("file", [str(other_company.tenant_id), file.id, clock.unix() + 60, 0])
    assert client.get(f"/files/{theirs}").status_code == 404


def test_only_what_cannot_run_is_shown_in_the_browser(company: Company, place: Any) -> None:
    client = company.app.test_client()
    with company.acting():
        page = files.link(files.store("a.html", "text/html", b"<script>", purpose="test"), inline=True)
        image = files.link(files.store("a.png", "image/png", b"\x89PNG", purpose="test"), inline=True)
    assert client.get(page).headers["Content-Disposition"].startswith("attachment")
    assert client.get(image).headers["Content-Disposition"].startswith("inline")
    assert client.get(image).headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\tmp\\a.csv", "a.csv"), ("", "file"), ("a\r\nb.csv", "ab.csv"),
     ("x" * 300 + ".csv", "x" * 146 + ".csv"), ("…", "…"), ("..", "file"), ('a"b', "ab")],
)  # fmt: skip
def test_names_are_made_harmless(given: str, kept: str) -> None:
    assert files.clean_name(given) == kept


@pytest.mark.parametrize("url", ["http://bucket/x", "s3://", "s3://bucket?endpoint=http://x&colour=red"])
def test_a_wrong_setting_is_named(settings: Settings, url: str) -> None:
    with pytest.raises(SettingsError, match="TRUCKROLL_FILES_URL"):
        files.open_store(settings.with_(files_url=url))


def test_rows_are_the_company_s_own(company: Company, other_company: Company, place: Any) -> None:
    with company.acting():
        file = files.store("a.txt", "text/plain", b"hello", purpose="test")
    with other_company.acting():
        assert list(db.session.scalars(select(StoredFile.id))) == []
        with pytest.raises(errors.NotFound):
            files.find(file.id)


@pytest.mark.parametrize(
    "bad", ["", "image", "image/jpeg\r\nX-Other: 1", "text/html, image/png", "a/" + "b" * 200]
)
def test_what_is_no_media_type_is_refused_before_a_byte_is_kept(company: Company, bad: str) -> None:
    with company.acting(), pytest.raises(errors.Invalid):
        files.store("x.jpg", bad, b"x", purpose="test")

"""Server-sent events: nothing is missed, order is the journal's, a revoked listener is let go."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import dispatch as make
from tests.factories.world import ApiClient, Company
from webapp.dispatch import service
from webapp.kit import clock, streams
from webapp.kit.db import db
from webapp.kit.web import App


@pytest.fixture(autouse=True)
def _silence(app: App) -> Iterator[None]:
    """Every stream of a test ends with it: one that went on would read the journal during others."""
    yield
    hub: streams.Hub = app.extensions["streams"]
    for channel in list(hub.channels.values()):
        for listener in list(channel.listeners.values()):
            listener.ended = True
        channel.wake()
    until(lambda: not hub.channels)


class Ear:
    """A client that reads a stream in a thread, as a browser would."""

    def __init__(self, answer: Any) -> None:
        self.lines: list[str] = []
        self.over = threading.Event()
        self.pieces = answer.response
        self.answer = answer
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for piece in self.pieces:
            self.lines += (piece.decode() if isinstance(piece, bytes) else piece).splitlines()
        self.over.set()

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line[6:]) for line in list(self.lines) if line.startswith("data: {")]

    def names(self) -> list[str]:
        return [line[7:] for line in list(self.lines) if line.startswith("event: ")]


def until(true: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def listen(api: ApiClient, after: int | None = None) -> Ear:
    headers = {"Last-Event-ID": str(after)} if after is not None else {}
    answer = api.get("/admin/dispatch/stream", **headers)
    assert answer.status_code == 200
    assert answer.mimetype == "text/event-stream"
    return Ear(answer)


@contextmanager
def booked(company: Company, title: str) -> Iterator[None]:
    with company.acting("dispatcher"):
        make.job(title)
        yield


def test_a_client_hears_what_happens_and_a_page_only_that_something_did(company: Company) -> None:
    ear = listen(company.api("dispatcher"))
    page = Ear(company.sign_in("dispatcher").get("/stream"))
    with booked(company, "No heat"):
        pass
    until(lambda: ear.messages() and page.names())
    first = ear.messages()[0]
    assert (first["event"], first["data"]["title"]) == ("dispatch.created", "No heat")
    assert page.names() == ["dispatch-changed"]
    assert not any("No heat" in line for line in page.lines)


def test_who_comes_back_with_the_last_number_misses_nothing_and_hears_nothing_twice(company: Company) -> None:
    api = company.api("dispatcher")
    ear = listen(api)
    with booked(company, "One"):
        pass
    until(ear.messages)
    seen = ear.messages()[0]["id"]
    for title in ("Two", "Three"):
        with booked(company, title):
            pass
    again = listen(api, seen)
    until(lambda: len(again.messages()) >= 2)
    assert [m["data"]["title"] for m in again.messages()] == ["Two", "Three"]


def test_who_was_away_for_long_reads_the_journal(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PIECE", 3)
    for n in range(8):
        with booked(company, f"Job {n}"):
            pass
    ear = listen(company.api("dispatcher"), 0)
    until(lambda: len(ear.messages()) == 8)
    assert [m["data"]["title"] for m in ear.messages()] == [f"Job {n}" for n in range(8)]


def test_two_writers_that_commit_out_of_order_are_both_heard(company: Company) -> None:
    ear = listen(company.api("dispatcher"))
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with booked(company, "Began first"):
            begun.set()
            go_on.wait(10)

    thread = threading.Thread(target=slow)
    thread.start()
    begun.wait(10)
    with booked(company, "Committed first"):
        pass
    until(ear.messages)
    go_on.set()
    thread.join()
    until(lambda: len(ear.messages()) == 2)
    assert [m["data"]["title"] for m in ear.messages()] == ["Committed first", "Began first"]
    assert [m["id"] for m in ear.messages()] == sorted(m["id"] for m in ear.messages())


def test_without_a_ring_the_journal_is_looked_at(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "POLL_SECONDS", 0.2)
    ear = listen(company.api("dispatcher"))
    monkeypatch.setattr("webapp.kit.journal.listeners", lambda tenant: None)  # as if Redis lost it
    with booked(company, "Unheard"):
        pass
    until(ear.messages)


def test_a_signed_out_listener_is_let_go(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "POLL_SECONDS", 0.2)
    api = company.api("dispatcher")
    ear = listen(api)
    api.post("/auth/logout")
    assert ear.over.wait(10)


def test_another_companys_events_are_not_heard(company: Company, other_company: Company) -> None:
    ear = listen(company.api("dispatcher"))
    with booked(other_company, "Theirs"):
        pass
    with booked(company, "Ours"):
        pass
    until(ear.messages)
    assert [m["data"]["title"] for m in ear.messages()] == ["Ours"]


def test_a_ticket_opens_the_stream_once(company: Company) -> None:
    api = company.api("dispatcher")
    ticket = api.post("/admin/dispatch/stream-ticket").json["data"]["ticket"]
    plain = company.app.test_client()
    url = f"/api/v1/admin/dispatch/stream?ticket={ticket}"
    ear = Ear(plain.get(url))
    with booked(company, "By ticket"):
        pass
    until(ear.messages)
    assert plain.get(url).status_code == 401
    late = api.post("/admin/dispatch/stream-ticket").json["data"]["ticket"]
    with clock.at(clock.now() + timedelta(seconds=90)):
        assert plain.get(f"/api/v1/admin/dispatch/stream?ticket={late}").status_code == 401


def test_a_listener_holds_no_connection_of_the_database(company: Company) -> None:
    api = company.api("dispatcher")
    ears = [listen(api) for _ in range(20)]
    with company.app.app_context():
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a QueuePool counts
    assert all(not e.over.is_set() for e in ears)


def test_too_many_streams_of_one_sign_in_are_refused(company: Company) -> None:
    api = company.api("dispatcher")
    ears = [listen(api) for _ in range(streams.EACH)]
    assert api.get("/admin/dispatch/stream").status_code == 429
    assert ears


def test_who_only_knocks_or_hangs_up_at_once_takes_no_place(company: Company) -> None:
    client = company.sign_in("dispatcher")
    hub: streams.Hub = company.app.extensions["streams"]
    for _ in range(streams.EACH + 5):
        knocked = client.head("/stream")
        knocked.close()  # as a server does
        assert knocked.status_code == 200
    for _ in range(streams.EACH + 5):
        client.get("/stream", buffered=False).close()
    assert (hub.open, hub.channels) == (0, {})


def test_pages_hear_the_right_name() -> None:
    assert streams.topic("sale.approved") == "sales-changed"
    assert streams.topic("dispatch.assigned") == "dispatch-changed"
    assert service  # registers its topic

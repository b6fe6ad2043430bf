"""A request has its turn when its whole body is there."""

import io
import os
import threading
import time
from collections.abc import Iterable
from typing import Any

from webapp.kit.bodies import Bodies


class Caller:
    """Somebody at the other end of a line: what they send is read by `bodies` as from a server."""

    def __init__(self, bodies: Bodies, **environ: str) -> None:
        reading, self.line = os.pipe()
        self.environ = {"CONTENT_LENGTH": "6", **environ, "wsgi.input": os.fdopen(reading, "rb")}
        self.status, self.answer = "", b""
        self.thread = threading.Thread(target=self._ask, args=(bodies,), daemon=True)
        self.thread.start()

    def _ask(self, bodies: Bodies) -> None:
        self.answer = b"".join(bodies(self.environ, self._begin))

    def _begin(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status = status

    def send(self, data: bytes, *, end: bool = False) -> None:
        os.write(self.line, data)
        if end:
            os.close(self.line)

    def answered(self) -> str:
        self.thread.join(10)
        return self.status


def echo(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [environ["wsgi.input"].read(), b"|", environ["CONTENT_LENGTH"].encode()]


def test_the_application_is_asked_when_the_last_piece_has_come() -> None:
    caller = Caller(Bodies(echo, most=100))
    caller.send(b"abc")
    time.sleep(0.1)
    assert caller.status == ""
    caller.send(b"def", end=True)
    assert (caller.answered(), caller.answer) == ("200 OK", b"abcdef|6")


def test_a_body_that_stands_still_is_given_up() -> None:
    caller = Caller(Bodies(echo, most=100, stall=0.2))
    caller.send(b"abc")
    assert caller.answered() == "408 Request Timeout"
    caller.send(b"def", end=True)  # too late, and no harm


def test_a_slow_body_that_keeps_coming_is_waited_for() -> None:
    caller = Caller(Bodies(echo, most=10**6, stall=1.0), CONTENT_LENGTH=str(6 * 16 * 1024))
    for _ in range(6):
        time.sleep(0.3)
        caller.send(b"x" * 16 * 1024)
    caller.send(b"", end=True)
    assert caller.answered() == "200 OK"
    assert len(caller.answer) == 6 * 16 * 1024 + len(b"|98304")


def test_of_a_body_without_a_length_no_more_is_fetched_than_shows_that_it_is_too_large() -> None:
    caller = Caller(Bodies(echo, most=20_000), CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    caller.send(b"x" * 60_000, end=True)
    assert caller.answered() == "200 OK"
    assert 20_000 < int(caller.answer.partition(b"|")[2]) <= 20_000 + 16 * 1024


def test_all_bodies_together_have_their_limit_and_room_comes_back() -> None:
    piece = b"x" * 16 * 1024
    bodies, size = Bodies(echo, most=10**6, held=3 * len(piece)), str(2 * len(piece))
    first = Caller(bodies, CONTENT_LENGTH=size)
    first.send(piece)
    time.sleep(0.1)
    second = Caller(bodies, CONTENT_LENGTH=str(3 * len(piece)))
    second.send(piece * 3, end=True)
    assert second.answered() == "503 Service Unavailable"
    first.send(piece, end=True)
    assert first.answered() == "200 OK"
    third = Caller(bodies, CONTENT_LENGTH=str(3 * len(piece)))
    third.send(piece * 3, end=True)
    assert third.answered() == "200 OK"


def test_what_has_no_body_or_says_itself_that_it_is_too_large_goes_on_at_once() -> None:
    asked = []
    bodies = Bodies(lambda environ, start: asked.append(environ["wsgi.input"]) or [], most=100)
    untouched = io.BytesIO(b"x" * 101)
    for environ in ({}, {"CONTENT_LENGTH": "0"}, {"CONTENT_LENGTH": "101"}, {"CONTENT_LENGTH": "-1"}):
        assert list(bodies(environ | {"wsgi.input": untouched}, None)) == []
    assert asked == [untouched] * 4
    assert untouched.tell() == 0

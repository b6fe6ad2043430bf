"""Requests whose bodies come slowly, or never.

The server hands a request over once its headers are there; whoever reads the body then waits for it. A phone with a bad
signal, or somebody who means ill, would keep others waiting as long as they like. So the body is fetched before the
request has its turn, while its thread only sleeps, and one that stands still is given up.
"""

import tempfile
import threading
from collections.abc import Iterable
from typing import IO, Any

STALL = 15.0  # seconds for the next piece; slower than a kilobyte a second is given up
PIECE = 16 * 1024  # bytes read at once
IN_MEMORY = 256 * 1024  # a larger body goes to a temporary file
MOST_HELD = 512 * 1024 * 1024  # bytes of all bodies on their way, of one process

LATE = b"What you sent did not arrive in time. Try again, with a better connection."
FULL = b"Too much is being sent at the moment. Try again in a few seconds."


class Bodies:
    """WSGI middleware: the application gets a request when its whole body is there.

    `most` is the largest body in bytes; of a larger one no more is fetched than shows that it is too large, and the
    application refuses it.
    """

    def __init__(self, app: Any, most: int, *, stall: float = STALL, held: int = MOST_HELD) -> None:
        self.app, self.most, self.stall, self.room = app, most, stall, held
        self._changing = threading.Lock()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if not self._has_body(environ):
            return self._go_on(environ, start_response)
        arriving = _Arriving(environ["wsgi.input"], self)
        try:
            outcome = arriving.wait(self.stall)
            if outcome == "late":
                return _refuse(start_response, "408 Request Timeout", LATE)
            if outcome == "full":
                return _refuse(start_response, "503 Service Unavailable", FULL)
            if outcome == "here":
                arriving.kept.seek(0)
                environ["wsgi.input"], environ["wsgi.input_terminated"] = arriving.kept, True
                environ["CONTENT_LENGTH"] = str(arriving.size)
            # else the client is gone, and whoever reads is told so
            return self._go_on(environ, start_response)
        finally:
            arriving.leave()

    def _go_on(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = self.app(environ, start_response)
        return answer

    def _has_body(self, environ: Any) -> bool:
        length = environ.get("CONTENT_LENGTH")
        if length and length.isascii() and length.isdigit():
            return 0 < int(length) <= self.most
        return not length and bool(environ.get("HTTP_TRANSFER_ENCODING"))

    def take(self, amount: int) -> bool:
        """Room for so many bytes more of a body that is on its way; False when there is none left."""
        with self._changing:
            if amount > self.room:
                return False
            self.room -= amount
            return True

    def give_back(self, amount: int) -> None:
        with self._changing:
            self.room += amount


class _Arriving:
    """One body on its way, read by a thread that is left behind when nobody waits for it any more."""

    def __init__(self, source: Any, among: Bodies) -> None:
        self.source, self.among = source, among
        self.kept: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the request closes it
        self.size = self.held = 0
        self.outcome = ""
        self.left = False
        self.changed = threading.Condition()
        threading.Thread(target=self._read, name="body", daemon=True).start()

    def _read(self) -> None:
        outcome = "here"
        try:
            while self.size <= self.among.most and (piece := self.source.read(PIECE)):
                if not self._keep(piece):
                    outcome = "full"
                    break
        except Exception:  # noqa: BLE001  # whatever the server raises, nothing more comes
            outcome = "broken"
        with self.changed:
            self.outcome = outcome
            self.changed.notify()

    def _keep(self, piece: bytes) -> bool:
        with self.changed:
            if self.left or not self.among.take(len(piece)):
                return False
            self.held += len(piece)
            self.kept.write(piece)
            self.size += len(piece)
            self.changed.notify()
            return True

    def wait(self, stall: float) -> str:
        """`here`, `broken`, `full`, or `late` when no piece came for so many seconds."""
        with self.changed:
            seen = -1
            while not self.outcome and self.size > seen:
                seen = self.size
                self.changed.wait(stall)
            return self.outcome or "late"

    def leave(self) -> None:
        """Nobody waits any more: what still comes is thrown away."""
        with self.changed:
            self.left = True
            held, self.held = self.held, 0
        self.among.give_back(held)


def _refuse(start_response: Any, status: str, sentence: bytes) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(sentence))),
                            ("Cache-Control", "no-store"), ("Connection", "close"), ("Retry-After", "5")])  # fmt: skip
    return [sentence]

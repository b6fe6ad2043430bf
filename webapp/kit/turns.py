"""How many requests of a process work at once."""

import threading
from collections.abc import Iterable
from typing import Any


class Turns:
    """Lets so many requests work at once; the others wait in the order they came.

    The server has a thread for every open event stream, a thousand and more. Without turns a rush of requests would
    fill them all: each wants a connection of the database, and each sign-in 46 MB for its hash. A body that is sent
    bit by bit, an event stream's above all, needs no turn: it is over when the answer's head is there.
    """

    def __init__(self, app: Any, at_once: int) -> None:
        self.app = app
        self._free = threading.BoundedSemaphore(at_once)

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        with self._free:
            body: Iterable[bytes] = self.app(environ, start_response)
            return body

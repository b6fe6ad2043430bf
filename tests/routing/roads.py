"""A small road server: answers `/table/v1/driving` as OSRM does, over real HTTP on this machine."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(slots=True)
class RoadServer:
    """Its address, the questions it was asked, and how it misbehaves."""

    url: str
    asked: list[str] = field(default_factory=list)
    status: int = 200
    answer: Any = None  # in place of a table
    seconds_a_degree: int = 36_000


@contextmanager
def roads() -> Iterator[RoadServer]:
    """A server whose ways are as long as the longitudes and latitudes are apart, one direction slower than the other."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            body = json.dumps(
                made.answer if made.answer is not None else _table(self.path, made.seconds_a_degree)
            ).encode()
            self.send_response(made.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = RoadServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def _table(path: str, seconds: int) -> dict[str, Any]:
    parts = urlsplit(path)
    query = parse_qs(parts.query)
    points = [
        tuple(map(float, p.split(","))) for p in parts.path.removeprefix("/table/v1/driving/").split(";")
    ]
    assert len(points) <= 100, "OSRM refuses more"
    of, to = ([int(n) for n in query[name][0].split(";")] for name in ("sources", "destinations"))

    def way(a: int, b: int) -> float | None:
        if points[b][0] > 0 or points[a][0] > 0:
            return None  # off the map
        apart = abs(points[a][0] - points[b][0]) + abs(points[a][1] - points[b][1])
        return apart * seconds * (1.5 if a > b else 1.0)

    durations = [[way(a, b) for b in to] for a in of]
    return {"code": "Ok", "durations": durations,
            "distances": [[None if d is None else d * 10 for d in row] for row in durations]}  # fmt: skip

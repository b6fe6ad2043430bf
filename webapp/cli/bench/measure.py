"""Timing one address over one kept-alive connection, and from several processes at once."""

import http.client
import multiprocessing
import statistics
import time
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Call:
    """One request to repeat."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: bytes = b""
    expect: int = 200


def _ask(call: Call, seconds: float, least: int) -> list[float]:
    parts = urlsplit(call.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        connection.request(call.method, path, body=call.body or None, headers=dict(call.headers))
        answer = connection.getresponse()
        body = answer.read()
        times.append(time.perf_counter() - start)
        if answer.status != call.expect:
            raise RuntimeError(f"{call.method} {call.url}: {answer.status} {body[:300]!r}")
    connection.close()
    return times


def latency(call: Call, seconds: float = 2.0) -> float:
    """Median milliseconds of one client alone, after a warm-up."""
    _ask(call, 0.5, 20)
    return statistics.median(_ask(call, seconds, 30)) * 1000


def _count(arguments: tuple[Call, float]) -> int:
    return len(_ask(*arguments, 1))


def throughput(call: Call, clients: int = 4, seconds: float = 3.0) -> float:
    """Answers a second that several client processes get together."""
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        pool.map(_count, [(call, 0.3)] * clients)
        start = time.perf_counter()
        total = sum(pool.map(_count, [(call, seconds)] * clients))
        return total / (time.perf_counter() - start)

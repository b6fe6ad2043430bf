"""One attempt: the request, and what is made of the answer."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Flask

from webapp.integrations import rules
from webapp.integrations.service.work import Due, Held, Result
from webapp.kit import calls, clock, ids, outbound

LINES = 256  # addresses whose connections are kept
SHOWN = 4096  # bytes of an answer that are kept for people
HEADERS, HEADER_SIZE = 40, 500  # how many of its headers, and how much of each


class Sender:
    """Makes the requests, over connections that are kept. `chance` gives a number from 0 up to 1, for jitter."""

    def __init__(
        self, app: Flask, *, timeout: float = rules.TIMEOUT, chance: Callable[[], float] = ids.fraction
    ) -> None:
        self.app, self.timeout, self.chance = app, timeout, chance
        self.lines: OrderedDict[str, calls.Line] = OrderedDict()

    async def send(self, held: Held, due: Due) -> Result:
        """Attempt a delivery. Never raises for what the receiver, the network or the guard did."""
        now = clock.now()
        secrets = rules.living(held.secrets, now)
        headers = rules.headers(held.api, secrets, due.event_id, int(now.timestamp()), due.content)
        started = clock.monotonic()
        try:
            answer = await self._line(held.url).call("POST", headers, due.content, timeout=self.timeout)
        except (calls.Refused, calls.Failed) as problem:
            kind = problem.kind if isinstance(problem, calls.Failed) else "refused"
            elapsed = int((clock.monotonic() - started) * 1000)
            return Result(
                due, now, ok=False, latency_ms=elapsed, kind=kind, error=str(problem), next_at=self._next(due)
            )
        return self._judged(due, now, answer)

    def _line(self, url: str) -> calls.Line:
        line = self.lines.pop(url, None)
        if line is None:
            with self.app.app_context():
                line = calls.Line(outbound.parse(url))
        self.lines[url] = line
        while len(self.lines) > LINES:
            self.lines.popitem(last=False)[1].close()
        return line

    def _judged(self, due: Due, now: datetime, answer: calls.Answer) -> Result:
        ok = 200 <= answer.status < 300
        asked = None if ok else rules.retry_after(answer.headers.get("retry-after", ""), now)
        # only who is asked for less has a right to be left alone altogether
        alone = now + asked if asked and answer.status in (429, 503) else None
        return Result(
            due, now, ok=ok, status=answer.status, latency_ms=answer.elapsed_ms, kind="" if ok else "answer",
            error="" if ok else _words(answer.status), headers=_shown(answer.headers),
            body=answer.body[:SHOWN].decode("utf-8", "replace").replace("\x00", "�"),
            next_at=None if ok else self._next(due, asked), wait_until=alone,
        )  # fmt: skip

    def _next(self, due: Due, asked: timedelta | None = None) -> datetime | None:
        wait = rules.delay(due.attempt + 1, self.chance())
        if wait is None:
            return None
        return clock.now() + max(wait, asked or timedelta(0))

    def close(self) -> None:
        for line in self.lines.values():
            line.close()


def _words(status: int) -> str:
    name = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    more = "; a redirect is not followed" if 300 <= status < 400 else ""
    return f"It answered {status} {name}".rstrip() + more + "."


def _shown(headers: dict[str, str]) -> dict[str, str]:
    return {
        name[:100]: value[:HEADER_SIZE].replace("\x00", "�")
        for name, value in list(headers.items())[:HEADERS]
    }

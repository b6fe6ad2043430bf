"""One attempt of a webhook: the request, and what is made of the answer; and what other attempts share with it."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Flask

from webapp.integrations import rules
from webapp.integrations.trade import Due, Held, Result
from webapp.kit import calls, clock, ids, outbound

LINES = 256  # addresses whose connections are kept
SHOWN = 4096  # bytes of an answer that are kept for people
HEADERS, HEADER_SIZE = 40, 500  # how many of its headers, and how much of each


class Lines:
    """Connections that are kept, by the address without its path. `chance` gives a number from 0 up to 1, for jitter."""

    def __init__(
        self, app: Flask, *, timeout: float = rules.TIMEOUT, chance: Callable[[], float] = ids.fraction
    ) -> None:
        self.app, self.timeout, self.chance = app, timeout, chance
        self.lines: OrderedDict[str, calls.Line] = OrderedDict()

    def line(self, url: str) -> calls.Line:
        """The line to an address. Raises Refused."""
        found = self.lines.pop(url, None)
        if found is None:
            with self.app.app_context():
                found = calls.Line(outbound.parse(url))
        self.lines[url] = found
        while len(self.lines) > LINES:
            self.lines.popitem(last=False)[1].close()
        return found

    def close(self) -> None:
        for line in self.lines.values():
            line.close()


class Sender(Lines):
    """Sends webhooks."""

    async def send(self, held: Held, due: Due) -> Result:
        """Attempt a delivery. Never raises for what the receiver, the network or the guard did."""
        now = clock.now()
        secrets = rules.living(held.secrets, now)
        headers = rules.headers(held.api, secrets, due.message_id, int(now.timestamp()), due.content)
        started = clock.monotonic()
        try:
            answer = await self.line(held.url).call("POST", headers, due.content, timeout=self.timeout)
        except (calls.Refused, calls.Failed) as problem:
            return failed(due, now, started, problem, self._next(due))
        ok, asked, alone = judged(answer, now)
        return answered(
            due, now, answer, ok=ok, next_at=None if ok else self._next(due, asked), wait_until=alone
        )

    def _next(self, due: Due, asked: timedelta | None = None) -> datetime | None:
        wait = rules.delay(due.attempt + 1, self.chance())
        if wait is None:
            return None
        return clock.now() + max(wait, asked or timedelta(0))


def judged(answer: calls.Answer, now: datetime) -> tuple[bool, timedelta | None, datetime | None]:
    """Whether an answer is a good one; else how long it asks for, and until when it wants to be left alone."""
    if 200 <= answer.status < 300:
        return True, None, None
    asked = rules.retry_after(answer.headers.get("retry-after", ""), now)
    # only who is asked for less has a right to be left alone altogether
    return False, asked, now + asked if asked and answer.status in (429, 503) else None


def answered(due: Due, now: datetime, answer: calls.Answer, *, ok: bool, next_at: datetime | None,
             wait_until: datetime | None, shown: int = SHOWN) -> Result:  # fmt: skip
    """The result of an attempt that was answered; so many bytes of the body are kept for people."""
    return Result(
        due, now, ok=ok, status=answer.status, latency_ms=answer.elapsed_ms, kind="" if ok else "answer",
        error="" if ok else _words(answer.status), headers=_shown(answer.headers),
        body=answer.body[:shown].decode("utf-8", "replace").replace("\x00", "�"),
        next_at=next_at, wait_until=wait_until,
    )  # fmt: skip


def failed(
    due: Due,
    now: datetime,
    started: float,
    problem: calls.Refused | calls.Failed,
    next_at: datetime | None,
) -> Result:
    """The result of an attempt that came to no answer."""
    kind = problem.kind if isinstance(problem, calls.Failed) else "refused"
    elapsed = int((clock.monotonic() - started) * 1000)
    return Result(due, now, ok=False, latency_ms=elapsed, kind=kind, error=str(problem), next_at=next_at)


def _words(status: int) -> str:
    name = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    more = "; a redirect is not followed" if 300 <= status < 400 else ""
    return f"It answered {status} {name}".rstrip() + more + "."


def _shown(headers: dict[str, str]) -> dict[str, str]:
    return {
        name[:100]: value[:HEADER_SIZE].replace("\x00", "�")
        for name, value in list(headers.items())[:HEADERS]
    }

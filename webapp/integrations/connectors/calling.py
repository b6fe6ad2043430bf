"""One attempt of a call: the signed request, and what is made of the answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from webapp.integrations.connectors import describing, rules
from webapp.integrations.connectors.rules import Built
from webapp.integrations.sending import Lines, answered, failed, judged
from webapp.integrations.trade import Due, Held, Result
from webapp.kit import calls, clock, outbound

SHOWN = 16 * 1024  # bytes of an answer that are kept for people


class Caller(Lines):
    """Makes the calls, over connections that are kept by address."""

    async def send(self, held: Held, due: Due) -> Result:
        """Attempt a call. Never raises for what the receiver, the network or the guard did."""
        now = clock.now()
        first = due.first_at or now
        built = Built(held.api, held.url.partition("?")[0], due.path, due.content, due.signed)
        key, upcoming = rules.present(held.keys, now), rules.upcoming(held.keys, now)
        assert key is not None  # one is made with the first connector and signs from then on
        headers = rules.headers(
            built,
            key.text,
            due.message_id,
            int(now.timestamp()),
            upcoming.text if upcoming else None,
        )
        request = f"{built.method} {built.url}", rules.shown_headers(headers)
        if now > first + rules.WINDOW:
            words = (
                "Its key's five minutes were over before it could be tried again. Call again makes it anew."
            )
            return Result(due, now, ok=False, kind="late", error=words)
        started = clock.monotonic()
        try:
            with self.app.app_context():
                path = outbound.parse(built.url).path
            answer = await self.line(built.base).call(
                built.method, headers, built.content, timeout=self.timeout, path=path
            )
        except (calls.Refused, calls.Failed) as problem:
            return _sent(failed(due, now, started, problem, self._next(due, first)), *request)
        ok, asked, alone = judged(answer, now)
        next_at = None if ok else self._next(due, first, asked)
        found = answered(due, now, answer, ok=ok, next_at=next_at, wait_until=alone, shown=SHOWN)
        if ok and held.outputs is not None:
            # in a thread: a large answer must not keep other calls waiting
            found = replace(found, misfit=await asyncio.to_thread(misfit, held.outputs, answer))
        return _sent(found, *request)

    def _next(self, due: Due, first: datetime, asked: timedelta | None = None) -> datetime | None:
        return rules.next_attempt(due.attempt + 1, due.most, first, clock.now(), self.chance(), asked)


def _sent(result: Result, line: str, headers: dict[str, str]) -> Result:
    return replace(result, request_line=line, sent=headers)


def misfit(outputs: Mapping[str, Any], answer: calls.Answer) -> str:
    """How an answer is not what the outputs describe, in words; empty when it is."""
    if (
        not outputs.get("properties")
        and not outputs.get("required")
        and set(outputs) <= {"type", "properties"}
    ):
        return ""  # nothing was described
    if answer.truncated:
        return f"The answer is longer than {calls.MOST // 1024} KB and was not checked."
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return "The answer is not JSON."
    # names of the answer's own are in these words, and no column holds a NUL
    return describing.words(describing.problems(outputs, value)).replace("\x00", "�")[:1000]

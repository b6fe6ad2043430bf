"""Many calls at once to addresses that users gave, over connections that are kept.

The guard is :mod:`webapp.kit.outbound`'s: a :class:`Line` leads to one checked target, and each of its connections goes to
an address that was resolved and checked a moment before. A connection is kept while it is used and for two minutes at
the most, so that a name that moves is followed. For asyncio; HTTP/1.1 by h11, without the layers that cost more than it.
"""

import asyncio
import contextlib
import ssl
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache

import h11

from webapp.kit import clock, outbound
from webapp.kit.outbound import Answer, Failed, Refused, Target

IDLE_SECONDS = 15.0  # a connection unused for so long is closed
AGE_SECONDS = 120.0  # … and one so old in any case
MOST = 64 * 1024  # bytes of an answer that are read; a longer one costs its connection
PIECE = 64 * 1024
INTERIM = 10  # answers of 1xx before the real one


@lru_cache(maxsize=1)
def _resolvers() -> ThreadPoolExecutor:
    # the system's resolver blocks: slow names must not keep the others waiting, so there is a thread for each line in use
    return ThreadPoolExecutor(256, thread_name_prefix="resolve")


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    made: float
    used: float
    http: h11.Connection = field(default_factory=lambda: h11.Connection(h11.CLIENT))
    fresh: bool = True

    def usable(self, now: float) -> bool:
        return (
            not self.reader.at_eof()
            and not self.writer.is_closing()
            and now - self.used < IDLE_SECONDS
            and now - self.made < AGE_SECONDS
        )

    def close(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.close()


class _Stale(Exception):
    """A kept connection was closed by the other side before it answered: a new one may do."""


class Line:
    """The connections to one target. As many at once as calls are made at once; who calls bounds that."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._idle: list[_Connection] = []
        self._asked: asyncio.Future[list[str]] | None = None

    async def call(
        self,
        method: str,
        headers: Mapping[str, str],
        content: bytes,
        *,
        timeout: float = outbound.TIMEOUT,  # noqa: ASYNC109  # it covers looking up, connecting, sending and reading
        max_bytes: int = MOST,
        path: str = "",
    ) -> Answer:
        """Call the target, or another path of it (with its query, as `outbound.parse` gives one). A redirect is an answer
        like any other. Raises Refused or Failed, as `outbound.fetch`."""
        started = clock.monotonic()
        try:
            async with asyncio.timeout(timeout):
                request = h11.Request(
                    method=method, target=path or self.target.path, headers=self._headers(headers, content)
                )
                return await self._call(request, content, started, started + timeout, max_bytes)
        except TimeoutError as problem:
            words = f"{self.target.origin} did not answer within {timeout:g} seconds."
            raise Failed("timeout", words) from problem
        except ssl.SSLError as problem:
            words = f"{self.target.origin} has no certificate that can be trusted: {problem.reason}."
            raise Failed("tls", words) from problem
        except (
            h11.ProtocolError,
            zlib.error,
            _Stale,
            OSError,  # not only of the connection: a host or network that is gone in the middle of it
            asyncio.IncompleteReadError,
        ) as problem:
            words = f"{self.target.origin} broke off, or its answer cannot be read."
            raise Failed("protocol", words) from problem

    async def _call(
        self, request: h11.Request, content: bytes, started: float, deadline: float, most: int
    ) -> Answer:
        kept = self._kept()
        if kept is not None:
            with contextlib.suppress(_Stale):
                return await self._exchange(kept, request, content, started, most)
        return await self._exchange(await self._connect(deadline), request, content, started, most)

    def _headers(self, headers: Mapping[str, str], content: bytes) -> list[tuple[str, str]]:
        return [("Host", self.target.origin), *headers.items(), ("Accept-Encoding", "identity"),
                ("Content-Length", str(len(content)))]  # fmt: skip

    def _kept(self) -> _Connection | None:
        while self._idle:
            found = self._idle.pop()
            if found.usable(clock.monotonic()):
                return found
            found.close()
        return None

    async def _connect(self, deadline: float) -> _Connection:
        found = await self._addresses(deadline)
        secure = outbound.tls() if self.target.scheme == "https" else None
        problem: Exception | None = None
        for address in found[:4]:
            try:
                reader, writer = await asyncio.open_connection(
                    address, self.target.port, ssl=secure, server_hostname=self.target.host if secure else None
                )  # fmt: skip
            except ssl.SSLError:
                raise
            except OSError as failed:
                problem = failed
            else:
                now = clock.monotonic()
                return _Connection(reader, writer, now, now)
        raise Failed("connect", f"{self.target.origin} cannot be reached.") from problem

    async def _addresses(self, deadline: float) -> list[str]:
        # asked once for all who connect at the same moment: a slow name takes one thread, however many calls it has
        if self._asked is None or self._asked.done():
            loop = asyncio.get_running_loop()
            self._asked = loop.run_in_executor(_resolvers(), outbound.resolve, self.target, deadline)
            # who asked may have given up by the time there is an answer
            self._asked.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
        return await asyncio.shield(self._asked)

    async def _exchange(
        self, link: _Connection, request: h11.Request, content: bytes, started: float, most: int
    ) -> Answer:
        http, keep = link.http, False
        try:
            sent = http.send(request) or b""
            sent += (http.send(h11.Data(data=content)) or b"") if content else b""
            await self._write(link, sent + (http.send(h11.EndOfMessage()) or b""))
            head = await self._head(link)
            body, truncated = await self._body(link, most)
            keep = not truncated and http.our_state is h11.DONE and http.their_state is h11.DONE
        finally:
            if not keep:
                link.close()
        if keep:
            http.start_next_cycle()
            link.used, link.fresh = clock.monotonic(), False
            self._idle.append(link)
        return self._answer(head, body, truncated, started, most)

    async def _write(self, link: _Connection, data: bytes) -> None:
        try:
            link.writer.write(data)
            await link.writer.drain()
        except ConnectionError:
            if not link.fresh:
                raise _Stale from None
            raise

    async def _head(self, link: _Connection) -> h11.Response:
        for _ in range(INTERIM):
            event = await self._event(link, before_answer=True)
            if isinstance(event, h11.Response):
                return event
        raise h11.RemoteProtocolError("no answer but interim ones")

    async def _body(self, link: _Connection, most: int) -> tuple[bytes, bool]:
        body = bytearray()
        while True:
            event = await self._event(link)
            if isinstance(event, h11.Data):
                body += event.data[: most - len(body) + 1]
                if len(body) > most:
                    return bytes(body[:most]), True
            elif isinstance(event, h11.EndOfMessage):
                return bytes(body), False

    async def _event(self, link: _Connection, *, before_answer: bool = False) -> object:
        while True:
            event = link.http.next_event()
            if event is not h11.NEED_DATA:
                return event
            try:
                data = await link.reader.read(PIECE)
            except ConnectionError:
                data = b""
            if not data and before_answer and not link.fresh:
                raise _Stale
            link.http.receive_data(data)

    def _answer(self, head: h11.Response, body: bytes, truncated: bool, started: float, most: int) -> Answer:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
        if headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip", "deflate"):
            body = zlib.decompressobj(47).decompress(body, most)
        elapsed = int((clock.monotonic() - started) * 1000)
        return Answer(head.status_code, headers, body, elapsed, truncated)

    def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            self._idle.pop().close()


__all__ = ["Answer", "Failed", "Line", "Refused", "Target"]

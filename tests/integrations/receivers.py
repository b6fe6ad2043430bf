"""Receivers of webhooks for tests: real HTTP servers on loopback that remember what they were sent."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from standardwebhooks import Webhook


@dataclass(slots=True)
class Got:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> None:
        """Raises WebhookVerificationError, as a receiver's own code would."""
        Webhook(secret).verify(self.body, self.headers)


Answer = Callable[[Got], "bytes | Awaitable[bytes]"]


def reply(status: int = 200, body: bytes = b"ok", **headers: str) -> bytes:
    """An HTTP answer."""
    lines = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


@dataclass(slots=True)
class Receiver:
    """A server; `answer` decides about each request, `got` holds all of them in order."""

    answer: Answer = lambda got: reply()
    got: list[Got] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    loop: Any = None
    server: Any = None
    open: set[Any] = field(default_factory=set)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def start(self, port: int = 0) -> "Receiver":
        ready = threading.Event()

        async def main() -> None:
            self.loop = asyncio.get_running_loop()
            self.server = await asyncio.start_server(self._talk, "127.0.0.1", port)
            self.port = self.server.sockets[0].getsockname()[1]
            ready.set()
            async with self.server:
                try:
                    await self.server.serve_forever()
                except asyncio.CancelledError:
                    return

        threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
        ready.wait(10)
        return self

    def stop(self) -> None:
        """Gone: the port is closed, and so are the connections."""
        done = threading.Event()

        def close() -> None:
            for writer in list(self.open):
                writer.transport.abort()
            self.server.close()
            done.set()

        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(close)
            done.wait(10)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {
                    k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                got = Got(head[0].split(" ")[1], headers, body)
                self.got.append(got)
                answer = self.answer(got)
                if not isinstance(answer, bytes):
                    answer = await answer
                if not answer:
                    return
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()

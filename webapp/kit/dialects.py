"""How one API speaks: who may call, the envelope, errors, paging, limits.

Endpoint code knows none of it: it returns plain data or raises a typed error, and the dialect of its blueprint renders
it. What a dialect needs from above (who holds a credential) is handed to it in `wiring.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from webapp.kit import errors, json, limits
from webapp.kit.context import PUBLIC, Principal
from webapp.kit.paging import Page, Slice


def _nobody() -> Principal:
    return PUBLIC


@dataclass(slots=True)
class Dialect:
    """One way of speaking. `authenticate` returns the caller, PUBLIC without a credential, or raises."""

    name: str
    title: str
    security: dict[str, Any]  # OpenAPI security schemes
    milliseconds: bool = False
    authenticate: Callable[[], Principal] = _nobody
    limit_address: Callable[[], str] = field(default=lambda: "")
    limit_caller: Callable[[Principal], tuple[str, str]] = field(default=lambda who: ("", ""))

    def success(self, data: Any, status: int) -> Response:
        if isinstance(data, Response):
            return data
        return json.answer(self.shape(data), status, milliseconds=self.milliseconds)

    def shape(self, data: Any) -> Any:
        if isinstance(data, Slice):
            return {"data": data.items, "next_cursor": data.next_cursor, **data.extra}
        return data

    def error_body(self, error: errors.AppError) -> dict[str, Any]:
        raise NotImplementedError

    def status(self, error: errors.AppError) -> int:
        return error.status

    def error(self, error: errors.AppError) -> Response:
        answer = json.answer(self.error_body(error), self.status(error))
        if error.retry_after is not None:
            answer.headers["Retry-After"] = str(error.retry_after)
        if error.status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def finish(self, answer: Response) -> None:
        """Add the headers that every answer carries."""


@dataclass(slots=True)
class Field(Dialect):
    """`{"ok":true,"data":…}`, numbered pages, codes in capitals."""

    def shape(self, data: Any) -> Any:
        if isinstance(data, Page):
            data = {"items": data.items, "total": data.total, "page": data.page, "limit": data.limit,
                    "total_pages": data.total_pages}  # fmt: skip
        return {"ok": True, "data": data}

    def error_body(self, error: errors.AppError) -> dict[str, Any]:
        body: dict[str, Any] = {"code": error.code, "message": error.message}
        if error.details:
            body["details"] = error.details
        return {"ok": False, "error": body}


@dataclass(slots=True)
class Growth(Dialect):
    """The bare object; lists with `next_cursor`; codes in snake_case."""

    def error_body(self, error: errors.AppError) -> dict[str, Any]:
        return {"error": {"code": error.code.lower(), "message": error.message, "details": error.details}}

    def finish(self, answer: Response) -> None:
        room = limits.headroom()
        if room:
            answer.headers["X-RateLimit-Remaining"] = str(room[1])


@dataclass(slots=True)
class Intake(Dialect):
    """The bare object; `{"error","message"}`; a body that fails validation is 400."""

    def status(self, error: errors.AppError) -> int:
        return 400 if error.status == 422 else error.status

    def error_body(self, error: errors.AppError) -> dict[str, Any]:
        code = {400: "validation_error", 422: "validation_error", 429: "rate_limited"}.get(error.status)
        return {"error": code or error.code.lower(), "message": error.message}

    def finish(self, answer: Response) -> None:
        room = limits.headroom()
        if room:
            for name, value in zip(("Limit", "Remaining", "Reset"), room, strict=True):
                answer.headers[f"X-RateLimit-{name}"] = str(value)


@dataclass(slots=True)
class Agents(Dialect):
    """The bare object; lists with `cursor`; `{"code","transient","message","data"}`."""

    def shape(self, data: Any) -> Any:
        if isinstance(data, Slice):
            return {"data": data.items, "cursor": data.next_cursor, **data.extra}
        return data

    def status(self, error: errors.AppError) -> int:
        return 400 if error.status == 422 else error.status

    def error_body(self, error: errors.AppError) -> dict[str, Any]:
        transient = error.status == 429 or error.status >= 500
        return {"code": error.code.lower(), "transient": transient, "message": error.message,
                "data": error.details or None}  # fmt: skip


def _bearer(description: str) -> dict[str, Any]:
    return {"type": "http", "scheme": "bearer", "description": description}


FIELD = Field(
    "field",
    "Field service API",
    {
        "field_bearer": _bearer("The access token of `POST /api/v1/auth/login`, or an API key `tk_live_…`."),
        "field_tenant": {"type": "apiKey", "in": "header", "name": "X-Tenant-Id"},
    },
)
GROWTH = Growth("growth", "Growth API", {"growth_key": _bearer("An API key `eal_live_…` or `eal_test_…`.")},
                milliseconds=True)  # fmt: skip
CLOSEBOT, FIXFLOW, LEDGERPILOT = (
    Intake(name.lower(), f"{name} intake API",
           {f"{name.lower()}_key": {"type": "apiKey", "in": "header", "name": f"X-{name}-Key"}})
    for name in ("CloseBot", "FixFlow", "LedgerPilot")
)  # fmt: skip
AGENTS = Agents("agents", "Agents API", {"agents_key": _bearer("An API key `op_prod_…`.")}, milliseconds=True)
ALL: tuple[Dialect, ...] = (FIELD, GROWTH, CLOSEBOT, FIXFLOW, LEDGERPILOT, AGENTS)


def of_path(path: str) -> Dialect | None:
    """The dialect an address under /api/ speaks, also when nothing is there; None for pages."""
    if not path.startswith("/api/"):
        return None
    for prefix, dialect in (("/api/closebot", CLOSEBOT), ("/api/fixflow", FIXFLOW), ("/api/operator", AGENTS),
                            ("/api/ledgerpilot", LEDGERPILOT)):  # fmt: skip
        if path.startswith(prefix):
            return dialect
    if "eal_" in request.headers.get("Authorization", "")[:12]:
        return GROWTH
    return FIELD

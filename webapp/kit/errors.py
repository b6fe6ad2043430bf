"""Typed errors. A service raises one; the dialect or the page shell renders it, once.

Each carries an HTTP status, a stable code and a sentence for the person who caused it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with one field, in the caller's own name for it."""

    field: str
    message: str


class AppError(Exception):
    """The root. `keep` commits what the request wrote (a failed sign-in's audit entry) instead of undoing it."""

    status = 500
    code = "INTERNAL_ERROR"
    keep = False

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None, code: str | None = None,
                 retry_after: int | None = None) -> None:  # fmt: skip
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        self.code = code or type(self).code
        self.retry_after = retry_after  # seconds


class BadRequest(AppError):
    """The request cannot be read: not JSON, an unknown parameter."""

    status, code = 400, "BAD_REQUEST"


class Unauthorized(AppError):
    """Nobody is signed in, or the credential is wrong, expired or revoked."""

    status, code = 401, "UNAUTHORIZED"


class RefusedSignIn(Unauthorized):
    """A sign-in that failed; what it counted and audited is kept."""

    keep = True


class Forbidden(AppError):
    """Signed in, but not allowed."""

    status, code = 403, "FORBIDDEN"


class NotFound(AppError):
    """No such record in this organization. Another organization's record is this too, never 403."""

    status, code = 404, "NOT_FOUND"


class Conflict(AppError):
    """The record's state, or another record, does not allow it."""

    status, code = 409, "CONFLICT"


class TooLarge(AppError):
    status, code = 413, "BAD_REQUEST"


class Invalid(AppError):
    """Readable, but wrong: names each field and what is wrong with it."""

    status, code = 422, "VALIDATION_ERROR"

    def __init__(self, message: str = "", problems: Sequence[FieldProblem] = (), **kwargs: Any) -> None:
        self.problems = tuple(problems)
        if not message:
            message = "; ".join(f"{p.field}: {p.message}" if p.field else p.message for p in self.problems)
        super().__init__(message, **kwargs)
        if self.problems:
            self.details.setdefault("fields", {p.field: p.message for p in self.problems})

    @classmethod
    def one(cls, field: str, message: str) -> "Invalid":
        return cls(problems=[FieldProblem(field, message)])


class TooMany(AppError):
    """A limit was reached; `retry_after` says in how many seconds it is over."""

    status, code = 429, "TOO_MANY_REQUESTS"


class Unavailable(AppError):
    """A server this one needs is away; nothing was done."""

    status, code = 503, "INTERNAL_ERROR"

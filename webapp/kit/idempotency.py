"""A POST sent twice under one `Idempotency-Key` is done once; the second caller gets the first answer.

The answer is stored, encrypted, in the transaction of the change itself.
"""

from datetime import timedelta

from flask import Response, request
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from webapp.kit import clock, context, crypto, errors, secrets
from webapp.kit.db import db
from webapp.kit.tables import IdempotencyKey

secrets.declare(IdempotencyKey, "answer")
KEEP = timedelta(days=30)
MAX_LENGTH = 255


def begin(key: str, body: bytes) -> Response | None:
    """Look a key up before the work. The stored answer when the same request was done already.

    Raises Invalid when the key was used with another body, Conflict while its first use is under way.
    """
    if not 1 <= len(key) <= MAX_LENGTH or not key.isprintable():
        raise errors.BadRequest(f"Idempotency-Key must have 1 to {MAX_LENGTH} printable characters.")
    tenant, name = context.tenant_id(), _name(key)
    lock = int.from_bytes(crypto.digest(tenant, name.hex())[:8], "big", signed=True)
    if not db.session.scalar(text("select pg_try_advisory_xact_lock(:k)"), {"k": lock}):
        raise errors.Conflict("A request with this Idempotency-Key is still being worked on.",
                              code="CONFLICT")  # fmt: skip
    row = db.session.execute(
        select(IdempotencyKey.request_hash, IdempotencyKey.status, IdempotencyKey.answer).where(
            IdempotencyKey.tenant_id == tenant, IdempotencyKey.key_hash == name,
            IdempotencyKey.created_at > clock.now() - KEEP,
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    if bytes(row.request_hash) != crypto.digest(body.hex()):
        raise errors.Invalid("This Idempotency-Key was used before with another body.")
    answer = Response(crypto.decrypt(row.answer), status=row.status, mimetype="application/json")
    answer.headers["Idempotent-Replayed"] = "true"
    return answer


def finish(key: str, body: bytes, answer: Response) -> None:
    """Store the answer of a request that succeeded; a refused one may be tried again under its key."""
    if answer.status_code >= 400:
        return
    values = {
        "request_hash": crypto.digest(body.hex()),
        "status": answer.status_code,
        "answer": crypto.encrypt(answer.get_data()),
        "created_at": clock.now(),
    }
    db.session.execute(
        insert(IdempotencyKey)
        .values(tenant_id=context.tenant_id(), key_hash=_name(key), **values)
        .on_conflict_do_update(index_elements=["tenant_id", "key_hash"], set_=values)
    )


def _name(key: str) -> bytes:
    # with and without a slash at its end it is one address
    return crypto.digest(context.principal().label, request.method, request.path.rstrip("/"), key)


def forget_old(limit: int = 5000) -> int:
    """Drop answers older than 30 days of the present organization; how many."""
    old = (
        select(IdempotencyKey.key_hash)
        .where(
            IdempotencyKey.tenant_id == context.tenant_id(), IdempotencyKey.created_at < clock.now() - KEEP
        )
        .limit(limit)
    )
    gone = db.session.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.tenant_id == context.tenant_id(), IdempotencyKey.key_hash.in_(old)
        )
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a CursorResult

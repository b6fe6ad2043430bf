"""Notices: what one user should know. Shown behind the bell; never a secret in them."""

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from webapp.kit import clock, context
from webapp.kit.db import db, get
from webapp.models import Notice

KINDS = ("info", "success", "warning", "danger")


def notify(
    user_id: int, kind: str, title: str, text: str = "", url: str = "", dedupe_key: str | None = None
) -> int | None:
    """Tell a user something, in the present transaction; the notice's id.

    With a dedupe key the same matter is told once: a second notice freshens the first one (its words, its moment, and
    unread again when the words changed) and gives None when nothing changed.
    """
    if kind not in KINDS:
        raise ValueError(f"a notice is one of {KINDS}, not {kind!r}")
    values = {"kind": kind, "title": title, "text": text, "url": url, "created_at": clock.now()}
    statement = insert(Notice).values(
        tenant_id=context.tenant_id(), user_id=user_id, dedupe_key=dedupe_key, **values
    )
    if dedupe_key is not None:
        changed = (Notice.title != statement.excluded.title) | (Notice.text != statement.excluded.text) | (
            Notice.kind != statement.excluded.kind)  # fmt: skip
        statement = statement.on_conflict_do_update(
            index_elements=["tenant_id", "user_id", "dedupe_key"], index_where=Notice.dedupe_key.is_not(None),
            set_=values | {"read_at": None}, where=changed,
        )  # fmt: skip
    found: int | None = db.session.scalar(statement.returning(Notice.id))
    return found


def unread_count() -> int:
    """How many notices the present user has not read; 0 for anybody who is no user."""
    who = context.principal()
    if who.kind != "user" or who.id is None:
        return 0
    statement = select(func.count()).where(
        Notice.tenant_id == context.tenant_id(), Notice.user_id == who.id, Notice.read_at.is_(None)
    )
    return int(db.session.scalar(statement) or 0)


def read(notice_id: int) -> Notice:
    """Mark one of the present user's notices as read. Raises NotFound for somebody else's."""
    from webapp.kit import errors

    notice = get(Notice, notice_id)
    if notice.user_id != context.principal().id:
        raise errors.NotFound(f"No notice has the number {notice_id}.")
    if notice.read_at is None:
        notice.read_at = clock.now()
    return notice


def read_all() -> int:
    """Mark all of the present user's notices as read; how many there were."""
    who = context.principal()
    changed = db.session.execute(
        update(Notice)
        .where(Notice.tenant_id == context.tenant_id(), Notice.user_id == who.id, Notice.read_at.is_(None))
        .values(read_at=clock.now())
    )
    return int(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def settle(user_id: int, dedupe_key: str) -> None:
    """The matter is over: mark its notice as read."""
    db.session.execute(
        update(Notice)
        .where(Notice.tenant_id == context.tenant_id(), Notice.user_id == user_id, Notice.dedupe_key == dedupe_key,
               Notice.read_at.is_(None))
        .values(read_at=clock.now())
    )  # fmt: skip

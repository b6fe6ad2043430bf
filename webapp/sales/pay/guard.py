"""A frozen line cannot change: the session refuses, whoever tries."""

from typing import Any

from sqlalchemy import event, inspect

from webapp.kit import errors
from webapp.models import PayLine


def _refuse_change(mapper: Any, connection: Any, line: PayLine) -> None:
    changed = inspect(line).attrs.frozen.history
    was_frozen = changed.deleted[0] if changed.deleted else line.frozen
    if was_frozen and any(a.history.has_changes() for a in inspect(line).attrs):
        raise errors.Conflict("This amount is in a closed pay period and cannot be changed.")


def _refuse_delete(mapper: Any, connection: Any, line: PayLine) -> None:
    if line.frozen:
        raise errors.Conflict("This amount is in a closed pay period and cannot be removed.")


def install() -> None:
    """Watch every pay line that a session writes. Only closing and reopening, in bulk, pass by."""
    for name, refuse in (("before_update", _refuse_change), ("before_delete", _refuse_delete)):
        if not event.contains(PayLine, name, refuse):
            event.listen(PayLine, name, refuse)

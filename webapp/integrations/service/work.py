"""The trade of webhooks: deliveries from the journal, fetched with what they tell.

An organization's journal is followed by each endpoint's cursor; a visit makes the deliveries of what came since.
"""

from typing import Any

from flask import Flask

from webapp.integrations import queries, rules
from webapp.integrations.queries import sql
from webapp.integrations.sending import Sender
from webapp.integrations.service import endpoints
from webapp.integrations.service.endpoints import RUN
from webapp.integrations.trade import CHUNK, LEASE, Ask, Due, Held, Result, Trade
from webapp.kit import clock, context, wakes
from webapp.kit.db import db

__all__ = ["CHUNK", "LEASE", "WEBHOOKS", "Ask", "Due", "Held", "Result"]
PIECE = 500  # events of one fan-out


class Webhooks(Trade):
    """Events told to the endpoints that listen."""

    name, run, lanes = "Webhooks", RUN, sql.LANES

    def derive(self) -> None:
        fan_out()

    def held(self, row: Any) -> Held:
        return Held(row.id, row.api, row.url, endpoints.secrets_of(row.sealed), row.in_order, row.concurrency,
                    row.rate_per_second, row.failures, row.failing_since)  # fmt: skip

    def fill(self, held: dict[int, Held], token: str, busy: dict[int, tuple[int, ...]]) -> None:
        for in_order in (False, True):
            ids = sorted(h.id for h in held.values() if h.in_order is in_order)
            if not ids:
                continue
            under_way = [n for i in ids for n in busy.get(i, ())]
            values = {"tenant": context.tenant_id(), "ids": ids, "now": clock.now(), "busy": under_way, "most": CHUNK,
                      "token": token}  # fmt: skip
            for row in db.session.execute(sql.FETCH_IN_ORDER if in_order else sql.FETCH, values):
                held[row.endpoint_id].rows.append(_due(row, held[row.endpoint_id].api))

    def carrier(self, app: Flask) -> Sender:
        return Sender(app)

    def pause(self, target_id: int, why: str) -> None:
        endpoints.pause_by_itself(target_id, why)


WEBHOOKS = Webhooks()


def fan_out() -> int:
    """Make the deliveries of everything that the journal holds; how many. Commits in pieces."""
    event_seq, audit_seq = wakes.read_journal()
    return _follow("cursor_seq", sql.FAN_OUT, event_seq) + _follow(
        "audit_cursor", sql.FAN_OUT_AUDIT, audit_seq
    )


def _follow(cursor: str, statement: Any, head: int) -> int:
    made = 0
    while (behind := queries.lowest_cursor(cursor, head)) is not None:
        up_to = min(head, behind + PIECE)
        values = {"tenant": context.tenant_id(), "up_to": up_to, "now": clock.now()}
        made += int(db.session.execute(statement, values).scalar_one())
        db.session.commit()
    return made


def _due(row: Any, api: str) -> Due:
    content = rules.body(
        row.event_id, row.event, row.event_at, context.tenant_id(), queries.data_of(row), api
    )
    record = f"{row.record_type}:{row.record_id}"
    return Due(row.id, row.endpoint_id, record, str(row.event_id), content, row.attempt)

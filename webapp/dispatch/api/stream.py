"""What happens on the board, as it happens: `/admin/dispatch/stream`."""

from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field

from webapp.dispatch.permissions import DISPATCH_READ
from webapp.kit import context, permissions, streams
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD
from webapp.timesheets import permissions as timesheets

api = Api("dispatch_stream_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Dispatch")
# records that the board shows, and what one must be allowed besides: whoever may not open them does not hear of them either
HEARD = {
    "dispatch": DISPATCH_READ, "time": timesheets.READ, "sla": "sla.read", "lane": DISPATCH_READ, "shift": DISPATCH_READ,
    "on-call": DISPATCH_READ, "route": DISPATCH_READ,
}  # fmt: skip


class StreamQuery(BaseModel):
    """`ticket` in place of the headers that a browser's EventSource cannot send."""

    model_config = ConfigDict(extra="forbid")
    ticket: str = Field("", max_length=2000)
    after: int | None = Field(None, ge=0, description="As the header Last-Event-ID, for a first connection")


class Ticket(BaseModel):
    """A one-use ticket, and in how many seconds it is over."""

    ticket: str
    expires_in: int


@api.get(
    "/admin/dispatch/stream", permission=DISPATCH_READ, query=StreamQuery, media_type="text/event-stream"
)
def stream(query: StreamQuery) -> Response:
    """Listen to the board: unnamed server-sent events of JSON. Reconnecting with `Last-Event-ID` misses nothing."""
    seen = streams.last_seen(request.headers.get("Last-Event-ID"))
    seen = query.after if seen is None else seen
    kinds = heard()
    return streams.for_clients(context.principal(), seen, lambda told: told.name.split(".")[0] in kinds)


def heard() -> frozenset[str]:
    """Kinds of records that the caller hears of."""
    return frozenset(kind for kind, permission in HEARD.items() if permissions.may(permission))


@api.post("/admin/dispatch/stream-ticket", permission=DISPATCH_READ, returns=Ticket)
def stream_ticket() -> dict[str, object]:
    """Get a ticket for the stream, for browsers: good once, for a minute."""
    who = context.principal()
    claims: dict[str, object] = {
        "tenant": str(who.tenant_id),
        "session": who.session_id,
    }
    if who.kind == "key":
        claims |= {"key": who.id, "owner": str(who.extra["owner"]), "mark": who.extra["mark"]}
    return {"ticket": streams.ticket(claims), "expires_in": streams.TICKET_SECONDS}

"""What happens on the board, as it happens: `/admin/dispatch/stream`."""

from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field

from webapp.dispatch.permissions import DISPATCH_READ
from webapp.kit import context, streams
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD

api = Api("dispatch_stream_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Dispatch")
HEARD = ("dispatch", "time", "sla", "lane", "shift", "on-call", "route")  # records that the board shows


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
    return streams.for_clients(context.principal(), seen, lambda told: told.name.split(".")[0] in HEARD)


@api.post("/admin/dispatch/stream-ticket", permission=DISPATCH_READ, returns=Ticket)
def stream_ticket() -> dict[str, object]:
    """Get a ticket for the stream, for browsers: good once, for a minute."""
    who = context.principal()
    claims = {
        "tenant": str(who.tenant_id),
        "session": who.session_id,
        "key": who.id if who.kind == "key" else None,
    }
    return {"ticket": streams.ticket(claims), "expires_in": streams.TICKET_SECONDS}

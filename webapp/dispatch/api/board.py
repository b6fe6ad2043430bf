"""The board over the API: `/admin/dispatch/board`."""

from typing import Any

from webapp.dispatch import board_schemas as schemas
from webapp.dispatch import settings
from webapp.dispatch.permissions import DISPATCH_READ
from webapp.dispatch.queries import board as reading
from webapp.kit import clock
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD

api = Api("dispatch_board_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Dispatch")


@api.get(
    "/admin/dispatch/board", permission=DISPATCH_READ, query=schemas.BoardQuery, returns=schemas.BoardOut
)
def board(query: schemas.BoardQuery) -> dict[str, Any]:
    """The lanes of a day or several, with forecasts, and the tray of what nobody is assigned to."""
    zone = settings.zone()
    found = reading.board(query.date or clock.today(zone), query.days, settings.present(), zone, whole=False)
    return schemas.shape(found, reading.tray("unassigned"), reading.tray_counts())

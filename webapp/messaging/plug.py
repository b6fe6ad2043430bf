"""What messaging plugs into the house."""

from webapp.kit import web
from webapp.kit.plug import NavItem, Plug
from webapp.messaging.permissions import MESSAGING_READ
from webapp.messaging.views import outbox_pages, unsubscribe


def _wire(app: web.App) -> None:
    # the recipient's mail program posts there without having loaded a page of ours (RFC 8058)
    web.csrf.exempt(unsubscribe)


PLUG = Plug(
    blueprints=(outbox_pages,),
    navigation=(NavItem("Data", "Outbox", "/outbox", "send", 870, MESSAGING_READ),),
    wire=_wire,
)

"""What the sandbox plugs into the house."""

from webapp.accounts.permissions import KEYS_MANAGE
from webapp.accounts.service import organizations
from webapp.accounts.settings import home
from webapp.kit import events
from webapp.kit.plug import Plug
from webapp.kit.web import App
from webapp.sandbox import service
from webapp.sandbox.views import PATH, bp


def _wire(app: App) -> None:
    events.subscribe(organizations.CREATED.name, service.on_created)
    home.add(home.Matter("Sandbox", "Made-up data that test keys work on, and what was not sent from it", PATH,
                         "flask-conical", KEYS_MANAGE, 61))  # fmt: skip


PLUG = Plug(blueprints=(bp,), wire=_wire)

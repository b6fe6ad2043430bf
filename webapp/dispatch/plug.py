"""What dispatch plugs into the house."""

from webapp.dispatch.api import board, office, stream, technician
from webapp.kit.plug import Plug

PLUG = Plug(blueprints=(office.api, board.api, technician.api, stream.api))

"""What zones, skills and vehicles plug into the house."""

from webapp.fleet.api import maintenance as maintenance_api
from webapp.fleet.api import skills as skills_api
from webapp.fleet.api import vehicles as vehicles_api
from webapp.fleet.api import zones as zones_api
from webapp.kit.plug import Plug

PLUG = Plug(blueprints=(zones_api.api, skills_api.api, maintenance_api.api, vehicles_api.api))

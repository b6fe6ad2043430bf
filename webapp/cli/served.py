"""The application as `truckroll web` serves it: what granian loads in each of its processes."""

from webapp.kit.bodies import Bodies
from webapp.kit.turns import Turns
from wsgi import app as application

app = Bodies(
    Turns(application, application.config["SETTINGS"].web_threads), application.config["MAX_CONTENT_LENGTH"]
)

"""The application as `truckroll web` serves it: what granian loads in each of its processes."""

from webapp.kit.turns import Turns
from wsgi import app as application

app = Turns(application, application.config["SETTINGS"].web_threads)

"""Settings pages: the company, its people, its keys; and the saved views of lists."""

from flask import Blueprint

bp = Blueprint("settings", __name__)

from webapp.accounts.settings import company, home, keys, people, views  # noqa: E402, F401  # they register their pages

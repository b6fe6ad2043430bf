"""One pair of companies for all tests of a module, with the clock held at a working day's noon."""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.contract.caller import Caller
from tests.contract.house import NOON, House, build
from tests.contract.watch import Promise, Rows
from webapp.config import Settings
from webapp.kit import clock, openapi
from webapp.kit.web import App


@pytest.fixture(scope="module", autouse=True)
def _noon() -> Iterator[None]:
    with clock.at(NOON):
        yield


@pytest.fixture(scope="session")
def house(app: App) -> House:
    """The company whose people ask. A module that changes more than it adds builds one of its own."""
    with clock.at(NOON):
        return build(app, "house")


@pytest.fixture(scope="session")
def neighbour(app: App) -> House:
    """Another company, of which nothing may be seen or touched."""
    with clock.at(NOON):
        return build(app, "neighbour")


@pytest.fixture(scope="module")
def remembered(app: App) -> Iterator[None]:
    """Who calls is remembered for a moment, as in production: thousands of calls feel it."""
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = before.with_(principal_cache_seconds=3.0)
    try:
        yield
    finally:
        app.config["SETTINGS"] = before


@pytest.fixture(scope="module")
def caller(house: House, promise: Promise, remembered: None) -> Caller:
    """Asks as everybody of the house."""
    return Caller(house, promise).signed_in()


@pytest.fixture(scope="module")
def connection(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection, which sees the rows behind the policies."""
    base = os.environ["TRUCKROLL_TEST_SERVERS"].split("\n")[0]
    name = psycopg.conninfo.conninfo_to_dict(settings.database_url)["dbname"]
    with psycopg.connect(base, dbname=name, autocommit=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def rows(connection: psycopg.Connection[Any], house: House, neighbour: House) -> Rows:
    """What both companies have in the database."""
    return Rows(connection, house.company.tenant_id, neighbour.company.tenant_id)


@pytest.fixture(scope="session")
def promise(app: App) -> Promise:
    """The OpenAPI document of the application."""
    return Promise(openapi.document("http://localhost"))

"""One pair of companies for all tests of a module, with the clock held at a working day's noon."""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.contract.house import NOON, House, build
from tests.contract.watch import Promise, Rows
from webapp.config import Settings
from webapp.kit import clock, openapi
from webapp.kit.web import App


@pytest.fixture(scope="module")
def _noon() -> Iterator[None]:
    with clock.at(NOON):
        yield


@pytest.fixture(scope="module")
def house(app: App, _noon: None) -> House:
    """The company whose people ask."""
    return build(app, "house")


@pytest.fixture(scope="module")
def neighbour(app: App, _noon: None) -> House:
    """Another company, of which nothing may be seen or touched."""
    return build(app, "neighbour")


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


@pytest.fixture(scope="module")
def promise(app: App) -> Promise:
    """The OpenAPI document of the application."""
    return Promise(openapi.document("http://localhost"))

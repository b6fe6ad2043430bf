"""One embedded PostgreSQL and Valkey per run, a migrated template database, a clone of it per worker process.

Every test makes organizations of its own, so tests never see each other's rows and nothing has to be emptied.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import hypothesis
import psycopg
import pytest
from flask.testing import FlaskClient

from tests.client import PageClient
from tests.factories.world import Company, make_company
from webapp import create_app
from webapp.config import Limits, Settings
from webapp.kit import ids, limits, schema
from webapp.kit.servers import ServerUrls, embedded, ensure_database
from webapp.kit.web import App

SECRET = "test-secret-0123456789abcdef0123456789abcdef"
WIDE = "1000000/minute"

# a machine that is busy elsewhere must not fail a test of what is right
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")

_stack = contextlib.ExitStack()


def _on_controller(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput")


def _settings(database_url: str, redis_url: str, data_dir: Path) -> Settings:
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        secret_keys=(SECRET,),
        data_dir=data_dir,
        environment="test",
        argon2_memory_kib=64,  # real Argon2id, at its least: tests hash hundreds of passwords
        limits=Limits(**dict.fromkeys(Limits.__dataclass_fields__, WIDE)),
        principal_cache_seconds=0.0,
        outbound_allow=("127.0.0.1", "localhost"),
    )


def _owner_url(superuser_url: str, database: str) -> str:
    parts = urlsplit(superuser_url)
    host = f"@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=f"truckroll{host}", path=f"/{database}"))


def pytest_configure(config: pytest.Config) -> None:
    if not _on_controller(config) or config.option.collectonly:
        return
    base = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="truckroll-test-")))
    given = os.environ.get("TEST_DATABASE_SUPERUSER_URL"), os.environ.get("REDIS_URL")
    own = ServerUrls(given[0], given[1], given[0]) if given[0] and given[1] else None
    urls = own or _stack.enter_context(embedded(base, fast=True))
    ensure_database(urls.superuser_url, "truckroll", "truckroll_template")
    owner = _owner_url(urls.superuser_url, "truckroll_template")
    schema.upgrade(_settings(owner, urls.redis_url, base))
    os.environ["TRUCKROLL_TEST_SERVERS"] = "\n".join((urls.superuser_url, urls.redis_url, str(base)))


def pytest_unconfigure(config: pytest.Config) -> None:
    if _on_controller(config):
        _stack.close()


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """`gw0`, `gw1` … under xdist, else `main`."""
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


@pytest.fixture(scope="session")
def settings(worker_id: str) -> Settings:
    """Settings of this worker: its own clone of the migrated database, its own Redis database."""
    superuser, redis_url, base = os.environ["TRUCKROLL_TEST_SERVERS"].split("\n")
    name = f"truckroll_{worker_id}"
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE truckroll_template OWNER truckroll")
    owner = _owner_url(superuser, name)
    number = 1 + int("".join(c for c in worker_id if c.isdigit()) or 0)
    folder = Path(base) / worker_id
    folder.mkdir(exist_ok=True)
    return _settings(owner, redis_url.replace("db=0", f"db={number}"), folder)


@pytest.fixture(scope="session")
def app(settings: Settings) -> App:
    """The application as it is served, on this worker's database."""
    made = create_app(settings)
    _bound.update(vars(limits.limiter))
    return made


_bound: dict[str, Any] = {}  # the limiter as :func:`app` bound it: the library has one for all applications


@contextlib.contextmanager
def limits_kept() -> Iterator[None]:
    """Whatever applications are made inside, and however it ends: afterwards limits are counted where they were."""
    try:
        yield
    finally:
        vars(limits.limiter).update(_bound)


@pytest.fixture(autouse=True)
def _limits_kept() -> Iterator[None]:
    with limits_kept():
        yield


@pytest.fixture(autouse=True)
def _repeatable(request: pytest.FixtureRequest) -> Iterator[None]:
    # random where it must differ between tests, the same from run to run
    ids.seed(hash_of(request.node.nodeid))
    yield
    ids.seed(None)


def hash_of(text: str) -> int:
    import zlib

    return zlib.crc32(text.encode()) << 8


@pytest.fixture
def company(app: App) -> Company:
    """A new organization with an owner, an admin, a manager, a dispatcher, payroll and a technician."""
    return make_company(app)


@pytest.fixture
def other_company(app: App) -> Company:
    """A second organization, to see that nothing leaks."""
    return make_company(app)


@pytest.fixture
def client(app: App) -> FlaskClient:
    """A browser without a session, whose every HTML answer is checked for validity."""
    app.test_client_class = PageClient
    return app.test_client()


@pytest.fixture
def superuser(settings: Settings) -> Iterator[Any]:
    """A superuser's connection to this worker's database, for looking behind the policies."""
    base = os.environ["TRUCKROLL_TEST_SERVERS"].split("\n")[0]
    name = psycopg.conninfo.conninfo_to_dict(settings.database_url)["dbname"]
    with psycopg.connect(base, dbname=name, autocommit=True) as connection:
        yield connection

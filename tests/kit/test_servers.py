"""The embedded servers, run for real: what a person finds after a stop, a crash, a kill."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests.processes import server_folder
from webapp.kit.processes import (
    DirectoryInUse,
    DirectoryLock,
    alive,
    identity,
    kill,
    processes_in,
    socket_directory,
    wait_until,
)
from webapp.kit.servers import (
    OWNER,
    EmbeddedPostgres,
    EmbeddedValkey,
    ServerError,
    embedded,
    ensure_database,
)


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    """One data directory for the module: making a cluster takes a second. Each test starts and stops it."""
    with server_folder() as directory:
        (directory / "postgres" / "data.new" / "base").mkdir(
            parents=True
        )  # as an interrupted first start left it
        yield directory
        for server in (EmbeddedPostgres(directory), EmbeddedValkey(directory)):
            server.stop_leftover()


def running(var: Path) -> set[int]:
    """Every process of the servers of a data directory."""
    servers = (EmbeddedPostgres(var), EmbeddedValkey(var))
    return {pid for server in servers for pid in processes_in(server.directory, server.command)}


def sql(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query)  # type: ignore[call-overload]  # a test's own text
        return cursor.fetchall() if cursor.description else []


def test_the_servers_answer_on_unix_sockets_alone_and_the_owner_is_under_the_policies(var: Path) -> None:
    with embedded(var, fast=True) as urls:
        assert sql(urls.database_url, "SHOW server_version")[0][0].startswith("18")
        assert sql(urls.database_url, "SHOW listen_addresses") == [("",)]
        rights = "rolsuper, rolbypassrls, rolcreatedb, rolcreaterole"
        assert sql(urls.database_url, f"SELECT {rights} FROM pg_roles WHERE rolname = current_user") == [
            (False, False, False, True)
        ]
        assert sql(urls.database_url, "SELECT lower('ÄÉ'), current_database()") == [("äé", OWNER)]
        with redis.Redis.from_url(urls.redis_url, decode_responses=True) as client:
            assert client.config_get("port") == {"port": "0"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert running(var)
    assert running(var) == set()


def test_rights_that_somebody_gave_the_owner_are_taken_back_at_the_next_start(var: Path) -> None:
    with embedded(var, fast=True) as urls:
        sql(urls.superuser_url, f"ALTER ROLE {OWNER} SUPERUSER BYPASSRLS")
        ensure_database(urls.superuser_url, OWNER, OWNER)
        assert sql(
            urls.database_url, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ) == [(False,)]


def test_data_is_there_after_every_server_process_was_killed_and_its_number_given_to_another(
    var: Path,
) -> None:
    postgres, valkey = EmbeddedPostgres(var), EmbeddedValkey(var)
    for server in (postgres, valkey):
        server.start()
    ensure_database(postgres.superuser_url, OWNER, OWNER)
    sql(postgres.database_url, "CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (42)")
    with redis.Redis.from_url(valkey.redis_url) as client:
        client.set("kept", "yes")
    while pids := running(var):
        for pid in pids:
            kill(pid, signal.SIGKILL)
    for server in (postgres, valkey):
        server.stop()
    # the number now belongs to a stranger of the same user, whom PostgreSQL by itself would take for a server
    stranger = subprocess.Popen(["sleep", "60"], **identity(postgres.user))
    stale = postgres.directory / "postmaster.pid"
    stale.write_text("\n".join([str(stranger.pid), *stale.read_text().splitlines()[1:]]) + "\n")
    assert (postgres.sockets / ".s.PGSQL.5432").exists()
    try:
        with embedded(var, fast=True) as urls:
            assert sql(urls.database_url, "SELECT DISTINCT n FROM kept") == [(42,)]
            with redis.Redis.from_url(urls.redis_url) as client:
                assert client.get("kept") == b"yes"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_servers_that_outlived_their_owner_are_stopped_before_new_ones_start(var: Path) -> None:
    orphans = []
    for server in (EmbeddedPostgres(var, fast=True), EmbeddedValkey(var, fast=True)):
        server.prepare()
        who = identity(server.user)
        orphan = subprocess.Popen(
            server.argv, cwd="/", stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **who
        )
        orphans.append(orphan)
        assert wait_until(server.ready, 10)

    with embedded(var, fast=True) as urls:
        assert [orphan.wait(1) for orphan in orphans] == [0, 0], "asked to stop, not killed"
        assert sql(urls.database_url, "SELECT 1") == [(1,)]


def test_killing_the_program_that_started_the_servers_takes_them_along(var: Path) -> None:
    code = f"""
        import signal, time
        from pathlib import Path
        from webapp.kit.servers import embedded
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)  # as in a shell's background job
        with embedded(Path({str(var)!r}), fast=True):
            print("up", flush=True)
            time.sleep(60)
    """
    owner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "up\n"
    with pytest.raises(DirectoryInUse, match=f"in use by process {owner.pid}"), embedded(var):
        pass
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert wait_until(lambda: not running(var), 20), {
        pid: (Path("/proc") / str(pid) / "status").read_text() for pid in running(var)
    }


def test_a_cluster_of_another_version_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(ServerError, match=r"made by PostgreSQL 16, this is 18\. Export the data"):
        EmbeddedPostgres(tmp_path).prepare()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path)
    (tmp_path / "valkey" / "appendonlydir").mkdir(parents=True)
    (tmp_path / "valkey" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense")
    with pytest.raises(ServerError, match=r"(?s)valkey does not start.*valkey\.log.*AOF manifest"):
        valkey.start()
    assert valkey.pid == 0


@pytest.mark.parametrize("name", ["a" * 120, "with space", "with,comma"])
def test_a_path_that_no_socket_can_have_gets_a_private_short_one(tmp_path: Path, name: str) -> None:
    directory = socket_directory(tmp_path / name, ".s.PGSQL.5432")
    try:
        assert directory == socket_directory(tmp_path / name, ".s.PGSQL.5432")
        assert directory.stat().st_mode & 0o777 == 0o700
        with socket.socket(socket.AF_UNIX) as line:
            line.bind(str(directory / ".s.PGSQL.5432"))
        (directory / ".s.PGSQL.5432").unlink()
    finally:
        directory.rmdir()


def test_a_short_plain_path_keeps_its_sockets(tmp_path: Path) -> None:
    assert socket_directory(tmp_path / "run", "s") == tmp_path / "run"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_socket_directory_that_somebody_else_made_is_not_trusted(tmp_path: Path) -> None:
    wanted = tmp_path / ("a" * 120)
    directory = socket_directory(wanted, "s")
    try:
        os.chown(directory, 12345, -1)
        with pytest.raises(PermissionError, match="belongs to somebody else"):
            socket_directory(wanted, "s")
    finally:
        directory.rmdir()


def test_a_directory_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    code = f"""
        import time
        from pathlib import Path
        from webapp.kit.processes import DirectoryLock
        with DirectoryLock(Path({str(tmp_path)!r})):
            print("held", flush=True)
            time.sleep(60)
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert DirectoryLock(tmp_path).held()
    started = time.monotonic()
    with pytest.raises(DirectoryInUse, match=f"kill {holder.pid}"), DirectoryLock(tmp_path):
        pass
    assert time.monotonic() - started < 1, "somebody who lives is not waited for"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert not alive(holder.pid)
    with DirectoryLock(tmp_path) as lock:
        assert lock.holder() == os.getpid()
    assert not DirectoryLock(tmp_path).held()

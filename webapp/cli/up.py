"""`truckroll up`: the whole of Truckroll on this machine, under one supervisor."""

import errno
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

import click

from webapp.kit.processes import DirectoryInUse, DirectoryLock
from webapp.kit.servers import OWNER, EmbeddedPostgres, EmbeddedValkey, ServerError, ensure_database
from webapp.kit.supervisor import Program, Supervisor

ROOT = Path(__file__).resolve().parent.parent.parent
DEMO_PASSWORD = "truckroll-demo"  # noqa: S105  # printed on purpose; it exists only where `--demo` made it


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start, from the environment and the command line. It reads the environment itself, because the
    application's settings want the addresses of servers that are not up yet."""

    data_dir: Path
    host: str
    port: int
    workers: int
    web_processes: int
    demo: bool
    database_url: str  # empty: embedded
    redis_url: str  # empty: embedded

    @classmethod
    def load(cls, *, demo: bool, port: int, workers: int, web_processes: int) -> Self:
        env = os.environ
        host = env.get("TRUCKROLL_HOST", "127.0.0.1")
        return cls(
            data_dir=Path(env.get("TRUCKROLL_DATA_DIR") or ROOT / "var").resolve(),
            host="127.0.0.1" if demo else host,
            port=port,
            workers=workers,
            web_processes=web_processes,
            demo=demo,
            database_url=env.get("DATABASE_URL", ""),
            redis_url=env.get("REDIS_URL", ""),
        )

    @property
    def local_host(self) -> str:
        """The address under which this machine itself reaches the web."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # only recognised

    @property
    def address(self) -> str:
        host = f"[{self.local_host}]" if ":" in self.local_host else self.local_host
        return f"http://{host}:{self.port}"


@click.command()
@click.option("--demo", is_flag=True, help="Load a demo company with 90 days of history; only on 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", default=8000, show_default=True)
@click.option(
    "--workers",
    type=click.IntRange(0, 64),
    default=2,
    show_default=True,
    help="Background workers, beside one for webhooks.",
)
@click.option(
    "--web-processes",
    type=click.IntRange(1, 64),
    envvar="TRUCKROLL_WEB_PROCESSES",
    default=2,
    show_default=True,
    help="Processes that serve pages and APIs.",
)
def up(demo: bool, port: int, workers: int, web_processes: int) -> None:
    """Start everything and keep it running; Ctrl-C stops it, starting again finds its data.

    PostgreSQL and Valkey are brought along, unless DATABASE_URL and REDIS_URL name servers to use instead.

    \b
    Examples:
      truckroll up --demo
      truckroll up --port 8080 --workers 4
      DATABASE_URL=postgresql://truckroll@db/truckroll REDIS_URL=redis://cache truckroll up
    """
    plan = Plan.load(demo=demo, port=port, workers=workers, web_processes=web_processes)
    try:
        check_front_end()
        check_data_dir(plan.data_dir)
        with DirectoryLock(plan.data_dir):
            check_port(plan.host, plan.port)
            supervisor = Supervisor(programs(plan), on_ready=lambda: banner(plan))
            sys.exit(supervisor.run())
    except (DirectoryInUse, ServerError, OSError) as error:
        raise click.ClickException(str(error)) from None


def programs(plan: Plan) -> list[Program]:
    """Everything to run, in order. Raises ServerError when a server's package is missing."""
    found: list[Program] = []
    env = _environment(plan)
    postgres = None
    if not plan.database_url:
        postgres = EmbeddedPostgres(plan.data_dir)
        env["DATABASE_URL"] = postgres.database_url
        found.append(postgres.program())
    if not plan.redis_url:
        valkey = EmbeddedValkey(plan.data_dir)
        env["REDIS_URL"] = valkey.redis_url
        found.append(valkey.program())
    servers = tuple(program.name for program in found)

    def make_database() -> None:
        if postgres:
            ensure_database(postgres.superuser_url, OWNER, OWNER)

    init = ("init", "--demo") if plan.demo else ("init",)
    found.append(
        _command("init", *init, env=env, restart="never", start_after=servers, prepare=make_database)
    )
    web = _command("web", "web", env=env, start_after=("init",), ready=lambda: answers(plan))
    found.append(web)
    # the first page comes sooner when the others load the application after it
    for number in range(1, plan.workers + 1):
        name = "worker" if plan.workers == 1 else f"worker{number}"
        words = ("worker", *worker_queue(number, plan.workers))
        found.append(_command(name, *words, env=env, start_after=("web",), stop_timeout=20.0))
    if plan.workers:
        hooks = ("worker", "--queue", "hooks")
        found.append(_command("courier", *hooks, env=env, start_after=("web",), stop_timeout=20.0))
    found.append(_command("clock", "clock", env=env, start_after=("web",)))
    return found


def worker_queue(number: int, workers: int) -> tuple[str, ...]:
    """A worker's arguments: a single one does both queues, else every fourth from the second on the long one."""
    if workers == 1:
        return ()
    return ("--queue", "long" if number % 4 == 2 else "quick")


def _command(name: str, *words: str, **settings: object) -> Program:
    argv = [sys.executable, "-m", "webapp.cli", *words]
    return Program(name=name, argv=argv, cwd=ROOT, **settings)  # type: ignore[arg-type]  # Program checks names


def _environment(plan: Plan) -> dict[str, str]:
    return {
        "TRUCKROLL_DATA_DIR": str(plan.data_dir),
        "TRUCKROLL_HOST": plan.host,
        "PORT": str(plan.port),
        "TRUCKROLL_WEB_PROCESSES": str(plan.web_processes),
        "TRUCKROLL_DEMO": "1" if plan.demo else "",
        "PYTHONUNBUFFERED": "1",  # lines appear when they are written
        "PYTHONDONTWRITEBYTECODE": "",  # seven programs that each compile the application would start slowly
    }


def check_front_end() -> None:
    """Raises OSError with a sentence for a person when the pages' files were never built."""
    if not (ROOT / "static" / "dist" / "manifest.json").exists():
        raise OSError("The front end is not built. Type:  make assets")


def check_data_dir(path: Path) -> None:
    """Raises OSError with a sentence for a person when nothing can be written there."""
    probe = path / f".writable-{os.getpid()}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.write_text("written")
        probe.unlink()
    except OSError as error:
        reason = {errno.EEXIST: "a file has this name", errno.ENOTDIR: "a file is in the way"}.get(
            error.errno or 0, str(error.strerror)
        )
        raise OSError(
            f"The data directory {path} cannot be written: {reason}. Mend that, or name another one in TRUCKROLL_DATA_DIR."
        ) from None


def check_port(host: str, port: int) -> None:
    """Raises OSError with a sentence for a person when nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            reasons: Mapping[int | None, str] = {
                errno.EADDRINUSE: f"Port {port} on {host} is taken by another program.",
                errno.EACCES: f"Port {port} needs more rights than you have.",
                errno.EADDRNOTAVAIL: f"This machine has no address {host}; see TRUCKROLL_HOST.",
            }
            reason = reasons.get(error.errno, f"Cannot listen on {host} port {port}: {error.strerror}.")
            if error.errno == errno.EADDRNOTAVAIL:
                raise OSError(reason) from None
            another = port + 1 if 1024 <= port < 65535 else 8001
            raise OSError(f"{reason} Choose another one, as PORT or with --port: {another}") from None


def answers(plan: Plan) -> bool:
    """Whether the web says that it is healthy."""
    connection = HTTPConnection(plan.local_host, plan.port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def banner(plan: Plan) -> str:
    """What a person needs to know once everything runs."""
    lines = ["", f"  Truckroll is ready:  {plan.address}", ""]
    if plan.demo:
        technicians = "tech1 … tech8"
        lines += [
            "  Business code        DEMO  (OTHER is a second, separate company)",
            f"  Users                admin, manager, dispatcher, payroll, {technicians}",
            f"  Password             {DEMO_PASSWORD}",
            "",
        ]
    return "\n".join([*lines, "  Ctrl-C stops everything.", ""])

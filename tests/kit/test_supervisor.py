"""The supervisor, run for real with small programs: what a person sees, and what a kill leaves."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import server_folder
from webapp.kit.processes import alive, children, kill, wait_until

BEGIN = """
import os, signal, sys, time
from pathlib import Path
from webapp.kit.supervisor import Program, Supervisor
TOKEN = sys.argv[1]
def program(name, code, **settings):
    settings.setdefault("stop_timeout", 5.0)
    return Program(name, [sys.executable, "-I", "-S", "-u", "-c", BEGIN + code, TOKEN], **settings)
BEGIN = '''
import os, signal, sys, time
def on_term(say, after=0):
    def leave(*_):
        time.sleep(after)
        print(say)
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
'''
def run(*programs):
    sys.exit(Supervisor(programs, on_ready=lambda: "all ready").run())
"""
DEEP = """
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.fork()
    time.sleep(60)
time.sleep(60)
"""
"""Code of a program with a child in a session of its own and a grandchild, both deaf to being asked."""


class Run:
    """A supervisor in a process of its own, and every process that came of it."""

    def __init__(self, code: str) -> None:
        self.token = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, "-c", BEGIN + textwrap.dedent(code), self.token],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.seen = ""

    def until(self, text: str) -> str:
        """Reads the output until a line holds `text`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen += line
            if text in line:
                return line
        raise AssertionError(f"{text!r} never came:\n{self.seen}")

    def end(self) -> int:
        """The exit code, after reading the rest."""
        assert self.process.stdout is not None
        self.seen += self.process.stdout.read()
        return self.process.wait(10)

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.end()

    def processes(self) -> set[int]:
        """All that carry our token in their command line."""
        found = set()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.token.encode() in (entry / "cmdline").read_bytes():
                    found.add(int(entry.name))
            except OSError:
                continue
        return {pid for pid in found if alive(pid)}

    def gone(self, seconds: float = 3.0) -> bool:
        return wait_until(lambda: not self.processes(), seconds)


@pytest.fixture
def start() -> Iterator[type[Run]]:
    runs: list[Run] = []

    class Tracked(Run):
        def __init__(self, code: str) -> None:
            super().__init__(code)
            runs.append(self)

    yield Tracked
    for run in runs:
        for pid in run.processes():
            kill(pid, signal.SIGKILL)
        run.process.wait()
        assert run.process.stdout is not None
        run.process.stdout.close()


def test_programs_start_in_order_show_who_speaks_and_stop_in_reverse(start: type[Run]) -> None:
    run = start("""
        run(
            program("web", "on_term('web leaves', 0.3); print('hello'); time.sleep(60)", start_after=("init",)),
            program("init", "print('half a line', end='')", restart="never", start_after=("db",)),
            program("db", "on_term('db leaves'); print('up'); time.sleep(60)",
                    ready=lambda: time.sleep(0.05) or True),
        )
    """)
    run.until("web  | hello")
    assert run.stop() == 0
    lines = [line for line in run.seen.splitlines() if "|" in line or line == "all ready"]
    assert [line for line in lines if line != "all ready"] == [
        "db   | up",
        "init | half a line",
        "web  | hello",
        "web  | web leaves",
        "db   | db leaves",
    ]
    assert "all ready" in lines
    assert re.search(r"db is ready \(\d\.\d s\)", run.seen)
    assert run.gone(0)


@pytest.mark.parametrize("victim", ["guardian", "supervisor"])
def test_kill_9_leaves_no_process_behind_however_deep(start: type[Run], victim: str) -> None:
    run = start(f"""
        run(
            program("db", "print('up'); time.sleep(60)"),
            program("web", "print('deep');" + {DEEP!r}, start_after=("db",)),
            program("deaf", "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)",
                    start_after=("web",)),
        )
    """)
    run.until("deaf")
    assert wait_until(lambda: len(run.processes()) == 7, 3)
    (supervisor,) = children(run.process.pid)
    os.kill(run.process.pid if victim == "guardian" else supervisor, signal.SIGKILL)
    assert run.gone(5.0)  # about 3 on a machine with nothing else to do
    assert run.end() == (-signal.SIGKILL if victim == "guardian" else 1)


def test_a_killed_program_starts_again_without_the_workers_it_left(start: type[Run]) -> None:
    run = start(f"""
        run(program("web", "print('pid', os.getpid());" + {DEEP!r}))
    """)
    first = int(run.until("pid").split()[-1])
    assert wait_until(lambda: len(run.processes()) == 5, 3)
    before = run.processes()
    os.kill(first, signal.SIGKILL)
    run.until("web ended unexpectedly (killed by SIGKILL)")
    run.until("starts again in 0.5 s")
    second = int(run.until("pid").split()[-1])
    assert wait_until(lambda: len(run.processes()) == 5, 3)
    assert len(run.processes() & before) == 2, "guardian and supervisor stay, nothing else does"
    assert second != first
    assert run.stop() == 0
    assert run.gone(0)


def test_a_step_that_fails_stops_everything(start: type[Run]) -> None:
    run = start("""
        run(
            program("db", "on_term('db leaves'); print('up'); time.sleep(60)"),
            program("init", "print('no such column'); sys.exit(3)", restart="never", start_after=("db",)),
            program("web", "print('never')", start_after=("init",)),
        )
    """)
    assert run.end() == 1
    assert "init | no such column" in run.seen
    assert "init failed (exit code 3); stopping." in run.seen
    assert "never" not in run.seen
    assert run.gone(0)


def test_a_program_that_always_ends_before_it_is_ready_is_given_up(start: type[Run]) -> None:
    run = start("""
        run(program("web", "print('cannot listen'); sys.exit(1)", ready=lambda: False))
    """)
    assert run.end() == 1
    assert run.seen.count("web | cannot listen") == 3


def test_a_reason_not_to_start_is_said_at_once(start: type[Run]) -> None:
    run = start("""
        def prepare():
            raise RuntimeError("the cluster is of another version")
        run(program("db", "", prepare=prepare))
    """)
    assert run.end() == 1
    assert "db cannot start: the cluster is of another version" in run.seen


def test_a_program_that_is_not_ready_in_time_shows_its_log_and_stops_all(
    start: type[Run], tmp_path: Path
) -> None:
    run = start(f"""
        run(program("db", "print('recovering'); time.sleep(60)", ready=lambda: False, ready_timeout=0.3,
                    log=Path({str(tmp_path / "log" / "db.log")!r})))
    """)
    assert run.end() == 1
    assert "db is not ready after 0 s." in run.seen
    assert "db | recovering" in run.seen


def test_a_program_that_does_not_stop_is_killed_after_its_time(start: type[Run]) -> None:
    run = start("""
        run(program("deaf", "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)",
                    stop_timeout=0.3))
    """)
    run.until("| deaf")
    assert run.stop(signal.SIGTERM) == 0
    assert "deaf does not stop; killing it." in run.seen


def test_a_second_ctrl_c_kills_at_once(start: type[Run]) -> None:
    run = start("""
        run(program("deaf", "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)",
                    stop_timeout=60))
    """)
    run.until("| deaf")
    run.process.send_signal(signal.SIGINT)
    run.until("Once more kills.")
    started = time.monotonic()
    assert run.stop() == 0
    assert time.monotonic() - started < 5
    assert run.gone(0)


def test_a_reader_that_leaves_stops_everything(start: type[Run]) -> None:
    run = start("""
        run(program("web", "print('up')\\nwhile True: time.sleep(0.02); print('more')"))
    """)
    run.until("up")
    assert run.process.stdout is not None
    run.process.stdout.close()
    assert run.process.wait(5) == 0
    assert run.gone(0)
    run.process.stdout = Path(os.devnull).open()  # noqa: SIM115  # closed by the fixture


def test_unknown_and_double_names_are_refused() -> None:
    from webapp.kit.supervisor import Program, Supervisor

    with pytest.raises(ValueError, match="nobody"):
        Supervisor([Program("web", ["true"], start_after=("nobody",))])
    with pytest.raises(ValueError, match="twice"):
        Supervisor([Program("web", ["true"]), Program("web", ["true"])])


@pytest.fixture
def folder() -> Iterator[Path]:
    with server_folder() as made:
        yield made


def test_a_killed_database_server_is_started_again_and_finds_its_data(folder: Path, start: type[Run]) -> None:
    run = start(f"""
        from webapp.kit.servers import EmbeddedPostgres
        server = EmbeddedPostgres(Path({str(folder)!r}), fast=True)
        print(server.superuser_url, flush=True)
        run(server.program())
    """)
    import psycopg

    url = run.until("postgresql://").strip()
    run.until("postgres is ready")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = on")  # `fast` has it off
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    postmaster = int((folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    run.until("ended unexpectedly")
    run.until("postgres is ready")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)
    assert run.stop() == 0
    assert not alive(int(postmaster))

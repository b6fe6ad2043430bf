"""The command line as a person meets it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from webapp.cli import COMMANDS, main
from webapp.cli.up import Plan, banner, programs
from webapp.kit.processes import DirectoryLock

ROOT = Path(__file__).resolve().parent.parent.parent


def truckroll(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own, without the servers that the tests' environment names."""
    environment = {
        k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "PORT"}
    } | env
    argv = [sys.executable, "-m", "webapp.cli", *words]
    return subprocess.run(
        argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def plan(tmp_path: Path, **changes: object) -> Plan:
    settings = {"data_dir": tmp_path, "host": "127.0.0.1", "port": 8000, "workers": 2, "web_processes": 2}
    return Plan(**{**settings, "demo": False, "database_url": "", "redis_url": "", **changes})  # type: ignore[arg-type]


def test_help_names_every_command_without_loading_the_application() -> None:
    code = "import sys, webapp.cli; webapp.cli.main(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    text, loaded = done.stdout.rsplit("\n", 2)[0], set(done.stdout.rsplit("\n", 2)[1].split())
    assert all(f"  {name} " in text for name in COMMANDS)
    assert loaded.isdisjoint({"flask", "sqlalchemy", "psycopg", "redis"})


@pytest.mark.parametrize("name", ["up", "doctor"])
def test_a_commands_help_shows_an_example(name: str) -> None:
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0
    assert f"truckroll {name}" in done.output.split("Example", 1)[1]


def test_a_command_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "fly", ("webapp.cli.no_such_module:fly", "Fly."))
    done = CliRunner().invoke(main, ["fly"])
    assert (done.exit_code, done.output) == (1, "Error: `truckroll fly` is not part of this installation.\n")
    assert CliRunner().invoke(main, ["--help"]).exit_code == 0


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = truckroll("up", "--port", str(port), TRUCKROLL_DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"Error: Port {port} on 127.0.0.1 is taken by another program. Choose another one, as PORT or with --port:"
    )
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("place", ["", "deeper"])
def test_a_data_directory_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("no directory")
    done = truckroll("up", TRUCKROLL_DATA_DIR=str(tmp_path / "file" / place))
    assert done.returncode == 1
    reason = "a file is in the way" if place else "a file has this name"
    assert done.stderr == (
        f"Error: The data directory {tmp_path / 'file' / place} cannot be written: {reason}. Mend that, or name another"
        " one in TRUCKROLL_DATA_DIR.\n"
    )


def test_a_dead_database_is_said_in_a_sentence(tmp_path: Path) -> None:
    done = truckroll("init", TRUCKROLL_DATA_DIR=str(tmp_path), DATABASE_URL="postgresql://x@127.0.0.1:1/x",
                     REDIS_URL="redis://127.0.0.1:1")  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The database does not answer, see DATABASE_URL: connection failed:")
    assert "Traceback" not in done.stderr


def test_pages_that_were_never_built_are_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.cli.up.ROOT", tmp_path)
    monkeypatch.setenv("TRUCKROLL_DATA_DIR", str(tmp_path / "data"))
    done = CliRunner().invoke(main, ["up"])
    assert (done.exit_code, done.output) == (1, "Error: The front end is not built. Type:  make assets\n")
    assert not (tmp_path / "data").exists()


def test_two_of_them_never_share_a_data_directory(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path):
        done = truckroll("up", TRUCKROLL_DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert f"{tmp_path} is in use by process {os.getpid()}." in done.stderr


def test_the_demo_is_served_to_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUCKROLL_HOST", "0.0.0.0")
    demo = Plan.load(demo=True, port=8000, workers=1, web_processes=1)
    real = Plan.load(demo=False, port=8000, workers=1, web_processes=1)
    assert (demo.host, real.host) == ("127.0.0.1", "0.0.0.0")
    assert real.address == "http://127.0.0.1:8000"


def test_servers_that_the_environment_names_are_used_instead_of_the_embedded_ones(tmp_path: Path) -> None:
    own = [p.name for p in programs(plan(tmp_path))]
    assert own == ["postgres", "valkey", "init", "web", "worker1", "worker2", "courier", "clock"]
    given = programs(plan(tmp_path, database_url="postgresql://db/x", redis_url="redis://cache"))
    assert [p.name for p in given] == ["init", "web", "worker1", "worker2", "courier", "clock"]


def test_the_banner_tells_the_demo_sign_ins_only_in_the_demo(tmp_path: Path) -> None:
    shown = banner(plan(tmp_path, demo=True, port=8123))
    for part in ("http://127.0.0.1:8123", "DEMO", "OTHER", "dispatcher", "tech8", "truckroll-demo"):
        assert part in shown
    assert "truckroll-demo" not in banner(plan(tmp_path))


def test_the_doctor_says_what_is_missing_and_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the directory should be")
    done = truckroll(
        "doctor", TRUCKROLL_DATA_DIR=str(tmp_path / "var" / "data"), DATABASE_URL="postgresql:///x?host=/n"
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert any(line.startswith("OK") and "Python 3.11 or newer" in line for line in lines)
    at = next(i for i, line in enumerate(lines) if line.startswith("MISSING") and "Data directory" in line)
    assert "→ sudo chown" in lines[at + 1]
    assert any(line.startswith("MISSING") and "PostgreSQL" in line for line in lines)
    assert lines[-1].endswith("to mend.")

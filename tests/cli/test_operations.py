"""docs/operations.md, run as it stands on servers that ask for passwords as a company's do: the backup, the restore, the
rotation of the keys, the systemd units."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.conftest import SECRET
from tests.factories.world import Company, make_company
from tests.processes import server_folder
from webapp import create_app
from webapp.accounts.service import factors, sessions
from webapp.audit import chain
from webapp.config import ROOT, Settings
from webapp.kit import files, journal, schema
from webapp.kit.db import db
from webapp.kit.processes import DirectoryLock
from webapp.kit.servers import EmbeddedPostgres, EmbeddedValkey
from webapp.messaging import queries as messages
from webapp.messaging import service as messaging
from webapp.models import Message, User

PAGE = (ROOT / "docs" / "operations.md").read_text()
NEW_KEY = "another-secret-0123456789abcdef0123456789abcdef"
OWNER, BACKUP = "owner-password", "backup-password"


def block(starting_with: str) -> str:
    """The fenced commands of the page that begin so."""
    found = [b for b in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if b.startswith(starting_with)]
    assert len(found) == 1, f"{len(found)} blocks begin with {starting_with}"
    return str(found[0])


@dataclass(slots=True)
class Machine:
    """A PostgreSQL that asks for passwords, a Valkey, and a data directory."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    data_dir: Path

    def url(self, user: str, password: str, database: str) -> str:
        word = f":{password}" if password else ""
        return f"postgresql://{user}{word}@/{database}?host={self.postgres.sockets}&port=5432"

    def settings(self, database: str, *keys: str) -> Settings:
        return Settings(database_url=self.url("truckroll", OWNER, database), redis_url=self.valkey.redis_url,
                        secret_keys=keys or (SECRET,), data_dir=self.data_dir, environment="test",
                        argon2_memory_kib=64, principal_cache_seconds=0.0)  # fmt: skip

    def environment(self, database: str, *keys: str) -> dict[str, str]:
        """What a production's environment holds."""
        path = [str(self.postgres.binaries), str(ROOT / ".venv" / "bin"), os.environ["PATH"]]
        return os.environ | {
            "PATH": ":".join(path), "DATABASE_URL": self.url("truckroll", OWNER, database),
            "REDIS_URL": self.valkey.redis_url, "TRUCKROLL_SECRET_KEYS": " ".join(keys or (SECRET,)),
            "TRUCKROLL_DATA_DIR": str(self.data_dir), "TRUCKROLL_ENV": "production",
            "ADMIN_URL": self.url("postgres", "", "postgres"), "OWNER_PASSWORD": OWNER, "BACKUP_PASSWORD": BACKUP,
        }  # fmt: skip


@contextmanager
def machine() -> Iterator[Machine]:
    with server_folder() as folder, DirectoryLock(folder):
        postgres, valkey = EmbeddedPostgres(folder, fast=True), EmbeddedValkey(folder, fast=True)
        postgres.prepare()
        (postgres.directory / "pg_hba.conf").write_text(
            "local all postgres trust\nlocal all all scram-sha-256\n"
        )
        valkey.start()
        postgres.start()
        try:
            yield Machine(postgres, valkey, folder / "data")
        finally:
            postgres.stop()
            valkey.stop()


def run(commands: str, env: dict[str, str], *, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-euo", "pipefail", "-c", commands], env=env, cwd=cwd, capture_output=True,
                          text=True, check=False)  # fmt: skip


def done(commands: str, env: dict[str, str]) -> str:
    """What the commands print; they succeed."""
    said = run(commands, env)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


@dataclass(slots=True)
class Living:
    """A company with a file, a second factor, and a mail that holds a link, on a machine that is backed up."""

    machine: Machine
    company: Company
    totp: str
    file: int
    mail: int


@pytest.fixture(scope="module")
def living(stack: ExitStack) -> Living:
    here = stack.enter_context(machine())
    env = here.environment("truckroll")
    with psycopg.connect(env["ADMIN_URL"], autocommit=True) as admin:
        admin.execute(f"CREATE ROLE truckroll LOGIN CREATEROLE PASSWORD '{OWNER}'".encode())
        admin.execute("CREATE DATABASE truckroll OWNER truckroll")
    done("truckroll init", env)
    settings = here.settings("truckroll")
    company = make_company(create_app(settings))
    with company.acting("manager") as who:
        file = files.store("plan.txt", "text/plain", b"the plan", purpose="test")
        mail = messaging.send_email("sam@example.com", "Sam", "A link", "open it", secret=True)
        totp = factors.begin_totp(db.session.get_one(User, (company.tenant_id, who.id)))
        chain.export_head()
    return Living(here, company, totp, file.id, mail.id)


def counts(url: str) -> dict[str, int]:
    """Rows of every table, seen by a superuser."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        ).fetchall()
        return {
            str(name): connection.execute(f'select count(*) from "{name}"'.encode()).fetchone()[0]  # type: ignore[index]
            for (name,) in names
        }


def check(company: Company, living: Living) -> None:
    """The company works: people sign in, read a file and a sealed mail, and codes from the app are right."""
    browser = company.sign_in("admin")
    assert browser.get("/settings/audit-log").status_code == 200
    with company.acting("admin") as who:
        assert files.read(files.find(living.file)) == b"the plan"
        assert (
            messages.content(db.session.get_one(Message, (company.tenant_id, living.mail))).body == "open it"
        )
        manager = db.session.get_one(User, (company.tenant_id, company.users["manager"]))
        assert factors.begin_totp(manager) == living.totp
        assert who.tenant_id == company.tenant_id
        assert chain.verify().broken == ""


def test_a_dump_made_as_the_owner_is_refused_or_empty_as_the_page_warns(
    living: Living, tmp_path: Path
) -> None:
    env = living.machine.environment("truckroll") | {"DUMP": str(tmp_path / "dump")}
    refused = run('pg_dump -Fc -f "$DUMP" "$DATABASE_URL"', env)
    assert refused.returncode != 0
    assert "row-level security" in refused.stderr
    rows = done('pg_dump --enable-row-security --data-only -t users "$DATABASE_URL"', env)
    assert "COPY public.users" in rows
    assert "Manager Person" not in rows


def test_the_backup_is_restored_on_another_machine_as_written(living: Living, tmp_path: Path) -> None:
    kept = tmp_path / "backup"
    env = living.machine.environment("truckroll") | {"BACKUP": str(kept)}
    env["BACKUP_URL"] = living.machine.url("truckroll_backup", BACKUP, "truckroll")
    done(block('psql "$ADMIN_URL" -c "CREATE ROLE truckroll_backup'), env)
    done(block("mkdir -p"), env)
    before = counts(living.machine.url("postgres", "", "truckroll"))

    with machine() as there:
        env = there.environment("truckroll_restored") | {
            "BACKUP": str(kept),
            "RESTORED_DATA_DIR": str(there.data_dir),
        }
        env["RESTORED_URL"] = env.pop("DATABASE_URL")
        done(block('psql "$ADMIN_URL" -c "CREATE ROLE truckroll LOGIN'), env)
        said = done(block("pg_restore"), env)
        assert f"{living.company.code}: " in said
        assert " entries intact" in said
        assert " 1 exported heads agree" in said
        assert counts(there.url("postgres", "", "truckroll_restored")) == before
        # the disaster came an hour after the backup: what it cost is told by the heads that were kept elsewhere
        with living.company.acting("manager"):
            journal.audit("sale.approved", record_type="sale", record_id=1)
        with living.company.acting("manager"):
            chain.export_head()
        shutil.copytree(
            living.machine.data_dir / "audit-heads", there.data_dir / "audit-heads", dirs_exist_ok=True
        )
        told = run("truckroll audit verify", env | {"DATABASE_URL": env["RESTORED_URL"]})
        assert told.returncode == 1
        assert "were exported once and are gone" in told.stdout
        shutil.copytree(
            kept / "audit-heads", there.data_dir / "audit-heads", dirs_exist_ok=True
        )  # and on it goes

        restored = there.settings("truckroll_restored")
        with psycopg.connect(restored.app_database_url) as connection:
            schema.refuse_unsafe_role(connection)
        check(
            Company(
                create_app(restored), living.company.tenant_id, living.company.code, living.company.users
            ),
            living,
        )


def test_the_secret_keys_are_rotated_as_written(living: Living) -> None:
    here, company = living.machine, living.company
    # in this one process the copy that was restored has sessions of the same numbers
    sessions._cache.forget(lambda who: True)
    old_session = company.sign_in("dispatcher")
    keys = (NEW_KEY, SECRET)
    env = here.environment("truckroll", *keys)
    both = here.settings("truckroll", *keys)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(both.app_database_url)
    assert done("truckroll init", env) == ""
    turned = Company(create_app(both), company.tenant_id, company.code, company.users)
    check(turned, living)
    cookie = old_session.get_cookie("truckroll")
    assert cookie is not None
    still = turned.app.test_client()
    still.set_cookie("truckroll", cookie.value)
    answer = still.get("/customers")
    assert answer.status_code == 200, f"signed out by the rotation: {answer.headers}"

    assert (
        done(block("truckroll init --rewrite-secrets"), env)
        == "Secrets encrypted anew under the first key: 2.\n"
    )
    assert (
        done(block("truckroll init --rewrite-secrets"), env)
        == "Secrets encrypted anew under the first key: 0.\n"
    )

    only = here.settings("truckroll", NEW_KEY)
    check(Company(create_app(only), company.tenant_id, company.code, company.users), living)
    lost = run("truckroll init --rewrite-secrets", here.environment("truckroll", SECRET))
    assert lost.returncode == 1
    assert "2 secrets cannot be read with any key" in lost.stderr
    done("truckroll init", here.environment("truckroll", NEW_KEY))


def test_the_systemd_units_are_right(tmp_path: Path) -> None:
    units = re.findall(r"```ini\n# /etc/systemd/system/(\S+)\n(.*?)```", PAGE, re.DOTALL)
    assert [name for name, _ in units] == [
        "truckroll-web.service",
        "truckroll-worker@.service",
        "truckroll-clock.service",
    ]
    analyze = shutil.which("systemd-analyze")
    for name, text in units:
        commands = re.findall(r"^Exec\w+=(\S+) (.*)$", text, re.MULTILINE)
        assert commands, name
        for program, words in commands:
            assert program == "/opt/truckroll/.venv/bin/truckroll"
            help_ = run(f".venv/bin/truckroll {words.replace('%i', 'quick')} --help", dict(os.environ))
            assert help_.returncode == 0, help_.stderr
        # the user, the folders and PostgreSQL's own unit are not on this machine
        there = text.replace("/opt/truckroll/.venv/bin", str(ROOT / ".venv" / "bin")).replace(
            "/opt/truckroll", str(ROOT)
        )
        there = there.replace("User=truckroll", "User=root").replace("/etc/truckroll.env", "/dev/null")
        (tmp_path / name).write_text(there.replace("@.", "@quick."))
    if analyze:
        for name, _ in units:
            told = run(f"{analyze} verify --man=no {tmp_path}/{name}", dict(os.environ))
            ours = [line for line in told.stderr.splitlines() if "truckroll" in line]
            assert ours == [], told.stderr


IN_TRANSIT = {
    "webapp/accounts/flows.py",
    "webapp/accounts/views/providers.py",
}  # a cookie, an address: of minutes


def test_every_secret_at_rest_is_declared() -> None:
    from webapp.kit import secrets

    encrypting = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "webapp").rglob("*.py")
        if "crypto.encrypt(" in (text := path.read_text()) and "secrets.declare(" not in text
    }
    assert encrypting == IN_TRANSIT, "say which column it goes to, or that it is kept nowhere"
    assert {"users", "messages", "idempotency_keys"} <= set(secrets.tables())

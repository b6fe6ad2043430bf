"""Every kind of job that the application registers, as it is met in the night (`night.py`): what is there before, and
what must be there once afterwards, although the worker was killed in the middle.

A new kind of job needs a scene here; `test_every_kind.py` says so.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from tests.factories import dispatch as dispatching
from tests.factories import sales
from tests.factories.world import Company
from tests.messaging.test_delivery import Mailbox, Provider
from webapp.accounts import queries as accounts
from webapp.appointments.service import telling
from webapp.audit import chain
from webapp.downloads import service as downloads
from webapp.imports import service as imports
from webapp.kit import clock, files, ids, jobs
from webapp.kit.db import add, db, get
from webapp.kit.tables import IdempotencyKey, Job, StoredFile
from webapp.messaging import service as messaging
from webapp.models import (
    Download,
    Import,
    ImportRow,
    Item,
    Message,
    Notice,
    OneTimeToken,
    PayPeriod,
    PositionReport,
    RoutePlan,
    Sale,
    Skill,
    TechnicianSkill,
    TimeEntry,
    UserSession,
    VisitMessage,
)
from webapp.routing import service as routing
from webapp.sales.queries import sales as sale_queries
from webapp.sales.service import tallies

END = "end"  # everything is done, nothing of the last piece is committed
PIECE = "piece"  # the first piece is committed, the second begins
ROWS = 5  # more than two pieces of the size below

SMALL: Mapping[str, int] = {
    "jobs.sales:PIECE": 2,
    "jobs.phone:BATCH": 2,
    "jobs.schedule:BATCH": 2,
    "webapp.integrations.service.keeping:BATCH": 2,
    "webapp.integrations.connectors.service.keeping:BATCH": 2,
    "jobs.sla:PIECE": 2,
    "webapp.dispatch.service.recurring:PIECE": 2,
    "webapp.sla.service.watch:PIECE": 2,
    "webapp.imports.engine:PIECE": 2,
}
"""How large a piece is in the night's workers."""


@dataclass(slots=True)
class World:
    """What stands around the workers."""

    mailbox: Mailbox
    provider: Provider
    files: Path


Arrange = Callable[[Company], Any]
Check = Callable[[Company, World, Any], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """One kill. `arrange` leaves one job of the kind due and gives what `check` needs; `audits` and `events` are all
    that the job writes, by name."""

    name: str
    kind: str
    point: str
    arrange: Arrange
    check: Check
    audits: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)


SCENES: list[Scene] = []


def scene(
    kind: str, check: Check, *points: str, name: str = "", audits: Mapping[str, int] | None = None,
    events: Mapping[str, int] | None = None,
) -> Callable[[Arrange], Arrange]:  # fmt: skip
    """Register what arranges a kind of job, to be killed at each of the points."""

    def register(arrange: Arrange) -> Arrange:
        for point in points:
            SCENES.append(Scene(f"{name or kind} at the {point}", kind, point, arrange, check,
                                Counter(audits or {}), Counter(events or {})))  # fmt: skip
        return arrange

    return register


def due(company: Company, kind: str) -> None:
    """Make an organization's own recurring job due now."""
    with company.acting():
        mine = (Job.tenant_id == company.tenant_id, Job.kind == kind, Job.dedupe_key == "every")
        changed = db.session.execute(
            update(Job).where(*mine, Job.status == "waiting").values(run_after=clock.now())
        )
        assert changed.rowcount == 1, f"{kind} does not wait in a new organization"  # type: ignore[attr-defined]


def count(company: Company, model: Any, *conditions: Any) -> int:
    with company.acting():
        statement = (
            select(func.count()).select_from(model).where(model.tenant_id == company.tenant_id, *conditions)
        )
        return int(db.session.scalar(statement) or 0)


# Mail and text messages -------------------------------------------------------------------------------------------


def mails_to(world: World, address: str) -> list[str]:
    """The Message-IDs of all mails that reached an address."""
    return [str(m["Message-ID"]) for m in world.mailbox.mails if address in str(m["To"])]


def check_mail(company: Company, world: World, address: str) -> None:
    ids_seen = mails_to(world, address)
    assert len(ids_seen) == 2, "killed after the server took it: it goes out again"
    assert len(set(ids_seen)) == 1, "under the same id"
    check_message(company, address)


def check_text(company: Company, world: World, number: str) -> None:
    seen = [headers["Idempotency-Key"] for _, form, headers in world.provider.calls if form["To"] == number]
    assert len(seen) == 2
    assert len(set(seen)) == 1
    check_message(company, number)


def check_message(company: Company, address: str) -> None:
    with company.acting():
        message = db.session.scalars(select(Message).where(Message.to_address == address)).one()
        assert (message.status, message.attempts) == ("sent", 2)


SENT = {"audits": {"message.sent": 1}, "events": {"message.sent": 1}}


@scene(messaging.DELIVER, check_mail, END, name="a mail", **SENT)
def mail(company: Company) -> str:
    address = f"{ids.token(8, 'abcdefgh')}@example.com"
    with company.acting("manager"):
        messaging.send_email(address, "Sam", "Your statement", "Hello Sam")
    return address


@scene(messaging.DELIVER, check_text, END, name="a text message", **SENT)
def text(company: Company) -> str:
    number = f"+1404555{ids.token(4, '0123456789')}"
    with company.acting("manager"):
        messaging.send_sms(number, "We are on our way")
    return number


def check_reset(company: Company, world: World, address: str) -> None:
    assert count(company, OneTimeToken, OneTimeToken.purpose == "reset") == 1
    assert count(company, Message, Message.to_address == address) == 1
    assert len(mails_to(world, address)) == 1


@scene("accounts.password_reset", check_reset, END,
       audits={"message.queued": 1, "user.password_reset_asked": 1, "message.sent": 1},
       events={"message.sent": 1})  # fmt: skip
def password_reset(company: Company) -> str:
    with company.acting():
        jobs.add("accounts.password_reset", {"name": "manager"})
    return f"manager@{company.code.lower()}.example.com"


# Files in and out -------------------------------------------------------------------------------------------------


def check_download(company: Company, world: World, download_id: int) -> None:
    with company.acting("manager"):
        made = db.session.scalars(select(Download)).one()
        assert (made.id, made.status) == (download_id, "ready")
        file = files.find(made.file_id or 0)
        assert files.read(file).count(b"\n") == ROWS + 1
    assert count(company, StoredFile) == 1
    assert count(company, Notice) == 1


@scene("downloads.make", check_download, END)
def download(company: Company) -> int:
    with company.acting("manager"):
        for n in range(ROWS):
            sales.item(f"Item {n}")
        return downloads.request("items.csv").id


def check_expired(company: Company, world: World, path: str) -> None:
    with company.acting():
        assert db.session.scalars(select(Download)).one().status == "expired"
    assert count(company, StoredFile) == 0
    assert not (world.files / path).exists()


@scene("downloads.expire", check_expired, END)
def expired(company: Company) -> str:
    long_ago = clock.now() - timedelta(days=downloads.KEPT_DAYS + 1)
    with clock.at(long_ago), company.acting("manager") as who:
        kept = files.store("old.csv", "text/csv", b"a,b\n", purpose="download")
        add(Download(user_id=who.id, kind="items.csv", title="Old", status="ready", file_id=kept.id))
        path = kept.path
    due(company, "downloads.expire")
    return path


def uploaded(company: Company) -> int:
    lines = "".join(f"Pump {n},P-{n},{n}.00\n" for n in range(ROWS))
    with company.acting("manager"):
        record = imports.upload("items", "items.csv", f"Name,Code,Price\n{lines}".encode())
        imports.map_columns(record.id, record.mapping)
        return record.id


def check_checked(company: Company, world: World, import_id: int) -> None:
    with company.acting():
        record = db.session.scalars(select(Import)).one()
        assert (record.id, record.status, record.rows_total, record.rows_new) == (
            import_id,
            "checked",
            ROWS,
            ROWS,
        )
        numbers = list(db.session.scalars(select(ImportRow.row_number).order_by(ImportRow.row_number)))
        assert numbers == sorted(set(numbers))
        assert len(numbers) == ROWS
    assert count(company, Item) == 0


@scene("imports.check", check_checked, END, PIECE)
def import_check(company: Company) -> int:
    return uploaded(company)


def check_written(company: Company, world: World, import_id: int) -> None:
    with company.acting():
        assert sorted(db.session.scalars(select(Item.code))) == [f"P-{n}" for n in range(ROWS)]
        record = db.session.get(Import, (company.tenant_id, import_id))
        assert record is not None
        assert (record.status, record.options["written"]) == ("done", {"new": ROWS})
    assert count(company, Notice) == 1


@scene("imports.write", check_written, END, PIECE, audits={"item.created": ROWS, "import.done": 1},
       events={"item.created": ROWS})  # fmt: skip
def import_write(company: Company) -> int:
    number = uploaded(company)
    with company.app.app_context():
        jobs.drain(jobs.LONG, company.tenant_id)
    with company.acting("manager"):
        imports.confirm(number)
    return number


def check_removed(company: Company, world: World, paths: list[str]) -> None:
    with company.acting():
        assert [f.name for f in db.session.scalars(select(StoredFile))] == ["kept"]
    assert [path for path in paths if (world.files / path).exists()] == paths[-1:]


@scene("files.remove_expired", check_removed, END, PIECE)
def remove_expired(company: Company) -> list[str]:
    with company.acting():
        paths = [
            files.store("old", "text/plain", b"x", purpose="test", delete_after=clock.now()).path
            for _ in range(ROWS)
        ]
        paths.append(files.store("kept", "text/plain", b"x", purpose="test").path)
    due(company, "files.remove_expired")
    return paths


@scene("files.sweep_orphans", check_removed, END)
def sweep_orphans(company: Company) -> list[str]:
    with company.acting():
        kept = files.store("kept", "text/plain", b"x", purpose="test").path
        folder = company.app.config["SETTINGS"].data_dir / "files"
        orphans = [f"{company.tenant_id}/2020/{ids.token(24)}" for _ in range(ROWS)]
    for path in [*orphans, kept]:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        long_ago = time.time() - 3 * 86400
        os.utime(place, (long_ago, long_ago))
    due(company, "files.sweep_orphans")
    return [*orphans, kept]


# The rest that repeats --------------------------------------------------------------------------------------------


def check_head(company: Company, world: World, nothing: None) -> None:
    with company.acting():
        heads = chain.heads_file(company.tenant_id).read_bytes().splitlines()
        assert len(heads) == len(chain.exported_heads(company.tenant_id)) == 1
        report = chain.verify()
        assert (report.broken, report.heads_compared) == ("", 1)


@scene("audit.export_head", check_head, END)
def export_head(company: Company) -> None:
    due(company, "audit.export_head")


def check_forgotten(company: Company, world: World, nothing: None) -> None:
    assert count(company, IdempotencyKey) == 1
    assert count(company, Job, Job.kind == "kit.nothing") == 1


@scene("kit.forget", check_forgotten, END, PIECE)
def forget(company: Company) -> None:
    with company.acting():
        for n in range(ROWS + 1):
            long_ago = clock.now() - timedelta(days=100 if n else 1)
            add(IdempotencyKey(tenant_id=company.tenant_id, key_hash=bytes([n]), request_hash=b"", status=201,
                               answer=b"", created_at=long_ago))  # fmt: skip
            add(
                Job(
                    kind="kit.nothing",
                    queue=jobs.QUICK,
                    status="done",
                    created_at=long_ago,
                    finished_at=long_ago,
                )
            )
    due(company, "kit.forget")


def check_sessions(company: Company, world: World, left: int) -> None:
    assert count(company, UserSession) == left
    assert count(company, OneTimeToken) == 0


@scene("accounts.forget_sessions", check_sessions, END, PIECE)
def forget_sessions(company: Company) -> int:
    left = count(company, UserSession)
    long_ago = clock.now() - timedelta(days=200)
    with company.acting() as who:
        for n in range(ROWS):
            add(UserSession(user_id=who.id, kind="browser", token_hash=bytes([n]), created_at=long_ago,
                            last_used_at=long_ago, expires_at=long_ago))  # fmt: skip
            add(OneTimeToken(user_id=who.id, purpose="reset", token_hash=bytes([n]), created_at=long_ago,
                             expires_at=long_ago))  # fmt: skip
    due(company, "accounts.forget_sessions")
    return left


def check_periods(company: Company, world: World, before: list[Any]) -> None:
    with company.acting():
        assert list(db.session.scalars(select(PayPeriod.start_date).order_by(PayPeriod.start_date))) == before


@scene("pay.periods", check_periods, END, audits={"pay_period.created": 1})
def pay_periods(company: Company) -> list[Any]:
    with company.acting():
        periods = list(db.session.scalars(select(PayPeriod).order_by(PayPeriod.start_date)))
        assert len(periods) >= 2, "a new organization has the present period and the next"
        starts = [period.start_date for period in periods]
        db.session.delete(periods[-1])
    due(company, "pay.periods")
    return starts


def check_decided(company: Company, world: World, numbers: list[int]) -> None:
    with company.acting("manager"):
        assert set(db.session.scalars(select(Sale.status).where(Sale.id.in_(numbers)))) == {"approved"}
        assert tallies.differences() == []


@scene(
    "sales.decide", check_decided, END, PIECE, audits={"sale.approved": ROWS}, events={"sale.approved": ROWS}
)
def decide(company: Company) -> list[int]:
    with company.acting("manager"):
        mike, tune_up = sales.technician(), sales.item()
        numbers = [sales.sale(mike, tune_up, price=10_000 + n).id for n in range(ROWS)]
        undecided = sale_queries.Filters(statuses=("pending",)).as_json()
        jobs.add("sales.decide", {"decision": "approve", "filters": undecided})
    return numbers


def check_nothing(company: Company, world: World, nothing: None) -> None:
    assert count(company, Job, Job.kind == "kit.nothing", Job.status == "done") == 1


@scene("kit.nothing", check_nothing, END)
def nothing(company: Company) -> None:
    with company.acting():
        jobs.add("kit.nothing")


# Working time and the fleet ---------------------------------------------------------------------------------------


def check_missing(company: Company, world: World, entry_id: int) -> None:
    with company.acting():
        assert get(TimeEntry, entry_id).flag == "missing_clock_out"
    assert count(company, Notice, Notice.user_id == company.users["technician"]) == 1
    assert count(company, Message, Message.channel == "sms") == 1


@scene("timesheets.missing_clock_outs", check_missing, END,
       audits={"time.clock-out-missing": 1, "message.queued": 5, "message.sent": 5},
       events={"time.clock-out-missing": 1, "message.sent": 5})  # fmt: skip
def missing_clock_outs(company: Company) -> int:
    with company.acting():
        mike = sales.technician(phone="+18135550142")
        sales.link(company.users["technician"], mike)
        entry = add(TimeEntry(technician_id=mike.id, clock_in=clock.now() - timedelta(hours=13))).id
    due(company, "timesheets.missing_clock_outs")
    return entry


def check_reminded(company: Company, world: World, held_id: int) -> None:
    with company.acting():
        held = get(TechnicianSkill, held_id)
        assert held.reminded_for is not None
    assert count(company, Message, Message.to_address.like("manager@%")) == 1


@scene("fleet.remind", check_reminded, END,
       audits={"technician-skill.expiring": 1, "message.queued": 1, "message.sent": 1},
       events={"technician-skill.expiring": 1, "message.sent": 1})  # fmt: skip
def reminded(company: Company) -> int:
    with company.acting():
        # reminders come by day: the company is where it is noon now
        accounts.organization().time_zone = f"Etc/GMT{clock.now().hour - 12:+d}"
        mike = sales.technician()
        skill = add(Skill(name="EPA 608"))
        held = add(TechnicianSkill(technician_id=mike.id, skill_id=skill.id,
                                   expires_on=clock.now().date() + timedelta(days=5))).id  # fmt: skip
    due(company, "fleet.remind")
    return held


# Appointments -----------------------------------------------------------------------------------------------------


def check_told(company: Company, world: World, job_id: int) -> None:
    assert count(company, Message, Message.record_type == "dispatch_job", Message.record_id == job_id) == 2
    assert len(mails_to(world, f"visit-{job_id}@example.com")) == 1
    assert count(company, VisitMessage, VisitMessage.job_id == job_id) == 2


@scene("appointments.tell", check_told, END,
       audits={"appointment.told": 2, "message.queued": 2, "message.sent": 2}, events={"message.sent": 2})  # fmt: skip
def told(company: Company) -> int:
    with company.acting():
        # texts wait for the morning: the company is where it is noon now
        accounts.organization().time_zone = f"Etc/GMT{clock.now().hour - 12:+d}"
        accounts.organization().settings = {"dispatch": {"reminder_hours": 0}}
        with telling.silent():
            job = dispatching.job("Tune-up", start=clock.now() + timedelta(days=3), crew=(sales.technician(),),
                                  customer_name="Evelyn Harper", customer_phone="+18135550177")  # fmt: skip
        job.customer_email = f"visit-{job.id}@example.com"
        telling.later(job.id)
        db.session.execute(update(Job).where(Job.tenant_id == company.tenant_id, Job.kind == "appointments.tell")
                           .values(run_after=clock.now()))  # fmt: skip
        return job.id


# Routes -----------------------------------------------------------------------------------------------------------


def check_planned(company: Company, world: World, plan_id: int) -> None:
    with company.acting():
        plan = get(RoutePlan, plan_id)
        assert plan.status == "ready"
        assert plan.proposal is not None
        assert plan.proposal["placed"] == 1


@scene("routing.plan", check_planned, END, PIECE, events={"route.planned": 1})
def route_plan(company: Company) -> int:
    with company.acting("manager"):
        dispatching.technician()
        dispatching.job("Waits", latitude=27.95, longitude=-82.45)
        today = clock.today("America/New_York")
        return routing.ask(today + timedelta(days=7 - today.weekday())).id


import_module("tests.faults.api_keys")
import_module("tests.faults.webhooks")
import_module("tests.faults.promises")  # scenes of promises, recurring jobs and places


# The phone --------------------------------------------------------------------------------------------------------


def check_told_by_phone(company: Company, world: World, nothing: None) -> None:
    assert count(company, Notice, Notice.user_id == company.users["technician"]) == 1
    assert count(company, Message, Message.channel == "sms") == 1


@scene(
    "phone.tell",
    check_told_by_phone,
    END,
    audits={"message.queued": 1, "message.sent": 1},
    events={"message.sent": 1},
)
def told_of_a_job(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = dispatching.technician("Tina Torres", phone="+18135550143")
        sales.link(company.users["technician"], tina)
        dispatching.job(
            "No heat", start=clock.now() + timedelta(hours=3), crew=(tina,), override_reason="urgent"
        )
        # told in some seconds: the night does not wait for them
        mine = (Job.tenant_id == company.tenant_id, Job.kind == "phone.tell")
        db.session.execute(update(Job).where(*mine).values(run_after=clock.now()))


def check_trail(company: Company, world: World, nothing: None) -> None:
    assert count(company, PositionReport) == 1


@scene("phone.forget_positions", check_trail, END, PIECE)
def trail(company: Company) -> None:
    with company.acting():
        tina = dispatching.technician("Tina Torres")
        for n in range(ROWS + 1):
            seen = clock.now() - timedelta(days=31 if n else 29)
            add(PositionReport(technician_id=tina.id, latitude=27.95, longitude=-82.45, seen_at=seen))
    due(company, "phone.forget_positions")

"""Every kind of job, its worker killed in the middle and Redis emptied: each effect in the database is there once, each
mail and call went out under one id."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from tests.factories.world import Company, make_company
from tests.faults.conftest import Crew
from tests.faults.scenes import PIECE, SCENES, Scene, World
from tests.messaging.test_delivery import Mailbox, Provider
from tests.processes import environment, wait_until
from webapp import create_app
from webapp.audit import chain
from webapp.config import ROOT, Settings
from webapp.kit import clock, jobs
from webapp.kit.db import db
from webapp.kit.tables import AuditEntry, Event, Job, JournalHead
from webapp.kit.web import App

pytestmark = pytest.mark.faults


@dataclass(slots=True)
class Played:
    """A scene with its company, what its check is given, and where the journal stood before the job."""

    scene: Scene
    company: Company
    given: Any
    before: tuple[int, int]  # the last audit entry and the last event
    killed: str = ""  # the state of its job when its worker was dead


@dataclass(slots=True)
class Night:
    world: World
    played: dict[str, Played]
    in_pieces: set[str] = field(default_factory=set)  # kinds that were seen to commit a piece
    logs: str = ""


@pytest.fixture(scope="module")
def night(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """All scenes in one night, each with a worker, all of them killed; two others come in the morning."""
    folder = tmp_path_factory.mktemp("night")
    with ExitStack() as stack:
        world = stack.enter_context(outside(settings))
        sending = settings.with_(smtp_url=world.mailbox.url, mail_from="Truckroll <no-reply@truckroll.test>",
                                 sms_url=world.provider.url, sms_from="+14045550100")  # fmt: skip
        app = create_app(sending)
        made = Night(world, {scene.name: arranged(app, scene) for scene in SCENES})
        crew = Crew(sending, folder)
        stack.callback(crew.end)
        crew.start("clock")
        kill_all_in_the_middle(sending, folder, made)
        app.extensions["redis"].flushdb()  # these tests' own database: as FLUSHALL is to all
        crew.start("worker", "quick")
        crew.start("worker", "long")
        crew.start("worker", "hooks")
        with suppress(AssertionError):  # the scene's own test says what is missing
            wait_until(lambda: not any(unfinished(played) for played in made.played.values()), 180)
        made.logs = crew.logs()
        yield made


@contextmanager
def outside(settings: Settings) -> Iterator[World]:
    """A mail server and a text message provider."""
    mailbox, provider = Mailbox(), Provider()
    thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield World(mailbox, provider, settings.data_dir / "files")
    finally:
        mailbox.controller.stop()
        provider.shutdown()
        thread.join()
        provider.server_close()


def arranged(app: App, scene: Scene) -> Played:
    company = make_company(app)
    given = scene.arrange(company)
    with company.acting():
        head = db.session.get_one(JournalHead, company.tenant_id)
        return Played(scene, company, given, (head.audit_seq, head.event_seq))


def kill_all_in_the_middle(settings: Settings, folder: Path, night: Night) -> None:
    """Let a worker come to the point of each scene, and kill it there."""
    points = {str(p.company.tenant_id): [p.scene.kind, p.scene.point] for p in night.played.values()}
    (folder / "points.json").write_bytes(orjson.dumps(points))
    argv = [sys.executable, "-m", "tests.faults.night", str(folder), str(len(points))]
    with (folder / "night.log").open("wb") as log:
        workers = subprocess.Popen(
            argv, cwd=ROOT, env=environment(settings), stdout=log, stderr=log, start_new_session=True
        )
    try:
        with suppress(AssertionError):
            wait_until(lambda: len(list(folder.glob("stopped *"))) == len(points), 180)
        for marker in folder.glob("stopped *"):
            if marker.suffix != ".new":
                os.kill(int(marker.read_text()), signal.SIGKILL)
        night.in_pieces = {path.name.removeprefix("pieces ") for path in folder.glob("pieces *")}
        for played in night.played.values():
            stopped = (folder / f"stopped {played.company.tenant_id}").exists()
            played.killed = job_of(played).status if stopped else "never came to the point"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(workers.pid, signal.SIGKILL)
        workers.wait()


def job_of(played: Played) -> Job:
    """The job of a scene: the first of its kind that was due."""
    with played.company.acting():
        mine = select(Job).where(Job.tenant_id == played.company.tenant_id, Job.kind == played.scene.kind)
        return db.session.scalars(mine.order_by(Job.run_after, Job.id).limit(1)).one()


def unfinished(played: Played) -> bool:
    """Whether anything that is due in a scene's company still waits or runs."""
    with played.company.acting():
        left = select(Job.id).where(
            Job.tenant_id == played.company.tenant_id, Job.status.in_(("waiting", "running")), Job.run_after <= clock.now()
        )  # fmt: skip
        return db.session.scalar(left.limit(1)) is not None


def written(played: Played, table: Any, name: Any, since: int) -> Counter[str]:
    """How often each audit action or event was written since the job was arranged."""
    with played.company.acting():
        mine = select(name).where(table.tenant_id == played.company.tenant_id, table.seq > since)
        return Counter(db.session.scalars(mine))


@pytest.mark.parametrize("name", [scene.name for scene in SCENES])
def test_a_job_whose_worker_is_killed_in_the_middle_takes_effect_once(night: Night, name: str) -> None:
    played = night.played[name]
    company = played.company
    assert played.killed == "running", night.logs
    job = job_of(played)
    assert (job.status, job.attempts) == ("done", 2), f"{job.error}\n{night.logs}"
    assert written(played, AuditEntry, AuditEntry.action, played.before[0]) == played.scene.audits
    assert written(played, Event, Event.name, played.before[1]) == played.scene.events
    if jobs.KINDS[played.scene.kind].every:
        with company.acting():
            again = select(Job.status).where(Job.tenant_id == company.tenant_id, Job.kind == played.scene.kind,
                                             Job.dedupe_key == "every", Job.status != "done")  # fmt: skip
            assert list(db.session.scalars(again)) == ["waiting"], "it is to run again, and once"
    played.scene.check(company, night.world, played.given)
    with company.acting():
        assert chain.verify().broken == ""


def test_every_kind_of_job_has_its_scene(app: App) -> None:
    kinds = {kind for kind in jobs.KINDS if not kind.startswith("faults.")}
    assert kinds - {scene.kind for scene in SCENES} == set(), "write a scene in tests/faults/scenes.py"


def test_a_kind_that_commits_in_pieces_is_also_killed_between_two(night: Night) -> None:
    assert night.in_pieces
    assert night.in_pieces - {scene.kind for scene in SCENES if scene.point == PIECE} == set()

"""All statements of a pay period in one archive, while workers are killed in the middle of it."""

import io
import signal
import zipfile
from pathlib import Path

import pypdf
import pytest
from sqlalchemy import select

from tests.factories import pay
from tests.factories.world import Company
from tests.faults.conftest import Crew, wait_until
from webapp.downloads import service as downloads
from webapp.kit import files, jobs
from webapp.kit.db import db
from webapp.kit.tables import Job, StoredFile
from webapp.models import Download
from webapp.sales.pay import archive, periods

pytestmark = pytest.mark.faults


def staff(company: Company, count: int) -> int:
    """A period in which so many technicians earned something."""
    with company.acting("manager"):
        sold = pay.item()
        for number in range(count):
            pay.sale(pay.technician(f"Tech {number:03}"), sold=sold, price=100_000 + number, approved=True)
        return periods.covering(periods.today()).id


def ask(company: Company, period: int) -> int:
    with company.acting("payroll"):
        return downloads.request("pay.statements", "Statements", {"pay_period_id": str(period)}).id


def job_of(company: Company, download: int) -> Job:
    with company.acting("payroll"):
        made = db.session.get_one(Download, (company.tenant_id, download))
        return jobs.statuses([made.job_id or 0])[made.job_id or 0]


def names(company: Company, download: int) -> list[str]:
    """The files of the finished archive, each of them a statement of the technician it is named for."""
    with company.acting("payroll"):
        made = db.session.get_one(Download, (company.tenant_id, download))
        assert made.status == "ready", made.error
        held = zipfile.ZipFile(
            io.BytesIO(files.read(db.session.get_one(StoredFile, (company.tenant_id, made.file_id))))
        )
        assert held.testzip() is None
        for name in held.namelist():
            text = pypdf.PdfReader(io.BytesIO(held.read(name))).pages[0].extract_text()
            assert f"Tech {name.split('-tech-')[1][:3]}" in text
        return held.namelist()


def stored(company: Company) -> list[str]:
    with company.acting("payroll"):
        return list(
            db.session.scalars(select(StoredFile.purpose).where(StoredFile.tenant_id == company.tenant_id))
        )


def test_after_its_worker_was_killed_the_archive_goes_on_where_it_was_and_is_whole(
    company: Company, crew: Crew
) -> None:
    people = 4 * archive.PIECE + 5
    download = ask(company, staff(company, people))
    crew.start("clock")
    victim = crew.start("worker", "long")
    wait_until(
        lambda: job_of(company, download).progress > archive.PIECE
    )  # the first piece is kept, the next begun
    victim.send_signal(signal.SIGKILL)
    left = job_of(company, download)
    assert left.status == "running"
    kept = left.state["pieces"]
    assert 1 <= len(kept) < 5  # how far it came before the blow is not ours to say
    with company.acting("payroll"):  # the dead one's lease is a minute long: nobody wants to wait for it here
        db.session.get_one(Job, (company.tenant_id, left.id)).lease_until = left.created_at
    seen: list[int] = []

    def is_done() -> bool:
        now = job_of(company, download)
        seen.append(now.progress)
        return now.status == "done"

    crew.start("worker", "long")
    wait_until(is_done, 60)
    made = job_of(company, download)
    assert (made.attempts, made.progress, made.progress_total) == (2, people, people)
    assert made.state["pieces"][: len(kept)] == kept
    assert min(seen) >= archive.PIECE * len(kept)  # nobody saw it begin anew
    found = names(company, download)
    assert len(found) == len(set(found)) == people
    assert stored(company) == ["download"]  # the pieces are gone


def test_two_hundred_statements_take_no_more_memory_than_twenty(company: Company, crew: Crew) -> None:
    few, worker = ask(company, staff(company, 20)), crew.start("worker", "long")
    wait_until(lambda: job_of(company, few).status == "done", 60)
    before = _peak(worker.pid)
    many = ask(company, staff(company, 180))
    wait_until(lambda: job_of(company, many).status == "done", 300)
    assert len(names(company, many)) == 200
    grown = (_peak(worker.pid) - before) / 2**20
    print(f"{before / 2**20:.0f} MB, {grown:.1f} MB more for ten times the statements")
    assert grown < 32  # 10 to 15 are usual; what each document once left behind came to 60


def _peak(pid: int) -> int:
    """The most memory a process ever held, in bytes."""
    line = next(n for n in Path(f"/proc/{pid}/status").read_text().splitlines() if n.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

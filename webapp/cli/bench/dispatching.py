"""What dispatch is measured at: suggestions, the board, a move seen elsewhere, and a thousand listeners."""

import http.client
import itertools
import json
import resource
import selectors
import socket
import statistics
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from webapp.cli.bench.measure import Call, latency

if TYPE_CHECKING:
    from webapp.cli.bench.command import Row, Rows
    from webapp.config import Settings

LISTENERS: Final = 1_000
EACH: Final = 25  # listeners of one session
STREAM: Final = "/api/v1/admin/dispatch/stream"


@dataclass(frozen=True, slots=True)
class Board:
    """A loaded board. `job_id` waits without a technician; `visits` are (visit, job, start) that can be moved by minutes."""

    tenant_id: UUID
    code: str
    day: str
    job_id: int
    visits: list[tuple[int, int, str]]


def measure(rows: "Rows", settings: "Settings", folder: Path, superuser_url: str) -> None:
    """Load a board of 40 technicians and 400 visits and a team of 200, and measure both."""
    from webapp import create_app
    from webapp.cli.bench import command, servers

    app = create_app(settings)
    with app.app_context():
        board = load("BENCHBOARD", technicians=40, visits=400)
        team = load("BENCHTEAM", technicians=200, visits=1_600)
    command._analyze(superuser_url)
    rows.add("dispatch suggestions", lambda: _suggestions(app, team))
    with servers.product(settings, folder) as (address, _):
        bearer = _bearer(address, board.tenant_id)
        rows.add("dispatch suggestions over the API", lambda: _asked(address, team))
        cookie = (("Cookie", command._cookie(address, board.code)),)
        with servers.bare(settings, folder, str(board.tenant_id)) as bare:
            for name, theirs, ours in (
                ("page", Call(f"{bare}/board"), Call(f"{address}/dispatch?date={board.day}", cookie)),
                (
                    "JSON",
                    Call(f"{bare}/board.json"),
                    Call(f"{address}/api/v1/admin/dispatch/board?date={board.day}", bearer),
                ),
            ):
                rows.add(f"dispatch board {name}", lambda n=name, a=theirs, b=ours: command._row(  # type: ignore[misc]
                    f"dispatch board {n}, 40 technicians, 400 visits", latency(a), latency(b), 5))  # fmt: skip
        rows.add("dispatch move seen elsewhere", lambda: _seen(address, board, bearer))
    rows.add("dispatch listeners", lambda: _listeners(settings, folder, board))


# Loading --------------------------------------------------------------------------------------------------------------


def load(code: str, technicians: int, visits: int) -> Board:
    """An organization whose technicians have homes, shifts, skills and a full day; made unless a kept folder holds it."""
    from sqlalchemy import text

    from webapp.accounts.service import organizations
    from webapp.cli.bench.data import PASSWORD
    from webapp.kit import clock, directory, tenancy
    from webapp.kit.db import db

    there = directory.find("code", code)
    if there is None:
        there = organizations.create(
            organizations.NewOrganization(name=code, owner_username="admin", owner_name="Bench Admin",
                                          owner_email=f"{code.lower()}@example.com", owner_password=PASSWORD, code=code)
        ).tenant_id  # fmt: skip
    with tenancy.across(there):
        today = clock.today("America/New_York")
        values: dict[str, Any] = {"t": there, "technicians": technicians, "visits": visits, "now": clock.now(),
                                  "midnight": clock.day_bounds(today, "America/New_York")[0]}  # fmt: skip
        for statement in CLEARED:
            db.session.execute(text(statement), values)
        if not db.session.scalar(text("select count(*) from technicians where tenant_id = :t"), values):
            for statement in TEAM:
                db.session.execute(text(statement), values)
        values["tech0"] = db.session.scalar(
            text("select min(id) from technicians where tenant_id = :t"), values
        )
        for statement in DAY:
            db.session.execute(text(statement), values)
        waiting = db.session.scalar(
            text("select max(id) from dispatch_jobs where tenant_id = :t and status = 'pending'"), values
        )
        found = db.session.execute(
            text("select v.id, v.job_id, v.scheduled_start from visits v where v.tenant_id = :t and v.status = 'dispatched'"
                 " order by v.id limit 50"), values,
        ).all()  # fmt: skip
        return Board(
            there, code, str(today), int(waiting or 0), [(r[0], r[1], r[2].isoformat()) for r in found]
        )


CLEARED = (
    "delete from visit_technicians where tenant_id = :t",
    "delete from job_skills where tenant_id = :t",
    "delete from job_status_changes where tenant_id = :t",
    "delete from visits where tenant_id = :t",
    "delete from dispatch_jobs where tenant_id = :t",
)  # of an earlier day in a kept folder

TEAM = (
    """insert into technicians (tenant_id, public_id, name, employee_number, email, phone, pay_type, base_pay_cents,
        color, notes, created_at, updated_at)
       select :t, gen_random_uuid(), 'Technician ' || n, 'E' || n, '', '', 'hourly', 2500, '#2563eb', '', :now, :now
       from generate_series(1, :technicians) n""",
    """insert into skills (tenant_id, name, description, certified, archived, created_at, updated_at)
       select :t, 'Skill ' || n, '', false, false, :now, :now from generate_series(1, 6) n""",
    """insert into technician_skills (tenant_id, technician_id, skill_id, level, certificate, notes, created_at, updated_at)
       select :t, a.id, s.id, 1 + (a.id + s.id) % 5, '', '', :now, :now from technicians a, skills s
       where a.tenant_id = :t and s.tenant_id = :t and (a.id + s.id) % 3 > 0""",
    """insert into dispatch_profiles (tenant_id, technician_id, start_address, latitude, longitude, end_address, lunch_minutes,
        lunch_from, lunch_until, dispatched, position, created_at, updated_at)
       select :t, id, '', 27.8 + (id * 37 % 400) / 1000.0, -82.6 + (id * 53 % 400) / 1000.0, '', 30, 660, 840, true, 0, :now, :now
       from technicians where tenant_id = :t""",
    """insert into shifts (tenant_id, technician_id, weekday, starts_minute, ends_minute, created_at, updated_at)
       select :t, id, d, 420, 1140, :now, :now from technicians, generate_series(0, 6) d where tenant_id = :t""",
)

DAY = (
    """insert into dispatch_jobs (tenant_id, public_id, title, description, job_type, priority, status, customer_name,
        customer_phone, customer_email, service_address, service_unit, service_city, service_state, service_zip, latitude,
        longitude, place_source, expected_minutes, scheduled_start, scheduled_end, technician_id, hold_reason, cancel_reason,
        outcome, optional, tags, source, created_by, version, created_at, updated_at)
       select :t, gen_random_uuid(), 'Job ' || n, '', 'repair', 'normal',
        case when n > :visits then 'pending' else 'dispatched' end,
        'Customer ' || n, '', '', n || ' Oak St', '', 'Tampa', 'FL', '33602', 27.8 + (n * 31 % 400) / 1000.0,
        -82.6 + (n * 47 % 400) / 1000.0, 'person', 40,
        case when n <= :visits then :midnight + (420 + (n - 1) / :technicians * 60) * interval '1 minute' end,
        case when n <= :visits then :midnight + (460 + (n - 1) / :technicians * 60) * interval '1 minute' end,
        case when n <= :visits then :tech0 + (n - 1) % :technicians end, '', '', '', false, '[]', 'api', '', 1, :now, :now
       from generate_series(1, :visits + 20) n""",
    """insert into visits (tenant_id, job_id, position, status, scheduled_start, scheduled_end, pinned, reason, version, created_at,
        updated_at)
       select :t, id, 0, status, scheduled_start, scheduled_end, false, '', 1, :now, :now from dispatch_jobs where tenant_id = :t
       order by id""",
    """insert into visit_technicians (tenant_id, visit_id, technician_id, lead, starts_at, ends_at, override_reason)
       select :t, v.id, j.technician_id, true, v.scheduled_start, v.scheduled_end, '' from visits v
       join dispatch_jobs j on j.tenant_id = v.tenant_id and j.id = v.job_id
       where v.tenant_id = :t and j.technician_id is not null""",
    """insert into job_skills (tenant_id, job_id, skill_id, level)
       select :t, j.id, s.id, 2 from dispatch_jobs j, skills s where j.tenant_id = :t and s.tenant_id = :t and s.name = 'Skill 1'
       and j.status = 'pending'""",
)


# Measuring ------------------------------------------------------------------------------------------------------------


def _suggestions(app: Any, team: Board) -> "Row":
    """Our own time for one job among 200 technicians: the processor's, without what the database takes; and all of it."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    from webapp.kit import context, tenancy
    from webapp.routing import service

    statements = [0]

    def count(*_: Any) -> None:
        statements[0] += 1

    with app.app_context():
        tenancy.use(team.tenant_id)
        with context.acting(context.Principal(kind="system", tenant_id=team.tenant_id)):
            for _ in range(3):
                service.suggestions(team.job_id)
            event.listen(Engine, "before_cursor_execute", count)
            found = service.suggestions(team.job_id)
            event.remove(Engine, "before_cursor_execute", count)
            own, whole = [], []
            for _ in range(30):
                start, busy = time.perf_counter(), time.thread_time()
                service.suggestions(team.job_id)
                own.append(time.thread_time() - busy)
                whole.append(time.perf_counter() - start)
    assert len(found.ranked) == 200
    name = f"dispatch suggestions, one job among 200 technicians, {statements[0]} statements: our own time"
    said = f"{statistics.median(own) * 1000:.1f} ms of {statistics.median(whole) * 1000:.1f} ms"
    return name, "", said, "", "≤ 50 ms"


def _asked(address: str, team: Board) -> "Row":
    taken = latency(
        Call(f"{address}/api/v1/admin/dispatch/{team.job_id}/suggestions", _bearer(address, team.tenant_id))
    )
    return "dispatch suggestions over the API, 200 technicians", "", f"{taken:.1f} ms", "", ""


def _bearer(address: str, tenant_id: UUID) -> tuple[tuple[str, str], ...]:
    from webapp.cli.bench.data import PASSWORD

    sent = urllib.request.Request(  # noqa: S310  # our own child on loopback
        f"{address}/api/v1/auth/login", json.dumps({"username": "admin", "password": PASSWORD}).encode(),
        {"Content-Type": "application/json", "X-Tenant-Id": str(tenant_id)},
    )  # fmt: skip
    with urllib.request.urlopen(sent) as answer:  # noqa: S310  # our own child on loopback
        token = json.load(answer)["data"]["access_token"]
    return (("Authorization", f"Bearer {token}"), ("X-Tenant-Id", str(tenant_id)))


def _listening(address: str, path: str, headers: tuple[tuple[str, str], ...]) -> socket.socket:
    """An open event stream, past its headers. Raises RuntimeError when it is refused."""
    parts = urlsplit(address)
    link = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    link.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/event-stream\r\n{lines}\r\n".encode()
    )
    got = b""
    while b"\r\n\r\n" not in got:
        piece = link.recv(4096)
        if not piece:
            raise RuntimeError(f"the stream ended: {got[:200]!r}")
        got += piece
    if b" 200 " not in got.split(b"\r\n", 1)[0]:
        raise RuntimeError(f"the stream was refused: {got[:300]!r}")
    return link


_turns = itertools.count()


class _Mover:
    """Moves visits by a minute, each time another one: no move is without effect."""

    def __init__(self, address: str, board: Board, bearer: tuple[tuple[str, str], ...]) -> None:
        parts = urlsplit(address)
        self.link = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
        self.headers = {**dict(bearer), "Content-Type": "application/json"}
        self.visits = board.visits

    def move(self) -> float:
        """Milliseconds until the move is answered."""
        from datetime import datetime, timedelta

        turn = next(_turns)
        visit, job, start = self.visits[turn % len(self.visits)]
        at = datetime.fromisoformat(start) + timedelta(minutes=1 + turn // len(self.visits))
        body = {"scheduled_start": at.isoformat(), "override_reason": "measured"}
        began = time.perf_counter()
        self.link.request(
            "PATCH", f"/api/v1/admin/dispatch/{job}/visits/{visit}", json.dumps(body), self.headers
        )
        answer = self.link.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the move was refused: {answer.status} {text[:300]!r}")
        return (time.perf_counter() - began) * 1000


def _seen(address: str, board: Board, bearer: tuple[tuple[str, str], ...]) -> "Row":
    """A move until it is answered, and until another open board has been told and has read itself anew."""
    mover = _Mover(address, board, bearer)
    board_url = Call(f"{address}/api/v1/admin/dispatch/board?date={board.day}", bearer)
    answered, told, seen = [], [], []
    with _listening(address, STREAM, bearer) as stream:
        reader = http.client.HTTPConnection(
            urlsplit(address).hostname or "", urlsplit(address).port or 80, timeout=60
        )
        for turn in range(24):
            began = time.perf_counter()
            box: list[float] = []
            worker = threading.Thread(target=lambda box=box: box.append(mover.move()))
            worker.start()
            _await_event(stream)
            heard = time.perf_counter()
            reader.request("GET", board_url.url.removeprefix(address), headers=dict(bearer))
            reader.getresponse().read()
            over = time.perf_counter()
            worker.join()
            if turn >= 4:  # warm
                answered.append(box[0])
                told.append((heard - began) * 1000)
                seen.append((over - began) * 1000)
    said = (f"answered {statistics.median(answered):.0f} ms, told {statistics.median(told):.0f} ms, "
            f"shown {statistics.median(seen):.0f} ms")  # fmt: skip
    return "dispatch move, seen by another open board", "", said, "", ""


def _await_event(stream: socket.socket) -> None:
    got = b""
    while b"data:" not in got:
        piece = stream.recv(65536)
        if not piece:
            raise RuntimeError("the stream ended")
        got += piece


def _listeners(settings: "Settings", folder: Path, board: Board) -> "Row":
    """One web process, a thousand listeners: from the move to the last of them, and a page's time with and without."""
    from webapp.cli.bench import servers

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4 * LISTENERS), hard), hard))
    with servers.product(settings, folder, processes=1) as (address, _):
        bearers = [_bearer(address, board.tenant_id) for _ in range(LISTENERS // EACH)]
        page = Call(f"{address}/api/v1/admin/dispatch/{board.job_id}", bearers[0])
        alone = latency(page)
        links = _connect(address, bearers)
        try:
            crowded = latency(page)
            last, answered = _fan_out(address, board, bearers[0], links)
        finally:
            for link in links:
                link.close()
    said = f"{last:.0f} ms to the last; answered {answered:.0f} ms; one job {alone:.2f} ms without, {crowded:.2f} ms with them"
    return f"dispatch listeners, {len(links):,} on one process", "", said, f"{crowded / alone:.2f}×", ""


def _connect(address: str, bearers: list[tuple[tuple[str, str], ...]]) -> list[socket.socket]:
    links = []
    for bearer in bearers:
        for _ in range(EACH):
            link = _listening(address, STREAM, bearer)
            link.setblocking(False)
            links.append(link)
    return links


def _fan_out(
    address: str, board: Board, bearer: tuple[tuple[str, str], ...], links: list[socket.socket]
) -> tuple[float, float]:
    """Median milliseconds from asking for a move until the last listener was told, and until it was answered."""
    mover = _Mover(address, board, bearer)
    last, answered = [], []
    with selectors.DefaultSelector() as chosen:
        for link in links:
            chosen.register(link, selectors.EVENT_READ)
        for turn in range(8):
            _drain(chosen)
            box: list[float] = []
            began = time.perf_counter()
            worker = threading.Thread(target=lambda box=box: box.append(mover.move()))
            worker.start()
            told: set[int] = set()
            while len(told) < len(links) and time.perf_counter() - began < 30:
                for key, _ in chosen.select(1.0):
                    assert isinstance(key.fileobj, socket.socket)
                    if b"data:" in key.fileobj.recv(65536):
                        told.add(key.fd)
            over = time.perf_counter()
            worker.join()
            if len(told) < len(links):
                raise RuntimeError(f"{len(links) - len(told)} of {len(links)} listeners were not told")
            if turn >= 2:
                last.append((over - began) * 1000)
                answered.append(box[0])
    return statistics.median(last), statistics.median(answered)


def _drain(chosen: selectors.BaseSelector) -> None:
    """Read what is left of the time before: heartbeats."""
    time.sleep(0.3)
    for key, _ in chosen.select(0):
        assert isinstance(key.fileobj, socket.socket)
        key.fileobj.recv(65536)

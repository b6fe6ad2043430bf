"""Webhooks measured: deliveries a second, one event to a thousand endpoints, what emitting costs, memory of a courier."""

import contextlib
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from webapp.cli.bench.command import Row, Rows
    from webapp.cli.bench.data import Bench
    from webapp.config import Settings
    from webapp.kit.web import App

MANY = 1000  # endpoints that one event goes to
ROUNDS = 6  # of recording sales with and without somebody listening, by turns
PATIENCE = 900.0  # seconds

# what an event of a sale holds; the journal's head is moved along as the journal itself does it
EVENTS = text("""
with head as (
    update journal_heads set event_seq = event_seq + :count where tenant_id = :tenant returning event_seq
)
insert into events (tenant_id, seq, id, name, record_type, record_id, payload, correlation_id, created_at)
select :tenant, head.event_seq - :count + n, gen_random_uuid(), 'sale.created', 'sale', n,
       cast(:payload as jsonb) || jsonb_build_object('sale_id', n), '', :now
from head, generate_series(1, :count) n
""")
COPIES = text("""
insert into webhook_endpoints (tenant_id, public_id, api, url, hook_event, description, events, enabled, paused_why, sealed,
    secret_prefix, in_order, concurrency, rate_per_second, cursor_seq, failures, created_at, updated_at)
select tenant_id, gen_random_uuid(), api, url || '/' || n, '', '', array['item.created'], true, '', sealed, secret_prefix,
    false, 5, 0, cursor_seq, 0, created_at, updated_at
from webhook_endpoints, generate_series(1, :many) n where tenant_id = :tenant and id = :id
""")
LEFT = "select count(*) from webhook_deliveries where status in ('pending', 'retrying')"
SALE = {"sale_id": 1, "technician_id": 1, "item_id": 5, "customer_id": 7, "customer_name": "John Doe", "status": "pending",
        "sale_price_cents": 150_000, "sold_on": "2026-03-15", "voided": False, "payment_status": "unpaid",
        "commission_cents": 11_250, "override_cents": 0}  # fmt: skip


def measure(rows: "Rows", settings: "Settings", folder: Path, count: int) -> None:
    """All of it, in an organization of its own. `count`: deliveries of the long run whose memory is watched."""
    from webapp import create_app
    from webapp.cli.bench import data, servers
    from webapp.kit.db import db

    settings = settings.with_(outbound_allow=("127.0.0.1",))
    app = create_app(settings)
    with app.app_context():
        loaded = data.load(
            1_000, technicians=20, items=50, customers=300, period_lines=500, code="BENCHHOOKS"
        )
        db.engine.dispose()
    with servers.product(settings, folder) as (address, _):
        rows.add("webhooks: recording a sale", lambda: _emitting(app, address, loaded))
    port = servers.free_port()
    argv = [sys.executable, "-m", "webapp.cli.bench.receiver", str(port)]
    with contextlib.ExitStack() as stack:
        stack.enter_context(servers.running(argv, servers.environment(settings, 0), folder / "receiver.log",
                                            f"http://127.0.0.1:{port}/"))  # fmt: skip
        couriers = []
        for number in (1, 2):
            argv = [sys.executable, "-m", "webapp.cli", "worker", "--queue", "hooks"]
            log = folder / f"courier{number}.log"
            couriers.append(
                stack.enter_context(servers.running(argv, servers.environment(settings, 0), log)).pid
            )
            _wait(lambda log=log: "is ready" in log.read_text(), 60)
        urls = [f"http://127.0.0.1:{port}/{n}" for n in range(4)]
        rows.add(
            "webhooks: deliveries to one endpoint",
            lambda: _rate(app, settings, loaded, urls[:1], count // 10),
        )
        rows.add(
            "webhooks: deliveries to four endpoints", lambda: _rate(app, settings, loaded, urls, count // 10)
        )
        rows.add("webhooks: one event to 1,000 endpoints", lambda: _spread(app, settings, loaded, urls[0]))
        rows.add("webhooks: memory", lambda: _memory(app, settings, loaded, urls, count, couriers))


@contextlib.contextmanager
def _listening(app: "App", loaded: "Bench", urls: list[str], *names: str) -> Iterator[int]:
    """Endpoints that listen until the block ends; the id of the first."""
    from webapp.integrations.service import endpoints
    from webapp.kit import context

    with _inside(app, loaded.tenant_id):
        made = [
            endpoints.register(
                endpoints.Wanted(url, names or ("sale.created",), concurrency=10), "growth"
            ).endpoint
            for url in urls
        ]
    try:
        yield made[0].id
    finally:
        with _inside(app, loaded.tenant_id):
            from webapp.integrations import queries
            from webapp.kit.db import db

            assert context.tenant_id() == loaded.tenant_id
            for row in db.session.scalars(queries.endpoints()).all():
                endpoints.remove(row)


@contextlib.contextmanager
def _inside(app: "App", tenant: UUID) -> Iterator[None]:
    from webapp.kit import context, tenancy

    with app.app_context(), context.acting(context.SYSTEM), tenancy.across(tenant):
        yield


def _happen(app: "App", tenant: UUID, count: int) -> None:
    from webapp.integrations.service.endpoints import RUN
    from webapp.kit import clock, wakes
    from webapp.kit.db import db

    with _inside(app, tenant):
        values: dict[str, Any] = {
            "tenant": tenant,
            "count": count,
            "payload": json.dumps(SALE),
            "now": clock.now(),
        }
        db.session.execute(EVENTS, values)
        wakes.wake(RUN)


@contextlib.contextmanager
def _looking(settings: "Settings", tenant: UUID) -> Iterator[Any]:
    import psycopg

    with psycopg.connect(settings.app_database_url, autocommit=True) as connection:
        connection.execute("select set_config('app.tenant_id', %s, false)", (str(tenant),))
        yield connection


def _wait(over: Any, seconds: float = PATIENCE, pause: float = 0.05) -> float:
    start = time.perf_counter()
    while not over():
        if time.perf_counter() - start > seconds:
            raise RuntimeError("it did not come to its end: see courier1.log")
        time.sleep(pause)
    return time.perf_counter() - start


def _done(connection: Any, count: int) -> Any:
    def over() -> bool:
        made = "select count(*) from webhook_deliveries where status = 'delivered' and created_at >= %s"
        return bool(connection.execute(made, (started,)).fetchone()[0] >= count)

    started = connection.execute("select now()").fetchone()[0]
    return over


def _rate(app: "App", settings: "Settings", loaded: "Bench", urls: list[str], count: int) -> "Row":
    """From the first ring to the last delivery written."""
    each = max(1, count // len(urls))
    with _listening(app, loaded, urls), _looking(settings, loaded.tenant_id) as connection:
        over = _done(connection, each * len(urls))
        start = time.perf_counter()
        _happen(app, loaded.tenant_id, each)
        _wait(over)
        taken = time.perf_counter() - start
    name = f"webhooks: {each * len(urls):,} deliveries to {len(urls)} endpoint{'s' if len(urls) > 1 else ''}, two couriers"
    return (name, "", f"{each * len(urls) / taken:.0f}/s", "", "≥ 500/s")


def _spread(app: "App", settings: "Settings", loaded: "Bench", url: str) -> "Row":
    from webapp.kit import events
    from webapp.kit.db import db

    with (
        _listening(app, loaded, [url], "item.created") as number,
        _looking(settings, loaded.tenant_id) as connection,
    ):
        with _inside(app, loaded.tenant_id):
            values = {"tenant": loaded.tenant_id, "id": number, "many": MANY - 1}
            db.session.execute(COPIES, values)
        over = _done(connection, MANY)
        start = time.perf_counter()
        with _inside(app, loaded.tenant_id):
            events.emit(events.CATALOGUE["item.created"], 1, {"item_id": 1})
        _wait(over)
        taken = time.perf_counter() - start
    return ("webhooks: one event to 1,000 endpoints, to the last", "", f"{taken:.2f} s", "", "")


def _emitting(app: "App", address: str, loaded: "Bench") -> "Row":
    """Recording a sale with nobody listening and with one endpoint that hears of it; no courier runs meanwhile."""
    from webapp.cli.bench.command import token
    from webapp.cli.bench.measure import Call, latency

    bearer = (("Authorization", f"Bearer {token(address, loaded)}"), ("X-Tenant-Id", str(loaded.tenant_id)),
              ("Content-Type", "application/json"))  # fmt: skip
    body = {"technician_id": loaded.technician_id, "item_id": loaded.item_id, "sale_price_cents": 150_000,
            "customer_name": "Customer 7", "sold_on": time.strftime("%Y-%m-%d")}  # fmt: skip
    call = Call(f"{address}/api/v1/sales", bearer, "POST", json.dumps(body).encode(), 201)
    alone, heard = list[float](), list[float]()
    for _ in range(ROUNDS):
        alone.append(latency(call))
        with _listening(app, loaded, ["http://127.0.0.1:9/"], "sale.*"):
            heard.append(latency(call))
    before, after = statistics.median(alone), statistics.median(heard)
    more = (after / before - 1) * 100
    return ("webhooks: recording a sale, nobody listening and somebody", f"{before:.2f} ms", f"{after:.2f} ms",
            f"{more:+.0f}%", "≤ +10%")  # fmt: skip


def _memory(
    app: "App", settings: "Settings", loaded: "Bench", urls: list[str], count: int, couriers: list[int]
) -> "Row":
    """The larger courier's resident memory: before, and at its most while it drains."""
    from webapp.cli.bench import servers

    idle = max(servers.memory(pid) for pid in couriers)
    peak = idle
    with _listening(app, loaded, urls), _looking(settings, loaded.tenant_id) as connection:
        over = _done(connection, count // len(urls) * len(urls))

        def watch() -> bool:
            nonlocal peak
            peak = max(peak, *(servers.memory(pid) for pid in couriers))
            return bool(over())

        start = time.perf_counter()
        _happen(app, loaded.tenant_id, count // len(urls))
        _wait(watch, pause=0.5)
        taken = time.perf_counter() - start
    figures = f"{peak / 2**20:.0f} MB, {(peak - idle) / 2**20:.0f} above before; {count / taken:.0f}/s"
    return (f"webhooks: memory of a courier, {count:,} deliveries", "", figures, "", "")

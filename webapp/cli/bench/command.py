"""The measurements, one function each, and the table they make."""

import http.cookiejar
import json
import os
import platform
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from webapp.cli.bench.data import Bench
    from webapp.config import Settings

Row = tuple[str, str, str, str, str]  # what, bare, Truckroll, ratio, goal


@click.group(invoke_without_command=True)
@click.option("--sales", default=1_000_000, show_default=True, help="Sales in the large organization.")
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Folder for the servers' data, kept for the next run."
)
@click.option("--only", default="", help="Measure only what has this in its name, e.g. `JSON`.")
@click.option(
    "--deliveries", default=100_000, show_default=True, help="Webhook deliveries of the longest run."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON instead of a table.")
@click.pass_context
def bench(
    context: click.Context, sales: int, keep: Path | None, only: str, deliveries: int, as_json: bool
) -> None:
    """Load an organization of a million sales and measure Truckroll beside a bare Flask + psycopg application.

    Dispatch is measured with a board of 40 technicians and a team of 200; the quality of route plans by `bench routes`.

    \b
    Examples:
      truckroll bench
      truckroll bench --sales 100000 --keep var/bench
      truckroll bench --only dispatch
      truckroll bench --only webhooks --deliveries 10000
    """
    if context.invoked_subcommand is not None:
        return
    with tempfile.TemporaryDirectory(prefix="truckroll-bench-") as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        rows = measure(folder.resolve(), sales, only, deliveries)
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    click.echo(
        f"\n{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n"
    )
    click.echo("| | bare | Truckroll | ratio | goal |\n|---|---:|---:|---:|---:|")
    for row in rows:
        click.echo("| " + " | ".join(row) + " |")


def measure(folder: Path, sales: int, only: str = "", deliveries: int = 100_000) -> list[Row]:
    """Start servers, load, and measure everything. About five minutes at a million sales."""
    from webapp import create_app
    from webapp.cli.bench import data, dispatching, hooks, servers
    from webapp.config import Settings
    from webapp.kit import schema
    from webapp.kit.db import db
    from webapp.kit.servers import embedded

    with embedded(folder) as urls:
        settings = Settings(database_url=urls.database_url, redis_url=urls.redis_url, data_dir=folder,
                            secret_keys=("bench" * 8,), environment="production")  # fmt: skip
        schema.upgrade(settings, say)
        rows = Rows(only)
        if rows.wants("dispatch"):
            say("Loading a board of 40 technicians and a team of 200")
            dispatching.measure(rows, settings, folder, urls.superuser_url)
        if rows.wants("webhooks"):
            say("Loading an organization with webhooks")
            hooks.measure(rows, settings, folder, deliveries)
        if rows.only.startswith(("dispatch", "webhooks")):
            return rows.found
        app = create_app(settings)
        with app.app_context():
            say("Loading 1,000 sales")
            small = data.load(
                1_000, technicians=20, items=50, customers=300, period_lines=500, code="BENCH1K"
            )
            # PostgreSQL keeps the plans of key checks for the life of a connection: those made for 300 customers
            # would scan 20,000 for each sale
            db.engine.dispose()
            say(f"Loading {sales:,} sales")
            start = time.perf_counter()
            large = data.load(sales, code="BENCH")
            say(f"  in {time.perf_counter() - start:.0f} s")
        _analyze(urls.superuser_url)
        with servers.product(settings, folder) as (address, pid):
            for loaded in (small, large):
                with servers.bare(settings, folder, str(loaded.tenant_id)) as bare:
                    _requests(rows, address, bare, loaded)
            rows.add("statement PDF", lambda: _pdf(address, large))
            rows.add("CSV", lambda: _csv(address, settings, large, pid))
            rows.add("close a period", lambda: _close(address, settings, large))
        rows.add("waiting jobs", lambda: _drain(settings, folder, large))
        return rows.found


class Rows:
    """The table as it grows; what was not asked for is not measured."""

    def __init__(self, only: str) -> None:
        self.only, self.found = only.lower(), list[Row]()

    def wants(self, part: str) -> bool:
        """Whether anything may be measured whose name begins with `part`."""
        return not self.only or self.only.startswith(part) or part.startswith(self.only)

    def add(self, name: str, measure: Callable[[], Row]) -> None:
        if self.only in name.lower():
            row = measure()
            say("  " + " · ".join(row))
            self.found.append(row)


def say(text: str) -> None:
    click.echo(text, err=True)


def _analyze(superuser_url: str) -> None:
    import psycopg

    with psycopg.connect(superuser_url, dbname="truckroll", autocommit=True) as connection:
        connection.execute("vacuum analyze")


def _row(what: str, bare: float, ours: float, goal: float, unit: str = "ms", digits: int = 2) -> Row:
    text = f"{{:.{digits}f}} {unit}"
    return what, text.format(bare), text.format(ours), f"{ours / bare:.2f}×", f"≤ {goal:g}×"


def _requests(rows: Rows, address: str, bare: str, loaded: "Bench") -> None:
    from webapp.cli.bench.measure import Call, latency, throughput

    bearer = (("Authorization", f"Bearer {token(address, loaded)}"), ("X-Tenant-Id", str(loaded.tenant_id)))
    cookie = (("Cookie", _cookie(address, loaded.code)),)
    first, last = loaded.month
    month = f"date_from={first}&date_to={last}"
    today = time.strftime("%Y-%m-%d")
    sale = {"technician_id": loaded.technician_id, "item_id": loaded.item_id, "sale_price_cents": 150_000,
            "customer_name": "Customer 7", "sold_on": today}  # fmt: skip
    body = json.dumps(sale).encode()
    bare_body = json.dumps(sale | {"period_id": loaded.period_id}).encode()
    post = (*bearer, ("Content-Type", "application/json"))
    pairs = [
        ("sales page", 4, Call(f"{bare}/page"), Call(f"{address}/sales", cookie)),
        ("sales page, one month", 4, Call(f"{bare}/page?{month}"), Call(f"{address}/sales?from={first}&to={last}", cookie)),
        ("sales JSON", 2, Call(f"{bare}/json"), Call(f"{address}/api/v1/sales?limit=50", bearer)),
        ("sales JSON, page 20 of a month", 2, Call(f"{bare}/json?{month}&page=20"),
         Call(f"{address}/api/v1/sales?limit=50&{month}&page=20", bearer)),
        ("one sale", 3, Call(f"{bare}/sales/{loaded.sale_id}"), Call(f"{address}/api/v1/sales/{loaded.sale_id}", bearer)),
        ("record a sale", 3, Call(f"{bare}/sales", (), "POST", bare_body, 201),
         Call(f"{address}/api/v1/sales", post, "POST", body, 201)),
    ]  # fmt: skip
    for what, goal, theirs, ours in pairs:
        name = f"{what}, of {loaded.sales:,}"
        rows.add(name, lambda n=name, g=goal, a=theirs, b=ours: _row(n, latency(a), latency(b), g))  # type: ignore[misc]
        rows.add(f"{name}, 4 clients",
                 lambda n=name, g=goal, a=theirs, b=ours: _rate(n, throughput(a), throughput(b), g))  # type: ignore[misc]  # fmt: skip


def _rate(name: str, bare: float, ours: float, goal: float) -> Row:
    return f"{name}, 4 clients", f"{bare:.0f}/s", f"{ours:.0f}/s", f"{bare / ours:.2f}×", f"≤ {goal:g}×"


def token(address: str, loaded: "Bench") -> str:
    from webapp.cli.bench.data import PASSWORD

    sent = urllib.request.Request(  # noqa: S310  # our own child on loopback
        f"{address}/api/v1/auth/login", json.dumps({"username": "admin", "password": PASSWORD}).encode(),
        {"Content-Type": "application/json", "X-Tenant-Id": str(loaded.tenant_id)},
    )  # fmt: skip
    with urllib.request.urlopen(sent) as answer:  # noqa: S310  # our own child on loopback
        token: str = json.load(answer)["data"]["access_token"]
        return token


def _cookie(address: str, code: str) -> str:
    import re

    from webapp.cli.bench.data import PASSWORD

    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = browser.open(f"{address}/sign-in").read().decode()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    form = {"csrf_token": found[1], "business_code": code, "username": "admin", "password": PASSWORD}
    browser.open(f"{address}/sign-in", urllib.parse.urlencode(form).encode()).read()
    return "; ".join(f"{c.name}={c.value}" for c in jar)


def _get(address: str, path: str, loaded: "Bench", method: str = "GET", body: object = None) -> bytes:
    headers = {"Authorization": f"Bearer {token(address, loaded)}", "X-Tenant-Id": str(loaded.tenant_id),
               "Content-Type": "application/json"}  # fmt: skip
    data = json.dumps(body).encode() if body is not None else None
    sent = urllib.request.Request(f"{address}/api/v1{path}", data, headers, method=method)  # noqa: S310
    with urllib.request.urlopen(sent, timeout=300) as answer:  # noqa: S310  # our own child on loopback
        return bytes(answer.read())


def _pdf(address: str, loaded: "Bench") -> Row:
    path = f"/export/commission-statement/{loaded.technician_id}/{loaded.period_id}/pdf"
    _get(address, path, loaded)  # the first one imports WeasyPrint
    start = time.perf_counter()
    size = len(_get(address, path, loaded))
    return ("statement PDF, 100 lines", "", f"{time.perf_counter() - start:.2f} s, {size // 1024} KB", "", "")


def _csv(address: str, settings: "Settings", loaded: "Bench", pid: int) -> Row:
    import psycopg

    from webapp.cli.bench import servers

    with psycopg.connect(settings.app_database_url) as connection:
        connection.execute("select set_config('app.tenant_id', %s, false)", (str(loaded.tenant_id),))
        start = time.perf_counter()
        with connection.cursor().copy(COPY) as out:
            for _ in out:
                pass
        bare = time.perf_counter() - start
    headers = {"Authorization": f"Bearer {token(address, loaded)}", "X-Tenant-Id": str(loaded.tenant_id)}
    sent = urllib.request.Request(f"{address}/api/v1/admin/csv-export/sales", headers=headers)  # noqa: S310
    idle = servers.memory(pid)
    peak, over = [idle], threading.Event()
    watcher = threading.Thread(target=_watch, args=(lambda: servers.memory(pid), peak, over))
    watcher.start()
    start = time.perf_counter()
    lines = 0
    with urllib.request.urlopen(sent, timeout=600) as answer:  # noqa: S310  # our own child on loopback
        while piece := answer.read(1 << 18):
            lines += piece.count(b"\n")
    ours = time.perf_counter() - start
    over.set()
    watcher.join()
    name = f"CSV of {lines - 1:,} sales, {(peak[0] - idle) / 2**20:.0f} MB above idle (goal < 60)"
    return _row(name, bare, ours, 3, "s")


COPY = """copy (select s.id, s.sold_on, t.name as technician, i.name as item, s.customer_name, s.sale_price_cents,
s.commission_cents, s.status, s.payment_status, s.notes from sales s
join technicians t on t.tenant_id = s.tenant_id and t.id = s.technician_id
join items i on i.tenant_id = s.tenant_id and i.id = s.item_id order by s.sold_on, s.id) to stdout with (format csv, header)"""


def _watch(read: Callable[[], int], peak: list[int], over: threading.Event) -> None:
    while not over.wait(0.05):
        peak[0] = max(peak[0], read())


def _close(address: str, settings: "Settings", loaded: "Bench") -> Row:
    import psycopg

    with psycopg.connect(settings.app_database_url) as connection:
        connection.execute("select set_config('app.tenant_id', %s, false)", (str(loaded.tenant_id),))
        start = time.perf_counter()
        connection.execute("update pay_lines set frozen = true where pay_period_id = %s and state = 'posted'",
                           (loaded.period_id,))  # fmt: skip
        connection.execute(
            "select technician_id, count(*), sum(amount_cents) from pay_lines where pay_period_id = %s group by 1",
            (loaded.period_id,),
        ).fetchall()
        bare = time.perf_counter() - start
        connection.rollback()
    start = time.perf_counter()
    _get(address, f"/admin/pay-periods/{loaded.period_id}/close", loaded, "PATCH")
    ours = time.perf_counter() - start
    # a kept folder is measured again: its period must be open then
    _get(address, f"/admin/pay-periods/{loaded.period_id}/reopen", loaded, "PATCH", {"reason": "measured"})
    return _row("close a period of 20,000 lines", bare, ours, 10, "s")


def _drain(settings: "Settings", folder: Path, loaded: "Bench") -> Row:
    """1,000 waiting jobs, two workers: from the first ring to the last row done."""
    import contextlib
    import sys

    import psycopg

    from webapp.cli.bench import servers

    count = 1000
    with psycopg.connect(settings.app_database_url, autocommit=True) as connection:
        connection.execute("select set_config('app.tenant_id', %s, false)", (str(loaded.tenant_id),))
        with contextlib.ExitStack() as stack:
            argv = [sys.executable, "-m", "webapp.cli", "worker", "--queue", "quick"]
            for number in (1, 2):
                env = servers.environment(settings, 0)
                stack.enter_context(servers.running(argv, env, folder / f"worker{number}.log"))
            time.sleep(5)  # both have imported the application and wait for the bell
            connection.execute(JOBS, (loaded.tenant_id, count))
            _ring(settings, loaded)
            start = time.perf_counter()
            while connection.execute("select count(*) from jobs where dedupe_key like 'bench%%' and status <> 'done'"
                                     ).fetchone() != (0,):  # fmt: skip
                if time.perf_counter() - start > 60:
                    raise RuntimeError("the workers did not finish: see worker1.log")
                time.sleep(0.02)
            taken = time.perf_counter() - start
    return ("1,000 waiting jobs, two workers", "", f"{count / taken:.0f}/s", "", "≥ 300/s")


JOBS = """insert into jobs (tenant_id, kind, queue, status, args, state, dedupe_key, run_after, attempts, max_attempts,
progress, actor, created_at)
select %s, 'kit.nothing', 'quick', 'waiting', '{}', '{}', 'bench' || n, now(), 0, 3, 0, '{}', now() from generate_series(1, %s) n"""


def _ring(settings: "Settings", loaded: "Bench") -> None:
    from webapp import create_app
    from webapp.kit import doorbell

    with create_app(settings).app_context():
        doorbell.ring("quick", loaded.tenant_id)

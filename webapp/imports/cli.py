"""`truckroll import`: the imports of the pages, from the command line."""

from collections import Counter
from pathlib import Path
from typing import Any

import click

SHOWN_PROBLEMS = 20


@click.command("import")
@click.option("--business", required=True, metavar="CODE", help="The organization's business code.")
@click.option("--kind", required=True, help="technicians, items, customers, sales …")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option(
    "--column", "pairs", multiple=True, metavar="FIELD=COLUMN", help="A column the headings do not tell."
)
@click.option("--new", "answer_new", is_flag=True, help="Make a new record where it is unsure who is meant.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(
    business: str, kind: str, dry_run: bool, pairs: tuple[str, ...], answer_new: bool, file: Path
) -> None:
    """Bring records in from a CSV file. Wrong rows are left out and listed; the same file twice changes nothing.

    \b
    Examples:
      truckroll import --business DEMO --kind sales sales.csv --dry-run
      truckroll import --business DEMO --kind customers people.csv --column name=Client
    """
    from webapp import create_app
    from webapp.kit import console, errors, jobs

    app = create_app()
    with app.app_context():
        try:
            with console.acting_in(business):
                _run(kind, file, pairs, dry_run=dry_run, answer_new=answer_new)
        except (errors.AppError, jobs.GiveUp) as problem:
            raise click.ClickException(getattr(problem, "message", str(problem))) from None


class Foreground:
    """Stands in for a job's Run: commits the pieces and shows how far it is."""

    def __init__(self, label: str) -> None:
        self.state: dict[str, Any] = {}
        self.label = label

    def report(self, done: int, total: int | None = None) -> None:
        click.echo(f"\r{self.label} {done:,}" + (f" of {total:,}" if total else ""), nl=False, err=True)

    def checkpoint(self, **state: Any) -> None:
        from webapp.kit import journal

        self.state |= state
        journal.commit()


def _run(kind: str, file: Path, pairs: tuple[str, ...], *, dry_run: bool, answer_new: bool) -> None:
    from webapp.imports import engine, queries, registry, service
    from webapp.kit import errors, journal

    if kind not in registry.SPECS:
        raise errors.NotFound(f"There is no kind “{kind}”. There are: {', '.join(registry.SPECS)}.")
    with file.open("rb") as source:
        record = service.upload(kind, file.name, iter(lambda: source.read(1 << 20), b""))
    service.map_columns(record.id, record.mapping | _pairs(pairs), in_background=False)
    counts = Counter(engine.check(record, Foreground("Checked")))
    journal.commit()
    record = queries.one(record.id)
    click.echo("", err=True)
    click.echo(", ".join(f"{counts[s]:,} {s}" for s in registry.STATUSES))
    for row in queries.first_wrong(record, SHOWN_PROBLEMS):
        click.echo(f"  row {row.row_number}: {' '.join(p['message'] for p in row.problems)}")
    if dry_run:
        service.cancel(record.id)
        journal.commit()
        return
    if answer_new:
        service.choose_new(record.id)
    if not queries.writable(record.id):
        click.echo("Nothing to write.")
        return
    service.confirm(record.id, in_background=False)
    written = engine.write(record, Foreground("Written"))
    journal.commit()
    click.echo("", err=True)
    click.echo(f"{written.get('new', 0):,} new, {written.get('changed', 0):,} changed")


def _pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"write --column FIELD=COLUMN, not {pair}")
        found[name.strip()] = column.strip()
    return found

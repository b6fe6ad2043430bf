"""`truckroll export`: the exports of the pages, from the command line."""

import sys
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--business", required=True, metavar="CODE", help="The organization's business code.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Where to write; `-` is standard output."
)
@click.option(
    "--arg", "pairs", multiple=True, metavar="NAME=VALUE", help="What to select, as in the page's address."
)
@click.argument("kind", required=False)
def export(business: str, output: Path | None, pairs: tuple[str, ...], kind: str | None) -> None:
    """Write one of an organization's exports to a file. Without KIND, list what there is.

    \b
    Examples:
      truckroll export --business DEMO
      truckroll export --business DEMO sales.csv -o sales.csv
      truckroll export --business DEMO sales.csv --arg status=approved -o -
    """
    from webapp import create_app
    from webapp.downloads import registry, service
    from webapp.kit import console, errors

    app = create_app()
    with app.app_context():
        if kind is None:
            for found in sorted(registry.EXPORTERS.values(), key=lambda e: e.kind):
                click.echo(f"{found.kind:32} {found.title}")
            return
        try:
            with console.acting_in(business):
                made = registry.find(kind).make(_arguments(pairs), registry.Unwatched())
                content = service.contents(made)
                pieces = (content,) if isinstance(content, bytes) else content
                where = output or Path(made.filename)
                size = _write(where, pieces)
        except errors.AppError as problem:
            raise click.ClickException(problem.message) from None
    if str(where) != "-":
        click.echo(f"{where}: {size:,} bytes")


def _arguments(pairs: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"write --arg NAME=VALUE, not {pair}")
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def _write(where: Path, pieces: Any) -> int:
    size = 0
    out = sys.stdout.buffer if str(where) == "-" else where.open("wb")
    try:
        for piece in pieces:
            size += len(piece)
            out.write(piece)
    finally:
        out.flush()
        if out is not sys.stdout.buffer:
            out.close()
    return size

"""`truckroll keys`: make, list, change, rotate and revoke API keys without the pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from webapp.kit.web import App

PRODUCTS = tuple(f"{api}{mode}" for api in ("field", "growth", "closebot", "fixflow", "ledgerpilot", "agents")
                 for mode in ("", "_test"))  # fmt: skip
ROLES = ("admin", "manager", "dispatcher", "payroll", "accountant")
BUSINESS = click.option("--business", metavar="CODE", required=True, help="The organization's business code.")


@click.group()
def keys() -> None:
    """API keys.

    \b
    Examples:
      truckroll keys create --business DEMO --product field --role manager --name "Website"
      truckroll keys list --business DEMO
      truckroll keys rotate --business DEMO 3
      truckroll keys revoke --business DEMO 3
    """


@contextmanager
def organization(business: str, app: "App | None" = None) -> Iterator[None]:
    """Work in one organization as the server itself; committed at the end. Raises ClickException."""
    from webapp import create_app
    from webapp.config import SettingsError
    from webapp.kit import context, directory, errors, journal, tenancy
    from webapp.kit.db import db

    try:
        app = app or create_app()
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    with app.app_context():
        found = directory.find("code", business.strip())
        db.session.rollback()
        if found is None:
            raise click.ClickException(f"No organization has the business code {business.upper()}.")
        tenancy.use(found)
        who = context.Principal(kind="system", tenant_id=found, name="Command line")
        with context.acting(who, context.Origin("system")):
            try:
                yield
                journal.commit()
            except errors.AppError as problem:
                db.session.rollback()
                raise click.ClickException(problem.message) from None


def _choices(given: str) -> list[str]:
    return given.replace(",", " ").split()


def _access(reads: bool, chosen: str) -> str:
    if reads and chosen:
        raise click.UsageError("Give --read-only or --scopes, not both.")
    return "read" if reads else "chosen" if chosen else "full"


DAYS = click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=None,
    help="Expires after so many days; never by itself without.",
)
READ_ONLY = click.option("--read-only", "reads", is_flag=True, help="Narrowed to everything that reads.")
CHOSEN = click.option(
    "--scopes",
    "chosen",
    default="",
    metavar="LIST",
    help="Narrowed to these, like customers:read,sales:write.",
)
ALLOW = click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="ADDRESS",
    help="Works from this address or block only; may be repeated.",
)


@keys.command()
@BUSINESS
@click.option(
    "--product",
    type=click.Choice(PRODUCTS),
    required=True,
    help="The API that the key opens; …_test: its sandbox.",
)
@click.option("--name", required=True, help="What people recognize it by.")
@click.option("--role", type=click.Choice(ROLES), default=None, help="Field keys: the role it acts with.")
@click.option(
    "--scope",
    type=click.Choice(("read", "write", "admin")),
    default=None,
    help="Growth keys: their level.",
)
@READ_ONLY
@CHOSEN
@ALLOW
@DAYS
def create(business: str, product: str, name: str, role: str | None, scope: str | None, reads: bool, chosen: str,
           allowed: tuple[str, ...], days: int | None) -> None:  # fmt: skip
    """Make a key and print it, once.

    \b
    Examples:
      truckroll keys create --business DEMO --product field --role manager --name "Website"
      truckroll keys create --business DEMO --product growth --scope write --days 90 --name "CRM"
      truckroll keys create --business DEMO --product field --role admin --name "Reports" \\
        --scopes sales:read,payroll:read --allow 203.0.113.0/24
    """
    from webapp.accounts.service import keys as service
    from webapp.kit import clock

    with organization(business):
        expires = clock.now() + timedelta(days=days) if days else None
        row, key = service.create(name, product, role=role or "", scope=scope or "", expires_at=expires,
                                  access=_access(reads, chosen), chosen=_choices(chosen), allowed=allowed)  # fmt: skip
        number = row.id
    click.echo(key)
    click.echo(f"Key {number}. It is not shown again: keep it now.", err=True)


@keys.command()
@BUSINESS
@click.argument("number", type=int)
@click.option("--name", default=None, help="Another name.")
@click.option("--full-access", "full", is_flag=True, help="Narrowed no more.")
@READ_ONLY
@CHOSEN
@ALLOW
@click.option("--anywhere", is_flag=True, help="Bound to no addresses any more.")
@DAYS
@click.option("--never", is_flag=True, help="Does not expire by itself any more.")
def change(business: str, number: int, name: str | None, full: bool, reads: bool, chosen: str, allowed: tuple[str, ...],
           anywhere: bool, days: int | None, never: bool) -> None:  # fmt: skip
    """Change what a key may, from where, or until when. What is not named stays.

    \b
    Examples:
      truckroll keys change --business DEMO 3 --read-only --days 30
      truckroll keys change --business DEMO 3 --full-access --anywhere
    """
    from webapp.accounts import queries
    from webapp.accounts.service import keys as service
    from webapp.kit import clock

    if (full and (reads or chosen)) or (anywhere and allowed) or (never and days):
        raise click.UsageError("Two of these contradict each other.")
    with organization(business):
        row, _ = queries.key_with_maker(number)
        narrowed = full or reads or bool(chosen)
        ends = clock.now() + timedelta(days=days) if days else None if never else row.expires_at
        wanted = service.Wanted(
            name or row.name, _access(reads, chosen) if narrowed else row.access,
            _choices(chosen) if narrowed else row.scopes, allowed if allowed or anywhere else row.allowed, ends,
        )  # fmt: skip
        service.change(number, wanted)
    click.echo(f"Changed key {number}.")


@keys.command()
@BUSINESS
@click.argument("number", type=int)
@click.option("--hours", type=click.IntRange(0, 168), default=24, show_default=True,
              help="How long the old secret works on.")  # fmt: skip
def rotate(business: str, number: int, hours: int) -> None:
    """Give a key a new secret and print it, once.

    \b
    Example:
      truckroll keys rotate --business DEMO 3 --hours 48
    """
    from webapp.accounts.service import keys as service

    with organization(business):
        key = service.rotate(number, hours)[1]
    click.echo(key)
    click.echo(f"Key {number}. It is not shown again; the old secret works for {hours} more hours.", err=True)


@keys.command("end-overlap")
@BUSINESS
@click.argument("number", type=int)
def end_overlap(business: str, number: int) -> None:
    """End the old secret of a key that was rotated, within seconds.

    \b
    Example:
      truckroll keys end-overlap --business DEMO 3
    """
    from webapp.accounts.service import keys as service

    with organization(business):
        service.end_overlap(number)
    click.echo(f"Only the new secret of key {number} works.")


@keys.command()
@click.argument("product", type=click.Choice(PRODUCTS))
def scopes(product: str) -> None:
    """List the scopes that keys of an API can be narrowed to.

    \b
    Example:
      truckroll keys scopes field
    """
    from webapp import create_app
    from webapp.accounts.service import keyring
    from webapp.config import SettingsError
    from webapp.kit import scopes as kit

    try:
        create_app()
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    for area in kit.areas(keyring.PRODUCTS[product].dialect):
        click.echo(f"{', '.join(area.scopes):<52} {', '.join(area.tags)}")


@keys.command("list")
@BUSINESS
def list_(business: str) -> None:
    """List an organization's keys.

    \b
    Example:
      truckroll keys list --business DEMO
    """
    from webapp.accounts import queries, usage_figures

    with organization(business):
        rows = queries.api_keys()
        seen = usage_figures.seen(rows)
        if not rows:
            click.echo("No keys.")
        for row in rows:
            last = seen[row.id]
            state = (
                "revoked"
                if row.revoked_at
                else f"until {row.expires_at:%Y-%m-%d}"
                if row.expires_at
                else "active"
            )
            used = f"{last.at:%Y-%m-%d %H:%M} UTC" if last.at else "never"
            where = f" from {', '.join(row.allowed)}" if row.allowed else ""
            narrowed = {"full": "", "read": " read only", "chosen": f" {','.join(row.scopes)}"}[row.access]
            click.echo(f"{row.id:>6}  {row.prefix + '…':<18} {row.product:<16} {row.role or row.scope or '-':<11} "
                       f"{state:<17} used {used:<21} {row.name}{narrowed}{where}")  # fmt: skip


@keys.command()
@BUSINESS
@click.argument("number", type=int)
def revoke(business: str, number: int) -> None:
    """Make a key useless, within seconds.

    \b
    Example:
      truckroll keys revoke --business DEMO 3
    """
    from webapp.accounts.service import keys as service

    with organization(business):
        name = service.revoke(number).name
    click.echo(f"Revoked key {number}, {name}.")

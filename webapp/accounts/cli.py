"""`truckroll keys`: make, list and revoke API keys without the pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from webapp.kit.web import App

PRODUCTS = ("field", "growth", "growth_test", "closebot", "fixflow", "ledgerpilot", "agents")
ROLES = ("admin", "manager", "dispatcher", "payroll", "accountant")
BUSINESS = click.option("--business", metavar="CODE", required=True, help="The organization's business code.")


@click.group()
def keys() -> None:
    """API keys.

    \b
    Examples:
      truckroll keys create --business DEMO --product field --role manager --name "Website"
      truckroll keys list --business DEMO
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


@keys.command()
@BUSINESS
@click.option("--product", type=click.Choice(PRODUCTS), required=True, help="The API that the key opens.")
@click.option("--name", required=True, help="What people recognize it by.")
@click.option("--role", type=click.Choice(ROLES), default=None, help="Field keys: the role it acts with.")
@click.option(
    "--scope",
    type=click.Choice(("read", "write", "admin")),
    default=None,
    help="Growth keys: how much it may do.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=None,
    help="Expires after so many days; never by itself without.",
)
def create(
    business: str, product: str, name: str, role: str | None, scope: str | None, days: int | None
) -> None:
    """Make a key and print it, once.

    \b
    Examples:
      truckroll keys create --business DEMO --product field --role manager --name "Website"
      truckroll keys create --business DEMO --product growth --scope write --days 90 --name "CRM"
    """
    from webapp.accounts.service import keys as service
    from webapp.kit import clock

    with organization(business):
        expires = clock.now() + timedelta(days=days) if days else None
        row, key = service.create(name, product, role=role or "", scope=scope or "", expires_at=expires)
        number = row.id
    click.echo(key)
    click.echo(f"Key {number}. It is not shown again: keep it now.", err=True)


@keys.command("list")
@BUSINESS
def list_(business: str) -> None:
    """List an organization's keys.

    \b
    Example:
      truckroll keys list --business DEMO
    """
    from webapp.accounts import queries

    with organization(business):
        rows = queries.api_keys()
        if not rows:
            click.echo("No keys.")
        for row in rows:
            state = (
                "revoked"
                if row.revoked_at
                else f"until {row.expires_at:%Y-%m-%d}"
                if row.expires_at
                else "active"
            )
            used = f"{row.last_used_at:%Y-%m-%d %H:%M} UTC" if row.last_used_at else "never"
            click.echo(f"{row.id:>6}  {row.prefix + '…':<18} {row.product:<12} {row.role or row.scope or '-':<11} "
                       f"{state:<17} used {used:<21} {row.name}")  # fmt: skip


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

"""`truckroll init`: the database in its present form, recurring work for every organization, the demo company."""

import sys
from collections import Counter
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from webapp.config import Settings


@click.command()
@click.option("--demo", is_flag=True, help="Load the demo companies DEMO and OTHER unless they are there.")
@click.option(
    "--rewrite-secrets", is_flag=True, help="Encrypt what is kept secret anew, under the first secret key."
)
def init(demo: bool, rewrite_secrets: bool) -> None:
    """Migrate the database and make it ready: roles, tables, partitions for the year to come. Quick when it is so.

    \b
    Examples:
      truckroll init
      truckroll init --demo
      truckroll init --rewrite-secrets      after a new key was put in front of TRUCKROLL_SECRET_KEYS
    """
    import psycopg
    from sqlalchemy.exc import OperationalError

    from webapp.config import Settings, SettingsError
    from webapp.demo import told
    from webapp.kit import schema

    try:
        settings = Settings.load()
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    try:
        outcome = schema.upgrade(settings, say)
    except (psycopg.OperationalError, OperationalError) as problem:
        reason = getattr(problem, "orig", None) or problem
        if getattr(reason, "sqlstate", None):
            raise  # it does answer, and something else is wrong
        raise click.ClickException(
            f"The database does not answer, see DATABASE_URL: {reason}".strip()
        ) from None
    migrated = outcome.before != outcome.after
    demo = demo and not told(settings.database_url)
    if not (migrated or demo or rewrite_secrets or _has_expired(settings)):
        return  # without loading the application, which takes longer than all before
    from webapp import create_app
    from webapp.cli import upkeep

    app = create_app(settings)
    try:
        for sentence in upkeep.run(app):
            say(sentence)
    except psycopg.errors.LockNotAvailable:
        say("The audit log is in use: the clock will let go of its oldest entries later")
    if rewrite_secrets:
        with app.app_context():
            _rewrite_secrets()
    if demo:
        from webapp.demo.story import load

        with app.app_context():
            load(say)


def _rewrite_secrets() -> None:
    from webapp.kit import context, secrets, tenancy
    from webapp.kit.db import db

    total: Counter[str] = Counter()
    tenants = tenancy.every_tenant()
    db.session.rollback()
    for tenant in tenants:
        with context.acting(context.SYSTEM, context.Origin("system")), tenancy.across(tenant):
            total += secrets.rewrite()
    say(f"Secrets encrypted anew under the first key: {total['rewritten']}.")
    if total["lost"]:
        raise click.ClickException(
            f"{total['lost']} secrets cannot be read with any key of TRUCKROLL_SECRET_KEYS. Put the missing key back."
        )


def _has_expired(settings: "Settings") -> bool:
    """Whether a month of the audit log is over for seven years."""
    import psycopg

    from webapp.audit import rules
    from webapp.kit import clock, partitions

    with psycopg.connect(settings.database_url, autocommit=True) as owner:
        return bool(partitions.expired(owner, rules.TABLE, rules.kept_since(clock.now())))


def say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()

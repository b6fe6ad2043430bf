"""`truckroll init`: the database in its present form, recurring work for every organization, the demo company."""

import sys

import click


@click.command()
@click.option("--demo", is_flag=True, help="Load the demo companies DEMO and OTHER unless they are there.")
def init(demo: bool) -> None:
    """Migrate the database and make it ready. Quick when there is nothing to do.

    \b
    Examples:
      truckroll init
      truckroll init --demo
    """
    from webapp.config import Settings, SettingsError
    from webapp.kit import schema

    try:
        settings = Settings.load()
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    outcome = schema.upgrade(settings, say)
    if outcome.before == outcome.after and not demo:
        return
    from webapp import create_app

    app = create_app(settings)
    with app.app_context():
        if outcome.before != outcome.after:
            _recurring_work()
        if demo:
            from webapp.demo import load

            load(say)


def _recurring_work() -> None:
    from webapp.kit import jobs, tenancy
    from webapp.kit.db import db

    tenants = tenancy.every_tenant()
    db.session.rollback()
    for tenant in tenants:
        with tenancy.across(tenant):
            jobs.ensure_recurring()


def say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()

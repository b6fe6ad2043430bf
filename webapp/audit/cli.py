"""`truckroll audit`: prove that the audit log is as it was written."""

from uuid import UUID

import click


@click.group()
def audit() -> None:
    """The audit log.

    \b
    Example:
      truckroll audit verify --business DEMO
    """


@audit.command()
@click.option("--business", metavar="CODE", help="One organization; all of them when left out.")
def verify(business: str | None) -> None:
    """Check every entry's hash from the first to the last, and the heads that were exported. Fails on a break.

    \b
    Examples:
      truckroll audit verify
      truckroll audit verify --business DEMO
    """
    from webapp import create_app
    from webapp.config import SettingsError

    try:
        app = create_app()
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    with app.app_context():
        broken = run(business)
    if broken:
        raise click.ClickException(f"{broken} broken. Compare with a backup before anything else is written.")


def run(business: str | None) -> int:
    """Verify one organization or all, printing a line for each; how many are broken."""
    from webapp.kit import directory, tenancy
    from webapp.kit.db import db

    if business:
        found = directory.find("code", business.strip().upper())
        if found is None:
            raise click.ClickException(f"No organization has the business code {business.upper()}.")
        tenants = [found]
    else:
        tenants = tenancy.every_tenant()
    db.session.rollback()
    return sum(_one(tenant) for tenant in tenants)


def _one(tenant: UUID) -> int:
    from webapp.audit import chain
    from webapp.kit import context, tenancy
    from webapp.kit.db import db
    from webapp.models import Organization

    tenancy.use(tenant)
    with context.acting(context.Principal(kind="system", tenant_id=tenant, name="Truckroll")):
        company = db.session.get(Organization, tenant)
        code = company.business_code if company else str(tenant)
        report = chain.verify()
    db.session.rollback()
    if report.intact:
        against = f", {report.heads_compared} exported heads agree" if report.heads_compared else ""
        gone = f", {report.dropped:,} older ones let go of" if report.dropped else ""
        click.echo(f"{code}: {report.entries:,} entries intact{gone}, head {report.head[:16]}…{against}")
        return 0
    click.echo(f"{code}: BROKEN, {report.broken}. {report.entries:,} entries before it are intact.")
    return 1

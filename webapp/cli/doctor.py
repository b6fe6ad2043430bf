"""`truckroll doctor`: what is missing on this machine, and the command that mends it."""

import os
import sys

import click


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", default=8000, show_default=True)
def doctor(port: int) -> None:
    """Check this machine, line by line: OK, or MISSING with the one command that mends it.

    The exit code is 1 when something is missing that Truckroll needs to run.

    \b
    Example:
      truckroll doctor
    """
    # here, because a broken installation must still be able to show the help
    from webapp.cli import setup_checks
    from webapp.cli.up import Plan

    plan = Plan.load(demo=False, port=port, workers=1, web_processes=1)
    checks = [check(plan) for check in setup_checks.every()]
    width = max(len(check.what) for check in checks)
    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for check in checks:
        word = "OK" if check.ok else "MISSING" if check.needed else "absent"
        colour = {"OK": "green", "MISSING": "red", "absent": "yellow"}[word]
        label = click.style(f"{word:<8}", fg=colour) if coloured else f"{word:<8}"
        click.echo(f"{label} {check.what:<{width}}  {check.found}".rstrip())
        if not check.ok and check.mend:
            click.echo(f"{'':<8} {'':<{width}}  → {check.mend}")
    missing = [check for check in checks if check.needed and not check.ok]
    click.echo(f"{len(missing)} to mend." if missing else "Ready: truckroll up")
    sys.exit(1 if missing else 0)

"""The `truckroll` command line. A command is imported when it is run: `truckroll --help` loads none."""

import importlib
from typing import Any

import click

COMMANDS = {
    "up": ("webapp.cli.up:up", "Start everything: servers, web, workers and clock."),
    "init": ("webapp.cli.init:init", "Migrate the database; with --demo, load the demo company."),
    "web": ("webapp.cli.web:web", "Serve pages and APIs."),
    "worker": ("webapp.cli.worker:worker", "Do background jobs."),
    "clock": ("webapp.cli.clock:clock", "Ring jobs when they are due."),
    "keys": ("webapp.accounts.cli:keys", "Create and revoke API keys."),
    "import": ("webapp.imports.cli:import_", "Bring an organization's data in."),
    "export": ("webapp.downloads.cli:export", "Take an organization's data out, whole."),
    "audit": ("webapp.audit.cli:audit", "Verify the audit trail."),
    "doctor": ("webapp.cli.doctor:doctor", "Check this machine and say what to mend."),
    "bench": ("webapp.cli.bench:bench", "Measure against bare Flask on the same machine."),
}
"""Command → where it is (`module:object`) and the line that `--help` shows of it."""


class LazyGroup(click.Group):
    """A group whose commands are imported one at a time, when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        try:
            command = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            # only its own absence means that there is no such command: any other one is a fault to be seen
            if error.name and (module == error.name or module.startswith(f"{error.name}.")):
                raise click.ClickException(
                    f"`truckroll {cmd_name}` is not part of this installation."
                ) from None
            raise
        if not isinstance(command, click.Command):
            raise click.ClickException(f"{COMMANDS[cmd_name][0]} is not a command.")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.command(cls=LazyGroup, name="truckroll", context_settings=_SETTINGS)
def main() -> None:
    """Truckroll runs a home-service contractor's day.

    \b
    Examples:
      truckroll up --demo      everything, with a demo company to look at
      truckroll doctor         what is missing on this machine
      truckroll COMMAND -h     a command's options, with an example
    """

"""Checking and writing imports."""

from typing import Any

from webapp.imports import engine, service
from webapp.kit import jobs
from webapp.kit.db import get
from webapp.models import Import


@jobs.job("imports.check", queue=jobs.LONG, max_attempts=3, failed=service.failed)
def check(run: jobs.Run) -> dict[str, Any]:
    """The dry run."""
    record = get(Import, run.args["id"])
    with service.as_owner(record):
        return engine.check(record, run)


@jobs.job("imports.write", queue=jobs.LONG, max_attempts=5, failed=service.failed)
def write(run: jobs.Run) -> dict[str, Any]:
    """The writing, in pieces."""
    record = get(Import, run.args["id"])
    with service.as_owner(record):
        return engine.write(record, run)

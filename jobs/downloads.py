"""Preparing downloads, and letting go of old ones."""

from datetime import timedelta
from typing import Any

from webapp.downloads import service
from webapp.kit import jobs


@jobs.job("downloads.make", queue=jobs.LONG, max_attempts=3, failed=service.failed)
def make(run: jobs.Run) -> dict[str, Any]:
    return service.make(run)


@jobs.job("downloads.expire", queue=jobs.LONG, every=timedelta(hours=3))
def expire(run: jobs.Run) -> dict[str, Any]:
    return {"expired": service.expire()}

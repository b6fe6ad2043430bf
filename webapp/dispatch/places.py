"""Where jobs are: from the property, from coordinates that were given, else from the middle of the ZIP code."""

from webapp.models import DispatchJob


def locate(job: DispatchJob, *, moved: bool = False) -> None:
    """Find a job's coordinates and zone, as far as they are known. `moved`: its address changed."""
    if moved and job.place_source not in ("person", "property"):
        job.latitude = job.longitude = None
    if job.latitude is not None and not job.place_source:
        job.place_source = "person"

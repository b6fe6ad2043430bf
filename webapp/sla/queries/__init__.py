"""Reading promises by the clock. What other domains ask is named here."""

from webapp.sla.queries.clocks import Standing, of_jobs

__all__ = ["Standing", "of_jobs"]

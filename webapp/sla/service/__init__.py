"""Commands on promises by the clock."""

from webapp.sla.service import clocks, holidays, policies, violations, watch

__all__ = ["clocks", "holidays", "policies", "violations", "watch"]

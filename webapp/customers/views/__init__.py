"""Pages of customers."""

from webapp.customers.views import merging, people, records
from webapp.customers.views.base import bp

__all__ = ["bp", "merging", "people", "records"]

"""`truckroll bench`: Truckroll beside a bare Flask + psycopg application on the same machine and data, as ratios."""

from webapp.cli.bench.command import bench
from webapp.cli.bench.routes import routes

bench.add_command(routes)

__all__ = ["bench"]

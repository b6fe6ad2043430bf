"""`truckroll bench`: Truckroll beside a bare Flask + psycopg application on the same machine and data, as ratios."""

from webapp.cli.bench.command import bench

__all__ = ["bench"]

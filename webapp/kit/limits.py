"""Request limits, counted in Redis through Flask-Limiter, so that all web processes share one count.

When Redis is away, requests are let through: being unreachable must not lock everybody out.
"""

import logging
import math
import time
from functools import lru_cache

import redis
from flask import g
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import RateLimitItem, parse_many

from webapp.kit import errors

log = logging.getLogger("truckroll.limits")

limiter = Limiter(key_func=get_remote_address, strategy="sliding-window-counter", key_prefix="truckroll")


@lru_cache(maxsize=256)
def items(limit: str) -> tuple[RateLimitItem, ...]:
    """The items of a limit written like `120/minute;300/5 minutes`."""
    return tuple(parse_many(limit))


def hit(limit: str, *names: str, message: str = "Too many requests.") -> None:
    """Count one request against a limit. Raises TooMany with the seconds to wait.

    `names` say whose limit it is and carry the tenant where there is one.
    """
    for item in items(limit):
        try:
            allowed = limiter.limiter.hit(item, *names)
        except redis.RedisError as problem:
            log.warning("limits are not counted: %s", problem)
            return
        if not allowed:
            reset = limiter.limiter.get_window_stats(item, *names).reset_time
            wait = max(1, math.ceil(reset - time.time()))
            raise errors.TooMany(f"{message} Try again in {wait} seconds.", retry_after=wait)
    g.limit = (limit, names)


def reset(limit: str, *names: str) -> None:
    """Forget what was counted (a sign-in that succeeded)."""
    try:
        for item in items(limit):
            limiter.limiter.clear(item, *names)
    except redis.RedisError as problem:
        log.warning("limits are not cleared: %s", problem)


def headroom() -> tuple[int, int, int] | None:
    """Of the last limit counted in this request: its amount, what remains, and when it is whole again (unix)."""
    found = g.get("limit")
    if found is None:
        return None
    limit, names = found
    try:
        item = items(limit)[0]
        stats = limiter.limiter.get_window_stats(item, *names)
    except redis.RedisError:
        return None
    return item.amount, max(0, stats.remaining), math.ceil(stats.reset_time)

"""Request limits, counted in Redis through Flask-Limiter, so that all web processes share one count.

When Redis is away, requests are let through: being unreachable must not lock everybody out.
"""

import logging
import math
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import redis
from flask import Flask, g
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import RateLimitItem, parse_many

from webapp.kit import errors

log = logging.getLogger("truckroll.limits")

Claim = tuple[str, tuple[str, ...]]  # a limit, and whose it is

limiter = Limiter(key_func=get_remote_address, strategy="sliding-window-counter", key_prefix="truckroll")


def install(app: Flask) -> None:
    """Connect the library to its store. What is counted, and when, is said by :func:`hit` alone."""
    # to be there already keeps the library from looking for limits of its own around each request
    app.extensions["limiter"] = {limiter}
    limiter.init_app(app)


@lru_cache(maxsize=256)
def items(limit: str) -> tuple[RateLimitItem, ...]:
    """The items of a limit written like `120/minute;300/5 minutes`."""
    return tuple(parse_many(limit))


def hit(limit: str, *names: str, message: str = "Too many requests.") -> None:
    """Count one request against a limit. Raises TooMany with the seconds to wait.

    `names` say whose limit it is and carry the tenant where there is one.
    """
    hit_all([(limit, names)], message=message)


def hit_all(claims: Sequence[Claim], *, message: str = "Too many requests.") -> None:
    """Count one request against several limits, in one round trip to Redis. Raises TooMany as :func:`hit`."""
    wanted = [(item, names) for limit, names in claims for item in items(limit)]
    if not wanted:
        return
    g.limit = claims[-1]  # also where it refuses: the answer says then that nothing is left
    try:
        allowed = _acquire(wanted)
    except redis.RedisError as problem:
        log.warning("limits are not counted: %s", problem)
        return
    for (item, names), ok in zip(wanted, allowed, strict=True):
        if not ok:
            reset = limiter.limiter.get_window_stats(item, *names).reset_time
            wait = max(1, math.ceil(reset - time.time()))
            raise errors.TooMany(f"{message} Try again in {wait} seconds.", retry_after=wait)


def _acquire(wanted: Sequence[tuple[RateLimitItem, tuple[str, ...]]]) -> list[bool]:
    """What `SlidingWindowCounterRateLimiter.hit` does, for all items in one pipeline."""
    store: Any = limiter.limiter.storage
    if len(wanted) == 1:
        return [limiter.limiter.hit(wanted[0][0], *wanted[0][1])]
    script = store.lua_acquire_sliding_window
    pipe = store.get_connection().pipeline(transaction=False)
    for item, names in wanted:
        key = item.key_for(*names)
        previous = store.prefixed_key(store._previous_window_key(key))
        current = store.prefixed_key(store._current_window_key(key))
        pipe.evalsha(script.sha, 2, previous, current, item.amount, item.get_expiry(), 1)
    answers = pipe.execute(raise_on_error=False)
    if any(isinstance(a, redis.exceptions.NoScriptError) for a in answers):
        # Redis was restarted: the library loads its script anew, one by one this once
        return [limiter.limiter.hit(item, *names) for item, names in wanted]
    for answer in answers:
        if isinstance(answer, redis.RedisError):
            raise answer
    return [bool(a) for a in answers]


def reset(limit: str, *names: str) -> None:
    """Forget what was counted (a sign-in that succeeded)."""
    try:
        for item in items(limit):
            limiter.limiter.clear(item, *names)
    except redis.RedisError as problem:
        log.warning("limits are not cleared: %s", problem)


def headroom() -> tuple[int, int, int] | None:
    """Of the last limit counted in this request: its amount, what remains, and when it is whole again (unix).

    Of several windows it is the one with the least room.
    """
    found = g.get("limit")
    if found is None:
        return None
    limit, names = found
    try:
        windows = [(limiter.limiter.get_window_stats(item, *names), item) for item in items(limit)]
    except redis.RedisError:
        return None
    stats, item = min(windows, key=lambda window: window[0].remaining)
    return item.amount, max(0, stats.remaining), math.ceil(stats.reset_time)

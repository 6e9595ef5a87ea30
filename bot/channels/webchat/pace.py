"""How fast one session may write: a bucket of messages that refills steadily."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

MESSAGES = 20
SECONDS = 60.0
SESSIONS = 10_000  # remembered at once; the ones silent for longest are forgotten first


class Pace:
    """At most `MESSAGES` at once and as many each `SECONDS`, for each key, in memory only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> bool:
        """Take one message from the key's bucket; False when it is empty."""
        now = self._clock()
        left, seen_at = self._buckets.pop(key, (float(MESSAGES), now))
        left = min(float(MESSAGES), left + (now - seen_at) * MESSAGES / SECONDS)
        is_free = left >= 1
        self._buckets[key] = (left - 1 if is_free else left, now)
        if len(self._buckets) > SESSIONS:
            self._buckets.popitem(last=False)
        return is_free

"""How often a key may ask: a token bucket for each.

A bucket holds up to `burst` tokens and gains `rate` of them a second; a request takes as many as it costs. Over any t
seconds there pass at most burst + rate·t, as long as no request costs more than the burst. One that does passes where
the bucket is full, and the next ones wait until its debt is paid: in the long run, too, not more than the rate passes.
"""

from dataclasses import dataclass
from typing import Final

from serving.safety.keys import Caller

PER_CUSTOMER: Final = 0.01
_INSTANT: Final = 1e-6
"""A wait in seconds that is none: clocks and floats do not tell it from 0."""
_MANY: Final = 1_024


def cost_of(customers: int) -> float:
    """Give the tokens that a request takes: 1 for one customer and .01 for each further; for 1,000 that is 10.99."""
    return 1.0 + PER_CUSTOMER * max(0, customers - 1)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    full_at: float


class Limits:
    """The buckets of the keys, for use by one thread.

    Each of several workers of a machine allows its part of the rate and the burst; who asks over one connection alone
    is answered by one of them, and gets that part.
    """

    def __init__(self, *, workers: int = 1) -> None:
        if workers < 1:
            raise ValueError(f"{workers} workers cannot share a rate; there is at least 1")
        self._share = 1.0 / workers
        self._buckets: dict[str, _Bucket] = {}
        self._most = _MANY

    def allow(self, caller: Caller, cost: float = 1.0, *, now: float, paid: float = 0.0) -> float:
        """Take the cost of a request at `now` (seconds of a clock that never goes back); gives the seconds to wait.

        0 is: go ahead. Who must wait has paid nothing more than the request had `paid` of its cost before all of it was
        known: a body that was read for nothing is not free. The wait counts that in.
        """
        if caller.rate == float("inf"):
            return 0.0
        rate, burst = caller.rate * self._share, caller.burst * self._share
        bucket = self._buckets.get(caller.id) or self._new(caller.id, burst, now)
        at = max(now, bucket.at)
        there = min(burst, bucket.tokens + (at - bucket.at) * rate)
        tokens = min(burst, there + paid)
        if (min(cost, burst) - tokens) / rate > _INSTANT:
            return (min(cost, burst) - there) / rate
        bucket.tokens, bucket.at = tokens - cost, at
        bucket.full_at = at + (burst - bucket.tokens) / rate
        return 0.0

    def __len__(self) -> int:
        """Count the buckets that are kept."""
        return len(self._buckets)

    def _new(self, key_id: str, burst: float, now: float) -> _Bucket:
        """Make a full bucket. Those that are full by now are as good as new, and go when there are many."""
        if len(self._buckets) >= self._most:
            self._buckets = {name: each for name, each in self._buckets.items() if each.full_at > now}
            self._most = max(_MANY, 2 * len(self._buckets))
        self._buckets[key_id] = made = _Bucket(burst, now, now)
        return made

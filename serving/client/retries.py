"""When to ask again: only what the service asks to be asked again, and what reached nobody."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from serving.client.errors import ServiceError, Unreachable

AGAIN: Final = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS.value, HTTPStatus.BAD_GATEWAY.value, HTTPStatus.SERVICE_UNAVAILABLE.value}
)
_FIRST: Final = 0.1


@dataclass
class Patience:
    """Seconds (`left`) that a question in parts may yet wait, beyond what `Retries` wait, where it is over a rate."""

    left: float

    def pause(self, error: ServiceError, retries: "Retries") -> float | None:
        """Give the seconds to wait, a little more than the service said; None where so many are not left."""
        least = error.retry_after
        if error.status != HTTPStatus.TOO_MANY_REQUESTS or least is None or least > self.left or not retries.times:
            return None
        wait = min(self.left, least + min(retries.longest, least / 2) * retries.random())
        self.left -= wait
        return wait


@dataclass(frozen=True)
class Retries:
    """Ask again up to `times`, and never wait longer than `longest` seconds: who is told to wait longer gets the error.

    Scores are read and change nothing, so that asking twice is safe. What took too long is not asked again, since that
    would double the load of a service that is slow. Waits are as long as the service said, or .1 s, .2 s, .4 s, …, and
    longer by up to a half (but for `longest`), by `random` in [0, 1), so that clients do not come back all at once.
    """

    times: int = 4
    longest: float = 10.0
    random: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep

    def pause(self, error: ServiceError, tried: int) -> float | None:
        """Give the seconds to wait after the `tried`-th try (from 1); None where it was the last."""
        if tried > self.times or not (isinstance(error, Unreachable) or error.status in AGAIN):
            return None
        least = error.retry_after if error.retry_after is not None else min(self.longest, _FIRST * 2 ** (tried - 1))
        return None if least > self.longest else min(self.longest, least * (1 + self.random() / 2))

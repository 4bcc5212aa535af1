"""Challengers in the shadow: they score what champions score; that is logged and counted, and never returned."""

import hashlib
import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Final

from msgspec import Struct

from serving.live.live import Live
from serving.messages import Score
from serving.said import Results, scores_of

WAITING: Final = 256
"""So many requests wait for challengers at most; more are not scored by them."""
SOME: Final = 64
"""So many customers of a request challengers score at most."""
_PAUSE: Final = 0.1
logger = logging.getLogger(__name__)


class Compared(Struct, frozen=True):
    """A challenger's score beside the champion's. `customer` is a keyed hash: the same one within a process's life."""

    time: datetime
    model: str
    champion: str
    challenger: str
    customer: str
    category: str | None
    score: float
    shadow: float


@dataclass(frozen=True, slots=True)
class _Task:
    champion: Live
    challenger: Live
    customer_ids: Sequence[str]
    rows: Sequence[bytes]
    results: Mapping[str, Results]


class Shadow:
    """Scores a `share` of what it is shown, in a thread of its own; `told` gets each comparison."""

    def __init__(self, *, share: float, told: Callable[[Compared], None], seed: int = 0) -> None:
        self.share, self.told, self.dropped = share, told, 0
        self._random, self._salt = Random(seed), secrets.token_bytes(16)
        self._tasks: deque[_Task] = deque()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def show(
        self,
        champion: Live,
        challenger: Live,
        customer_ids: Sequence[str],
        rows: Sequence[bytes],
        results: Mapping[str, Results],
    ) -> None:
        """Let a challenger score what its champion has; only on the very same batch."""
        if challenger.held is not champion.held or self._random.random() >= self.share:
            return
        if len(self._tasks) >= WAITING:
            self.dropped += 1
            return
        self._tasks.append(_Task(champion, challenger, customer_ids[:SOME], rows[:SOME], results))

    def close(self) -> None:
        """End the thread; what waits is left."""
        self._closing.set()
        self._thread.join(2)

    def _run(self) -> None:
        while not self._closing.wait(_PAUSE):
            for _ in range(len(self._tasks)):
                try:
                    self._compare(self._tasks.popleft())
                except Exception as error:  # a challenger may fail: its champion has answered
                    logger.warning("a challenger could not score: %s", type(error).__name__)

    def _compare(self, task: _Task) -> None:
        challenger, answers = task.challenger, task.challenger.answers(task.customer_ids, task.rows)
        shadows = {
            _key(each): each.score
            for _, mine in scores_of(challenger, answers, cutoff=challenger.cutoff)
            for each in mine
            if isinstance(each, Score)
        }
        for customer_id in task.customer_ids:
            for each in islice(task.results.get(customer_id, ()), SOME):
                if isinstance(each, Score) and _key(each) in shadows:
                    self.told(self._compared(task, each, shadows[_key(each)]))

    def _compared(self, task: _Task, score: Score, shadow: float) -> Compared:
        digest = hashlib.blake2b(score.customer_id.encode(), key=self._salt, digest_size=8).hexdigest()
        versions = (task.champion.registered.version, task.challenger.registered.version)
        return Compared(datetime.now(UTC), score.model, *versions, digest, score.category, score.score, shadow)


def _key(score: Score) -> tuple[str, str | None, str | None]:
    """Name what a score is about."""
    return score.customer_id, score.category, score.cutoff

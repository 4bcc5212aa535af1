"""Sums, shares and spreads of Python lists, as they are defined."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence


def total(values: Iterable[float | None]) -> float:
    return math.fsum(value for value in values if value is not None)


def share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def deviation(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    centre = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))


def different(values: Iterable[Hashable]) -> int:
    return len({value for value in values if value is not None})


def shares(values: Iterable[Hashable]) -> list[float]:
    counts = Counter(value for value in values if value is not None)
    return [count / counts.total() for count in counts.values()]


def entropy(values: Iterable[Hashable]) -> float | None:
    parts = shares(values)
    return -math.fsum(part * math.log(part) for part in parts) if parts else None


def top_share(values: Iterable[Hashable]) -> float | None:
    return max(shares(values), default=None)


def top(values: Iterable[str | None]) -> str | None:
    counts = Counter(value for value in values if value is not None)
    return min(counts, key=lambda value: (-counts[value], value), default=None)

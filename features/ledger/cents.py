"""Money in whole cents whose parts add up to their total: by the largest remainder (Hamilton's method, Hare quota).

Balinski & Young (1982), "Fair Representation": each part gets its share rounded down; what is left goes, a cent each,
to the parts that lost most by that. Equal remainders are served in the order of the parts.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]


def cents(amount: Decimal, *, decimals: int) -> int:
    """Round money to the last place of its currency, half to even: 0.125 is 12 cents."""
    return int(amount.scaleb(decimals).to_integral_value(ROUND_HALF_EVEN))


def rounded(parts: Whole, total: int, *, unit: int) -> Whole:
    """Round parts, each so many units of which `unit` are a cent, to cents that add up to a total in cents.

    Each is rounded down or up, and stays what it is where it is whole cents. Raises `ValueError` where the total is
    not the parts' sum rounded either way: then something is missing in one of the two.
    """
    whole = sum(parts.tolist())
    if not -unit < whole - total * unit < unit:
        raise ValueError(f"the parts add up to {whole / unit:.4f} cents, and the total is {total}")
    low, rest = np.divmod(parts, unit)
    more = np.argsort(-rest, kind="stable")[: total - int(low.sum())]
    low[more] += 1
    return low


def spread(total: int, weights: Sequence[int]) -> Whole:
    """Share a total in cents out by weights from 0 on; all of it. Raises `ValueError` unless one is above 0."""
    whole = sum(weights)
    if not weights or min(weights) < 0 or whole <= 0:
        raise ValueError("weights are from 0 on, and one of them is above 0")
    exact = [divmod(total * weight, whole) for weight in weights]
    low, rest = np.array([each[0] for each in exact]), [each[1] for each in exact]
    places = sorted(range(len(rest)), key=lambda place: (-rest[place], place))[: total - int(low.sum())]
    low[places] += 1
    return low.astype(np.int64)

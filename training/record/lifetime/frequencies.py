"""What came of customers by how often they had bought, against what was expected."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

RARE: Final = (0, 1, 2, 3, 4, 5, 6, 7)
"""Repeat purchase days with which bins begin, as in the papers; the last has no end."""
OFTEN: Final = (0, 1, 2, 4, 8, 16, 32, 64)
"""The same where more than half of the customers would be in the last of `RARE`."""
MEANS: Final = ("purchases", "expected_purchases", "value", "expected_value")


def frequencies(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Give means by repeat purchase days at the cutoff: 0, 1 … 7 and more (Fader, Hardie & Lee 2005, figure 3).

    Where most have 7 or more, bins double instead: 0, 1, 2–3, 4–7 … 64 and more. `rows` has frequency, purchases and
    expected_purchases, value and expected_value (both null where the target is no amount), each of the horizon. Gives
    frequency (text), customers (rows), and the means of those; of bins that nobody is in no row.
    """
    x = rows["frequency"].to_numpy()
    starts = OFTEN if (x >= RARE[-1]).mean() > 0.5 else RARE
    bins = np.searchsorted(starts, x, side="right") - 1
    return [
        {"frequency": _name(starts, place), "customers": len(of), **_means(of)}
        for place in range(len(starts))
        if len(of := rows[bins == place])
    ]


def _name(starts: Sequence[int], place: int) -> str:
    if place == len(starts) - 1:
        return f"{starts[place]}+"
    last = starts[place + 1] - 1
    return str(last) if last == starts[place] else f"{starts[place]}–{last}"


def _means(rows: pd.DataFrame) -> dict[str, float | None]:
    means = {name: float(rows[name].mean()) for name in MEANS}
    return {name: mean if np.isfinite(mean) else None for name, mean in means.items()}

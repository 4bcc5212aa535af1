"""What came of customers by how often they had bought, against what was expected."""

from typing import Any, Final

import numpy as np
import pandas as pd

MOST: Final = 7
"""Repeat purchase days from which on customers are taken together."""
MEANS: Final = ("purchases", "expected_purchases", "value", "expected_value")


def frequencies(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Give means by repeat purchase days at the cutoff, 0, 1 … `MOST` and more (Fader, Hardie & Lee 2005, figure 3).

    `rows` has frequency, purchases and expected_purchases, value and expected_value (both null where the target is no
    amount), each of the horizon. Gives frequency (text), customers (rows), and the means of those; of frequencies that
    nobody has no row.
    """
    capped = rows["frequency"].clip(upper=MOST).astype(int)
    return [
        {"frequency": f"{x}+" if x == MOST else str(x), "customers": len(of), **_means(of)}
        for x in range(MOST + 1)
        if len(of := rows[capped == x])
    ]


def _means(rows: pd.DataFrame) -> dict[str, float | None]:
    means = {name: float(rows[name].mean()) for name in MEANS}
    return {name: mean if np.isfinite(mean) else None for name, mean in means.items()}

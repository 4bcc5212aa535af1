"""How value is spread over customers."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
SHARES: Final = (0.01, 0.05, 0.1, 0.2, 0.5)
BARS: Final = 30
SPAN: Final = 0.999
"""The histogram ends at this quantile; its last bar holds all that is above, its first all that is 0 or less."""


def distribution(values: NDArray[np.float64]) -> dict[str, Any]:
    """Give customers, total, mean, quantiles, the share of the total that the highest hold, and a histogram.

    `held` is empty where the total is not above 0. `edges` has one value more than `counts`; they are equally far apart
    on a logarithmic scale, from a thousandth of the upper end on.
    """
    ordered = np.sort(values)[::-1]
    total = float(ordered.sum())
    counts, edges = _histogram(values)
    return {
        "customers": len(values),
        "total": total,
        "mean": total / len(values),
        "quantiles": {f"{share:g}": float(np.quantile(values, share)) for share in QUANTILES},
        "held": {f"{share:g}": _held(ordered, share) for share in SHARES} if total > 0 else {},
        "edges": edges.tolist(),
        "counts": counts.tolist(),
    }


def _held(ordered: NDArray[np.float64], share: float) -> float:
    """Give the share of the total that the highest so many customers hold, a part of a customer by its part."""
    count = share * len(ordered)
    whole = int(count)
    part = (count - whole) * ordered[whole] if whole < len(ordered) else 0.0
    return float((ordered[:whole].sum() + part) / ordered.sum())


def _histogram(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    top = float(np.quantile(values, SPAN)) or float(values.max())
    if top <= 0:
        return np.array([len(values)]), np.array([0.0, 1.0])
    edges = np.geomspace(top / 1000, top, BARS + 1)
    counts, _ = np.histogram(np.clip(values, edges[0], top), edges)
    return counts.astype(np.int64), edges

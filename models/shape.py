"""What a linear model makes of a number so that it can follow a bent effect: straight pieces on a log scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """Terms max(s − knot, 0), one a knot but the last, of s = sign(x) · log(1 + |x|), but at most the last knot.

    The first knot is the least s of training, so that the first term is s itself and each later one a bend; the last
    is the greatest: outside of what training has seen the line is flat. `nulls` says whether training had any; there
    is then one more term, 1 where x is null.
    """

    knots: tuple[float, ...]
    nulls: bool

    @classmethod
    def of(cls, values: Floats, *, bends: int) -> Self:
        """Learn from a column: bends at the quantiles of what is there, one at a value that many rows share."""
        present = _log(values[np.isfinite(values)])
        levels = np.linspace(0, 1, bends + 2)
        knots = np.unique(np.quantile(present, levels, method="lower")) if len(present) else np.zeros(1)
        return cls(tuple(knots.tolist()), nulls=bool(np.isnan(values).any()))

    def terms(self, values: Floats) -> Floats:
        """Give rows × terms, NaN where x is null, but for the term that says so."""
        inside = np.minimum(_log(values), self.knots[-1])
        terms = np.maximum(inside[:, None] - np.array(self.knots[:-1]), 0)
        return np.column_stack([terms, np.isnan(values)]) if self.nulls else terms

    def state(self) -> dict[str, Any]:
        """Give the shape as plain data."""
        return {"knots": list(self.knots), "nulls": self.nulls}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """Take it back."""
        return cls(tuple(state["knots"]), bool(state["nulls"]))


def _log(values: Floats) -> Floats:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))

"""A lattice of (x, T): what changes smoothly with both is found at its knots, and read off between them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.buy_till_you_die.histories import Floats, Histories

STEP: Final = 0.25
"""Distance of the knots of T, in log(1 + T / unit)."""
KNOTS: Final = np.unique(np.concatenate([np.arange(16.0), np.round(16 * 2 ** (np.arange(129) / 8))]))
"""The knots of x: each number up to 16, then eight to a doubling."""
WIDE: Final = 10_000
"""More knots than T has: they are numbered by WIDE times that of x, plus that of T."""

Table = Callable[[float, float], Floats]
"""Gives at a knot (x, T) the quantiles of one or more quantities (kinds × levels), each in the middle of its share."""


@dataclass(frozen=True)
class Lattice:
    """The tables of the knots around some histories (knots × kinds × levels), and how much of each a history is.

    The knots do not depend on who is asked about, so a history is read alike alone and among many.
    """

    tables: Floats
    corners: tuple[tuple[Floats, NDArray[np.intp]], ...]

    @classmethod
    def around(cls, seen: Histories, asked: NDArray[np.bool_], table: Table, *, unit: float, kinds: int) -> Self:
        """Find the tables around the histories that are asked about; the others get 0."""
        place, right = np.log1p(seen.T / unit) / STEP, np.clip(np.searchsorted(KNOTS, seen.x), 1, len(KNOTS) - 1)
        along = (seen.x - KNOTS[right - 1]) / (KNOTS[right] - KNOTS[right - 1])
        before = np.floor(place)
        sides_x = ((right - 1, 1 - along), (right, along))
        sides_T = ((before, 1 - (place - before)), (before + 1, place - before))
        corners = [
            ((WIDE * at_x + at_T).astype(np.intp), np.where(asked, share_x * share_T, 0.0))
            for at_x, share_x in sides_x
            for at_T, share_T in sides_T
        ]
        knots = np.unique(np.concatenate([number[share != 0] for number, share in corners]))
        tables = [table(KNOTS[knot // WIDE], unit * np.expm1(STEP * (knot % WIDE))) for knot in knots]
        rows = [np.searchsorted(knots, number).clip(max=max(0, len(knots) - 1)) for number, _ in corners]
        return cls(
            np.array(tables) if tables else np.zeros((1, kinds, 1)),
            tuple((share, row) for row, (_, share) in zip(rows, corners, strict=True)),
        )

    def at(self, level: Floats) -> Floats:
        """Give each history's quantiles at a level of its own (histories × kinds)."""
        levels = self.tables.shape[2]
        place = np.clip(level * levels - 0.5, 0, levels - 1)
        before = np.floor(place).astype(np.intp)
        after, along = np.minimum(before + 1, levels - 1), (place - before)[:, None]
        total = np.zeros((len(level), self.tables.shape[1]))
        for share, row in self.corners:
            total += share[:, None] * ((1 - along) * self.tables[row, :, before] + along * self.tables[row, :, after])
        return total

"""Trees that tell customers apart by what they will spend, on a level that a process of purchases sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from models.booster import fit_booster, from_bytes, to_bytes
from models.lifetime_value.window import Floats, Window
from models.trees.ensemble import Ensemble


@dataclass(frozen=True)
class Learned:
    """Fitted trees and the factor that brings what they say to its level.

    The customers of a cutoff are older and rarer buyers than those of the cutoffs before it, and trees do not know how
    a total goes on where they have not been. So they say who spends how much more than who. How much all spend is what
    the process expects of them, times what came over what it had expected in the windows that have closed.
    """

    trees: Ensemble
    level: float

    @classmethod
    def of(
        cls,
        closed: Sequence[Window],
        seen: Floats,
        growth: Floats,
        *,
        expected: Floats,
        rounds: int,
        params: Mapping[str, Any],
    ) -> Self:
        """Learn from windows that have closed, and find the level of those asked about.

        Of these there is what trees see, what is `expected` of each within the horizon, in currency, and `growth`: how
        many times what is expected of each within the windows' days.
        """
        came = np.concatenate([each.came for each in closed])
        unit = came.mean()
        booster = fit_booster(
            np.concatenate([each.seen for each in closed]),
            np.maximum(came, 0) / unit,  # Tweedie knows no returns that outweigh purchases
            kind="amount",
            rounds=rounds,
            params={"base_score": 1.0, **params},
        )
        trees = Ensemble(booster)
        off = came.sum() / sum(each.expected.sum() for each in closed)
        return cls(trees, float(off * expected.sum() / (trees.predict(seen) @ growth)))

    def spend(self, seen: Floats, growth: Floats) -> Floats:
        """Give each row's expected spend within the horizon, in currency."""
        return self.level * self.trees.predict(seen) * growth

    def state(self) -> dict[str, Any]:
        """Give the level and the trees."""
        return {"level": self.level, "booster": to_bytes(self.trees.booster)}

    @classmethod
    def restore(cls, state: Mapping[str, Any], *, threads: int) -> Self:
        """Take them back."""
        return cls(Ensemble(from_bytes(state["booster"], threads=threads)), float(state["level"]))

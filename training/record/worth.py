"""What acting on the scores of one round would have brought."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.money import Campaign, at_budget, best_cut, gains, profit_curve
from training.backtest import Backtested
from training.record.asked import Asked


@dataclass(frozen=True)
class Worth:
    """A campaign and its budget: how many customers may be contacted, or how much money may be spent.

    With `value_from` a customer is worth `margin` times that feature of theirs, and not the campaign's value.
    """

    campaign: Campaign
    value_from: str | None = None
    margin: float = 1.0
    customers: int | None = None
    money: float | None = None

    def values(self, X: pd.DataFrame) -> NDArray[np.float64] | None:
        """Give what each customer is worth; None where all are worth the same. Nulls are worth nothing."""
        if self.value_from is None:
            return None
        if self.value_from not in X:
            raise ValueError(
                f"value_from is {self.value_from!r}, which is none of the study's features; add it to them"
            )
        return self.margin * X[self.value_from].to_numpy(dtype=np.float64, na_value=0.0)


def money(judged: Backtested, asked: Asked, worth: Worth | None) -> Mapping[str, Any]:
    """Give gains by tenths and, if what it is worth was said, the profit curve, its best cut and the one at the budget.

    They are those of the latest round of questions, which stands for the next one.
    """
    columns = asked.scored["actual"], asked.scored["score"]
    found: dict[str, Any] = {"gains": gains(*columns).to_dict("records"), "money": None}
    if worth is None:
        return found
    told: Any = {"campaign": worth.campaign, "value": worth.values(asked.X)}
    budget = None
    if worth.customers is not None or worth.money is not None:
        budget = asdict(at_budget(*columns, **told, customers=worth.customers, money=worth.money))
    found["money"] = {
        "part": judged.parts[-1].split.name,
        **asdict(worth),
        "curve": profit_curve(*columns, **told).to_dict("records"),
        "best": asdict(best_cut(*columns, **told)),
        "at_budget": budget,
    }
    return found

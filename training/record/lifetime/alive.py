"""Who may still buy: P(alive) by how often, and how long ago, a customer bought."""

from typing import Any, Final

import numpy as np
import pandas as pd

from models.buy_till_you_die.histories import Histories
from models.purchases import DAYS_A_WEEK
from training.record.lifetime.purchases import Buying

STEPS: Final = 24
"""At most so many frequencies, and so many times since the last purchase, are told."""


def alive(buying: Buying, X: pd.DataFrame) -> dict[str, Any]:
    """Give P(alive) of customers who are as old as the oldest: by repeat purchase days, and weeks since the last one.

    Frequencies run from 1 (who bought once is told of apart: of BG/NBD always 1) to where 99 % of customers are, weeks
    from 0 to the whole tenure. `p_alive` has a row a number of weeks, a column a frequency.
    """
    tenure = float(X["tenure_days"].max()) / DAYS_A_WEEK
    most = max(int(np.ceil(X["frequency"].quantile(0.99))), 4)
    frequency = np.unique(np.round(np.linspace(1, most, min(most, STEPS))))
    weeks = np.linspace(0, tenure, STEPS + 1)[:-1]
    x, since = (each.ravel() for each in np.meshgrid(frequency, weeks))
    grid = Histories.of(x=x, t_x=tenure - since, T=np.full(len(x), tenure))
    once = Histories.of(x=[0.0], t_x=[0.0], T=[tenure])
    found = buying.p_alive(X, grid).reshape(len(weeks), len(frequency))
    return {
        "tenure_weeks": tenure,
        "frequency": [int(each) for each in frequency],
        "weeks_since_last": weeks.tolist(),
        "p_alive": found.tolist(),
        "once": float(buying.p_alive(X, once)[0]),
    }

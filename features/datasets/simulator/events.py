"""What customers do besides buying: visits to the site and opened e-mails."""

import numpy as np
import pandas as pd

from features.datasets.simulator.arrivals import arrivals
from features.datasets.simulator.campaigns import CHANNELS
from features.datasets.simulator.customers import People
from features.datasets.simulator.period import DAY, Floats, Period, pick

VISITS_PER_PURCHASE = 2.0
OPENED_WITHIN = 2 * DAY
KINDS = ["visit", "email_open"]


def events(
    rng: np.random.Generator, assigned: pd.DataFrame, *, known: People, multiplier: Floats, period: Period
) -> pd.DataFrame:
    """Give the table `events` by time.

    Visits follow the season at twice the purchase rate until the customer is gone; the more a customer responds to
    campaigns, the likelier an e-mail is opened, within two days.
    """
    until = np.minimum(known.gone, period.end)
    visitor, visited = arrivals(
        rng, VISITS_PER_PURCHASE * known.rate, since=known.joined, until=until, multiplier=multiplier
    )
    opened = assigned[rng.random(len(assigned)) < _open_chance(assigned)]
    reader = opened["customer"].to_numpy()
    read = opened["time"].to_numpy() + rng.integers(1, OPENED_WITHIN, len(opened))
    who, when = np.concatenate([visitor, reader]), np.concatenate([visited, read])
    kind = np.repeat([0, 1], [len(visitor), len(reader)])
    by_time = np.lexsort((who, when))
    return pd.DataFrame(
        {
            "customer_id": known.named(who[by_time]),
            "time": period.times(when[by_time]),
            "kind": pick(KINDS, kind[by_time]),
        }
    )


def _open_chance(assigned: pd.DataFrame) -> Floats:
    """Give the probability that each touch's e-mail is opened; 0 where none was sent."""
    by_email = assigned["campaign"].to_numpy() % len(CHANNELS) == CHANNELS.index("email")
    sent = assigned["treatment"].to_numpy() & by_email
    return np.where(sent, 0.1 + 1.5 * assigned["chance"].to_numpy(), 0.0)

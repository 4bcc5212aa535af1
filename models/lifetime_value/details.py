"""What is told of each customer beside the score."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.buy_till_you_die.gamma_gamma import GammaGamma
from models.buy_till_you_die.posterior import Outlook
from models.contract import check_features
from models.lifetime_value.flags import (
    AMOUNT_FAR_OUT,
    EXTRAPOLATED,
    FAR_OUT,
    ONE_PURCHASE,
    PROBABLY_GONE,
    RELATED,
    SPEND_FALLS,
    SPEND_GROWS,
    joined,
)
from models.lifetime_value.terms import Terms
from models.lifetime_value.worth import Floats, Rows, bounds, day_value, worth
from models.purchases import DAYS_A_WEEK


def details(
    rows: Rows, outlook: Outlook, terms: Terms, *, horizon_days: int, history_days: float, correlation: float
) -> pd.DataFrame:
    """Give p_alive, expected_purchases and expected_value (revenue of a purchase day), clv with its 90 % interval from
    low to high, next_order and flags, a row for each of the frame.

    The interval is of what the customer will turn out to be worth, not of the mean: of most who are probably gone it is
    0 to 0, and clv above. next_order is the median day of the next purchase of one who stays, and null unless a
    purchase within the horizon is more likely than none. `history_days` is the longest history fitted on, `correlation`
    that of how often and how much customers buy. Raises `ValueError` for a frame without cutoff.
    """
    check_features(rows.frame, ["cutoff"])
    process, params, seen = outlook.process, outlook.fitted.params, rows.seen
    alive = seen.spread(process.p_alive(params, seen))
    low, high = bounds(rows, outlook, terms, days=horizon_days)
    return pd.DataFrame(
        {
            "p_alive": alive,
            "expected_purchases": seen.spread(process.expected_purchases(params, seen, horizon=outlook.horizon)),
            "expected_value": day_value(rows, outlook),
            "clv": worth(rows, outlook, terms, days=horizon_days),
            "low": low,
            "high": high,
            "next_order": next_order(rows, outlook),
            "flags": flags(rows, outlook, alive, longer=horizon_days > history_days, correlation=correlation),
        },
        index=rows.frame.index,
    )


def next_order(rows: Rows, outlook: Outlook) -> NDArray[np.datetime64]:
    """Give the day of each row's next purchase, null unless one is more likely than none."""
    process, params, seen = outlook.process, outlook.fitted.params, rows.seen
    likely = process.p_silent(params, seen, horizon=outlook.horizon) < 0.5
    wait = np.where(likely, process.next_purchase(params, seen), 0.0)
    days = seen.spread(np.ceil(wait * DAYS_A_WEEK)).astype("timedelta64[D]")
    cutoffs = rows.frame["cutoff"].to_numpy(dtype="datetime64[D]").astype("datetime64[s]")
    return np.where(likely[seen.which], cutoffs + days, np.datetime64("NaT"))


def flags(rows: Rows, outlook: Outlook, alive: Floats, *, longer: bool, correlation: float) -> NDArray[np.object_]:
    """Give each row's flags."""
    everyone = np.ones(len(alive), dtype=bool)
    return joined(
        {
            ONE_PURCHASE: rows.seen.spread(rows.seen.x) == 0,
            PROBABLY_GONE: alive < 0.5,
            AMOUNT_FAR_OUT: GammaGamma().far_out(outlook.value.params, rows.amounts, chance=FAR_OUT),
            EXTRAPOLATED: everyone & longer,
            SPEND_GROWS: everyone & (correlation > RELATED),
            SPEND_FALLS: everyone & (correlation < -RELATED),
        }
    )

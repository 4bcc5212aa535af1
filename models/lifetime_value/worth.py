"""What the purchases that are expected of customers come to."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.buy_till_you_die.gamma_gamma import Amounts, GammaGamma
from models.buy_till_you_die.histories import Histories
from models.buy_till_you_die.posterior import Outlook
from models.lifetime_value.terms import DAYS_A_MONTH, Terms

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """The customers of a frame: their histories, their amounts and their margins."""

    frame: pd.DataFrame
    seen: Histories
    amounts: Amounts
    margins: Floats


def day_value(rows: Rows, outlook: Outlook) -> Floats:
    """Give each row's expected revenue of a purchase day."""
    return GammaGamma().expected_value(outlook.value.params, rows.amounts)


def worth(rows: Rows, outlook: Outlook, terms: Terms, *, days: float) -> Floats:
    """Give each row's expected value within some days."""
    purchases = terms.purchases(outlook.process, outlook.fitted.params, rows.seen, days=days)
    return rows.margins * rows.seen.spread(purchases) * day_value(rows, outlook) - terms.cost(days)


def by_month(rows: Rows, outlook: Outlook, terms: Terms, *, until: float) -> Floats:
    """Give each row's expected value in each month, a twelfth of 365.25 days, until some day that may end the last one.

    Rows × months; a row adds up to its `worth` until then.
    """
    ends = np.append(np.arange(DAYS_A_MONTH, until, DAYS_A_MONTH), until)
    return np.diff([worth(rows, outlook, terms, days=float(end)) for end in ends], axis=0, prepend=0.0).T


def bounds(rows: Rows, outlook: Outlook, terms: Terms, *, days: float, level: float = 0.9) -> tuple[Floats, Floats]:
    """Give the bounds of each row's value, which leave as much below as above.

    What comes later counts less by the same factor in all that may come: the mean one of the customer's history.
    """
    process, params = outlook.process, outlook.fitted.params
    plain = process.expected_purchases(params, rows.seen, horizon=outlook.horizon)
    counted = terms.purchases(process, params, rows.seen, days=days)
    factor = rows.margins * rows.seen.spread(np.divide(counted, plain, out=np.ones_like(plain), where=plain > 0))
    ends = [factor * end - terms.cost(days) for end in outlook.values(rows.seen, rows.amounts, level=level)]
    return np.minimum(*ends), np.maximum(*ends)

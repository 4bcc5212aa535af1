"""The last weeks against the customer's own time before: 1 is steady, below 1 a customer who fades.

Changes in behaviour tell of partial defection before a customer leaves: Buckinx and Van den Poel (2005), "Customer base
analysis: partial defection of behaviourally loyal clients in a non-contractual FMCG retail setting".
"""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def purchase_days_change(e: Events) -> Number:
    """Purchase days a day in the last 28 days over those of the 63 days before. Unit: ratio."""
    return (e.within(28).by_day().count() / 28) / (e.within(91).before(28).by_day().count() / 63)


@feature()
def spend_change(e: Events) -> Number:
    """Spend a day in the last 28 days over that of the 63 days before. Unit: ratio."""
    return (e.within(28)["amount"].sum() / 28) / (e.within(91).before(28)["amount"].sum() / 63)


@feature()
def day_spend_change(e: Events) -> Number:
    """Mean spend of a purchase day of the last 91 days over that of the time before. Unit: ratio."""
    return e.within(91).by_day()["amount"].mean() / e.before(91).by_day()["amount"].mean()

"""What a customer brings back.

Up to a point it goes with value: Petersen and Kumar (2009), "Are product returns a necessary evil? Antecedents and
consequences".
"""

from features.declaration import feature
from features.expression import Events, Number


@feature(of="returns", empty=0, drift="elapsed")
def returned_lines(e: Events) -> Number:
    """Lines returned so far. Unit: lines."""
    return e.count()


@feature(of="transactions")
def returned_share(e: Events) -> Number:
    """Amount returned as a share of the amount of all purchases. Unit: share."""
    bought, back = e.where(~e["is_return"]), e.where(e["is_return"])
    return (0 - back["amount"].sum()) / bought["amount"].sum()


@feature(of="returns")
def days_since_last_return(e: Events) -> Number:
    """Time from the day of the last return to the cutoff; nothing if never. Unit: days."""
    return e["age_days"].min()

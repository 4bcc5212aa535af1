"""What a customer does per 30 days of tenure: numbers that do not grow with the calendar.

Nothing on the first purchase day itself, when there is no tenure yet.
"""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def purchase_days_rate(e: Events) -> Number:
    """Days with a purchase per 30 days of tenure. Unit: days per 30 days."""
    return e.by_day().count() * 30 / e["age_days"].max()


@feature()
def spend_rate(e: Events) -> Number:
    """Amount of the purchases per 30 days of tenure. Unit: currency per 30 days."""
    return e["amount"].sum() * 30 / e["age_days"].max()


@feature()
def items_rate(e: Events) -> Number:
    """Quantity of the purchases per 30 days of tenure. Unit: items per 30 days."""
    return e["quantity"].sum() * 30 / e["age_days"].max()

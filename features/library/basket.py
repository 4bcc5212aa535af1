"""How large and how alike a customer's baskets and lines are. `items_per_line` needs quantity."""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def lines_per_day_std(e: Events) -> Number:
    """Standard deviation of the lines bought on a purchase day. Unit: lines."""
    return e.by_day()["lines"].std()


@feature()
def items_per_line(e: Events) -> Number:
    """Quantity per line. Unit: items."""
    return e["quantity"].sum() / e.count()


@feature()
def day_spend_std(e: Events) -> Number:
    """Standard deviation of the spend of a purchase day. Unit: currency."""
    return e.by_day()["amount"].std()


@feature()
def day_spend_cv(e: Events) -> Number:
    """Standard deviation of the spend of a purchase day over its mean. Unit: ratio."""
    days = e.by_day()["amount"]
    return days.std() / days.mean()


@feature()
def line_amount_mean(e: Events) -> Number:
    """Mean amount of a line. Unit: currency."""
    return e["amount"].mean()


@feature()
def line_amount_std(e: Events) -> Number:
    """Standard deviation of the amount of a line. Unit: currency."""
    return e["amount"].std()


@feature(drift="elapsed")
def line_amount_max(e: Events) -> Number:
    """Greatest amount of a line. Unit: currency."""
    return e["amount"].max()

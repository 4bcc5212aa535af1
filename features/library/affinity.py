"""What a customer has to do with a category: features of pairs of customer and category."""

from features.declaration import feature
from features.expression import Events, Number


@feature(by="category", empty=0, drift="elapsed")
def category_purchase_days(e: Events) -> Number:
    """Days on which the category was bought. Unit: days."""
    return e.by_day().count()


@feature(by="category", window_days=(182,), empty=0)
def category_bought(e: Events) -> Number:
    """Whether the category was bought within the window. Unit: 0 or 1."""
    return e.count() > 0


@feature(by="category", empty=0, drift="elapsed")
def category_spend(e: Events) -> Number:
    """Amount spent on the category. Unit: currency."""
    return e["amount"].sum()


@feature(by="category")
def category_days_since_last(e: Events) -> Number:
    """Time since the category was last bought; nothing if never. Unit: days."""
    return e["age_days"].min()

"""How much of what a customer takes is on discount."""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def discount_share(e: Events) -> Number:
    """Discounts as a share of the price before them. Unit: share."""
    return e["discount"].sum() / (e["amount"].sum() + e["discount"].sum())


@feature()
def discounted_lines_share(e: Events) -> Number:
    """Share of lines bought on discount. Unit: share."""
    return e.where(e["discount"] > 0).count() / e.count()

"""The price level at which a customer buys, and whether at full price. Needs quantity and discount."""

from features.declaration import feature
from features.expression import Events, Number


def _paid_per_item(e: Events) -> Number:
    return e["amount"].sum() / e["quantity"].sum()


@feature()
def price_level(e: Events) -> Number:
    """Amount paid per item. Unit: currency."""
    return _paid_per_item(e)


@feature()
def price_level_change(e: Events) -> Number:
    """Amount paid per item in the last 91 days over that of the time before. Unit: ratio."""
    return _paid_per_item(e.within(91)) / _paid_per_item(e.before(91))


@feature()
def full_price_share(e: Events) -> Number:
    """Share of the spend that went to lines without a discount. Unit: share."""
    return 1 - e.where(e["discount"] > 0)["amount"].sum() / e["amount"].sum()

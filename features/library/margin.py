"""What is left to the shop. Needs cost."""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def margin_share(e: Events) -> Number:
    """Amount less cost, as a share of the amount, of the lines whose cost is known. Unit: share."""
    known = e.where(e["cost"] >= 0)
    return (known["amount"].sum() - known["cost"].sum()) / known["amount"].sum()

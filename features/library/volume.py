"""How much a customer takes, beside days and money: orders and items. Needs order_id and quantity."""

from features.declaration import feature
from features.expression import Events, Number


@feature(empty=0, drift="elapsed")
def orders_ever(e: Events) -> Number:
    """Different orders so far; lines without an order id count for none. Unit: orders."""
    return e["order_id"].distinct()


@feature(empty=0, drift="elapsed")
def items(e: Events) -> Number:
    """Quantity of all purchases. Unit: items."""
    return e["quantity"].sum()


@feature(empty=0)
def items_91d(e: Events) -> Number:
    """Quantity of the purchases of the last 91 days. Unit: items."""
    return e.within(91)["quantity"].sum()

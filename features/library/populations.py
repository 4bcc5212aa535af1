"""Who is asked about: customers known at the cutoff for whom the expression holds."""

from features.declaration import population
from features.expression import Events, Number


@population()
def known(e: Events) -> Number:
    """Customers with a purchase before the cutoff."""
    return e.count() > 0


@population(window_days=(28, 84, 91, 182, 365))
def active(e: Events) -> Number:
    """Customers with a purchase within the window."""
    return e.count() > 0


@population(by="category", window_days=(91, 182), empty=1)
def new_category(e: Events) -> Number:
    """Pairs of a known customer and a category not bought within the window: what could be cross-sold."""
    return e.count() == 0

"""Who is asked about, and when: customers for whom the expression holds at a cutoff, or rows that are questions."""

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


@population(of="subscriptions")
def subscribers(e: Events) -> Number:
    """Customers with a running contract at the cutoff."""
    return e.where(e["kind"] == "start").count() > e.where(e["kind"] == "end").count()


@population(of="memberships")
def members(e: Events) -> Number:
    """Customers whose membership runs at the cutoff, those in its grace included."""
    return e.where(e["kind"] == "start").count() > e.where(e["kind"] == "lapse").count()


@population(of="events", window_days=(91,))
def visitors(e: Events) -> Number:
    """Customers who visited the site or app within the window, whether they bought or not."""
    return e.where(e["kind"] == "visit").count() > 0


@population(of="customers")
def listed(e: Events) -> Number:
    """Customers in the table of customers, at whatever cutoff, whether they bought or not."""
    return e.count() > 0


@population(of="touches", anchored=True)
def touched(e: Events) -> Events:
    """Each touch, asked about when it is sent: the treated and, to compare, the control group."""
    return e


@population(of="renewals", anchored=True)
def renewing(e: Events) -> Events:
    """Each end of a contract's term, asked about when it comes: will they stay?"""
    return e

"""Visits to the site or app (events of the kind `visit`), and how seldom they end in a purchase.

Moe and Fader (2004), "Dynamic conversion behavior at e-commerce sites".
"""

from features.declaration import feature
from features.expression import Events, Number


def _visits(e: Events) -> Events:
    return e.where(e["kind"] == "visit")


@feature(of="events", window_days=(28, 91), empty=0)
def visits(e: Events) -> Number:
    """Visits within the window. Unit: visits."""
    return _visits(e).count()


@feature(of="events")
def days_since_visit(e: Events) -> Number:
    """Time from the day of the last visit to the cutoff; nothing if never. Unit: days."""
    return _visits(e)["age_days"].min()


@feature(of="events", window_days=(182,))
def visits_per_purchase_day(e: Events) -> Number:
    """Visits per purchase day within the window; nothing without a purchase. Unit: visits."""
    return _visits(e).count() / e.of("purchases").by_day().count()

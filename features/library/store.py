"""In which stores a customer buys. Needs store_id."""

from features.declaration import feature
from features.expression import Events, Number


@feature(empty=0, drift="elapsed")
def stores(e: Events) -> Number:
    """Different stores bought in so far. Unit: stores."""
    return e["store_id"].distinct()


@feature()
def top_store_share(e: Events) -> Number:
    """Share of the store bought in most among the lines that have a store. Unit: share."""
    return e["store_id"].top_share()

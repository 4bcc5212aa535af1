"""Where a customer buys: on the web or in stores.

Customers of several channels buy more: Kumar and Venkatesan (2005), "Who are the multichannel shoppers and how do they
perform?". Needs channel.
"""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def web_share(e: Events) -> Number:
    """Share of lines bought in the channel `web`. Unit: share."""
    return e.where(e["channel"] == "web").count() / e.count()


@feature(empty=0, drift="elapsed")
def channels(e: Events) -> Number:
    """Different channels bought in so far. Unit: channels."""
    return e["channel"].distinct()


@feature()
def top_channel_share(e: Events) -> Number:
    """Share of the channel bought in most among the lines that have a channel. Unit: share."""
    return e["channel"].top_share()

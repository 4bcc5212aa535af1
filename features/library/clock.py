"""On which days of the week and at which hours a customer buys, by the local time of the history."""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def weekend_share(e: Events) -> Number:
    """Share of lines bought on a Saturday or Sunday. Unit: share."""
    return e.where(e["weekday"] >= 5).count() / e.count()


@feature()
def morning_share(e: Events) -> Number:
    """Share of lines bought before 12:00. Unit: share."""
    return e.where(e["hour"] < 12).count() / e.count()


@feature()
def evening_share(e: Events) -> Number:
    """Share of lines bought from 18:00 on. Unit: share."""
    return e.where(e["hour"] >= 18).count() / e.count()


@feature()
def hour_mean(e: Events) -> Number:
    """Mean hour of the day, 0 to 23, at which lines were bought. Unit: hours."""
    return e["hour"].mean()


@feature()
def weekday_entropy(e: Events) -> Number:
    """Shannon's (1948) entropy of the lines' days of the week; 0 is always the same day. Unit: nats."""
    return e["weekday"].entropy()

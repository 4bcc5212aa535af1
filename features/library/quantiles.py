"""Quantiles, which the vocabulary does not know: said in SQL, for the SQL engines only."""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def median_line_amount(e: Events) -> Number:
    """Median amount of a line, which a few great ones do not move. Unit: currency."""
    return e.sql("median(CAST(amount AS DOUBLE))")

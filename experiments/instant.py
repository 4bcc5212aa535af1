"""Times that are typed at the command line."""

from datetime import datetime

import pandas as pd


def instant(text: str, *, zone: str | None = None) -> pd.Timestamp:
    """Read an ISO time; one with an offset becomes the local time of a zone, if one is named. Raises `ValueError`."""
    try:
        read = pd.Timestamp(datetime.fromisoformat(text))
    except ValueError as error:
        raise ValueError(f"the cutoff {text!r} is not an ISO time such as 2017-12-03: {error}") from error
    return read if read.tzinfo is None or zone is None else read.tz_convert(zone).tz_localize(None)

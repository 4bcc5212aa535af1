"""Time zones at the door. Inside there are none: every time is naive local time of the history's zone.

Not UTC, because days are what the engine counts by, and a day begins at local midnight: so no engine needs to know the
zone. The price is the hour that is there twice when clocks go back: its two passes are ordered by wall clock alone.
"""

import difflib

import duckdb
import pandas as pd

from features.engine.casts import local
from features.engine.render import text
from features.tables import HistoryError


def check_zone(opened: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Raise `HistoryError` for what is no IANA name; short names such as CET or EST mean different things."""
    if zone == "UTC":
        return
    rows = opened.execute("SELECT name FROM pg_timezone_names() WHERE contains(name, '/')").fetchall()
    names = {str(row[0]) for row in rows}
    if zone not in names:
        near = difflib.get_close_matches(zone, sorted(names), n=3)
        hint = f"did you mean {' or '.join(map(repr, near))}? Give" if near else "give"
        raise HistoryError(f"unknown time zone {zone!r}; {hint} 'UTC' or an IANA name such as 'Europe/Berlin'")


def local_end(opened: duckdb.DuckDBPyConnection, end: pd.Timestamp, zone: str) -> pd.Timestamp:
    """Give an instant as naive local time of the zone; a naive one is that already."""
    if end.tz is None:
        return end
    instant = local(f"TIMESTAMP WITH TIME ZONE {text(end.isoformat())}", zone)
    return pd.Timestamp(opened.execute(f"SELECT {instant}").fetchall()[0][0])

"""Times that are typed: ISO, with or without an offset."""

import pandas as pd
import pytest

from experiments.instant import instant


@pytest.mark.parametrize(
    ("text", "zone", "read"),
    [
        ("2017-12-03", None, pd.Timestamp("2017-12-03")),
        ("2017-12-03", "Europe/Berlin", pd.Timestamp("2017-12-03")),
        ("2017-12-03T23:30+00:00", None, pd.Timestamp("2017-12-03 23:30", tz="UTC")),
        ("2017-12-03T23:30+00:00", "Europe/Berlin", pd.Timestamp("2017-12-04 00:30")),
        ("2017-12-03T23:30-05:00", "UTC", pd.Timestamp("2017-12-04 04:30")),
    ],
)
def test_an_offset_becomes_local_time_where_a_zone_is_named(text: str, zone: str | None, read: pd.Timestamp) -> None:
    assert instant(text, zone=zone) == read


@pytest.mark.parametrize("text", ["", "soon", "03.12.2017", "2017-13-45"])
def test_what_is_no_iso_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"the cutoff '{text}' is not an ISO time such as 2017-12-03"):
        instant(text)

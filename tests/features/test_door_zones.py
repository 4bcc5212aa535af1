"""Time zones at the door: inside, every time is naive local time of the declared zone."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest

from features.cutoffs import spine
from features.engine.door import admit
from features.engine.run import observe
from features.engine.session import connect
from features.history import History, Scan, Source
from features.library import FEATURES, POPULATIONS
from features.tables import HistoryError

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]


def _sales(times: Any) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": "a", "time": times, "amount": 1, "n": range(len(times))})


def _times(history: History, table: str = "transactions") -> list[datetime]:
    with connect(history) as session:
        return [row[0] for row in session.execute(f"SELECT time FROM {table} ORDER BY n").fetchall()]


def _admitted(source: Source, zone: str, **more: Any) -> History:
    return admit("shop", {"transactions": source}, zone=zone, **more)


def _instants() -> list[datetime]:
    """Give every 5 h 17 min of 2024 and the half hours around the changes of clocks."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    steady = [start + timedelta(minutes=317 * step) for step in range(1650)]
    changes = [datetime(2024, month, day, tzinfo=UTC) for month, day in ((3, 10), (3, 31), (10, 27), (11, 3))]
    return steady + [day + timedelta(minutes=30 * step) for day in changes for step in range(48)]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_zoned_times_become_local_ones_of_the_zone(zone: str, unit: Literal["s", "us", "ns"]) -> None:
    """The oracle is Python's own zoneinfo, an instant at a time."""
    instants = _instants()
    times = pd.Series(instants).dt.tz_convert("Asia/Tokyo").dt.as_unit(unit)
    expected = [each.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for each in instants]
    assert _times(_admitted(_sales(times), zone)) == expected


@pytest.mark.parametrize("zone", ZONES)
def test_texts_with_offsets_become_local_times_and_those_without_are_local(zone: str) -> None:
    texts, expected = [], []
    for place, instant in enumerate(_instants()):
        given = instant.astimezone(timezone(timedelta(minutes=(0, 345, -570, 60)[place % 4])))
        local = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        texts.append([given.isoformat(), f"{given:%Y-%m-%d %H:%M:%S%z}", f"{local}", f"{local.isoformat()}"][place % 4])
        expected.append(local)
    assert _times(_admitted(_sales(texts), zone)) == expected


@pytest.mark.parametrize(
    ("text", "berlin"),
    [
        ("2024-01-01", "2024-01-01 00:00"),
        ("2024-01-01T00:30:00Z", "2024-01-01 01:30"),
        ("2024-01-01 00:30Z", "2024-01-01 01:30"),
        ("2024-07-01 00:30:00.250+00", "2024-07-01 02:30:00.250"),
        ("2024-07-01 00:30:00-0530", "2024-07-01 08:00"),
        ("2024-07-01 00:30:00 America/New_York", "2024-07-01 06:30"),
        ("2024-07-01 00:30:00 UTC", "2024-07-01 02:30"),
        ("2024-07-01 00:30:00 ", "2024-07-01 00:30"),
        ("2024-03-31 02:30:00", "2024-03-31 02:30"),
        ("2024-10-27T00:30:00Z", "2024-10-27 02:30"),
        ("2024-10-27T01:30:00Z", "2024-10-27 02:30"),
    ],
)
def test_each_way_to_write_a_time(text: str, berlin: str) -> None:
    assert _times(_admitted(_sales([text]), "Europe/Berlin")) == [pd.Timestamp(berlin).to_pydatetime()]


@pytest.mark.parametrize(
    "text",
    ["2024-01-01 00:30:00 +05:00", "2024-01-01 (BC)", "2024-01-01 00:30 BC", "2024-01-01+01:00", "2024-01-01 25:00"],
)
def test_a_time_whose_offset_is_not_understood_is_refused(text: str) -> None:
    """Not read as if it had none."""
    with pytest.raises(HistoryError, match=r"transactions\.time is not an ISO time .*: 1 rows"):
        _admitted(_sales(["2024-01-01", text]), "Europe/Berlin")


@pytest.mark.parametrize(
    ("format_", "text", "berlin"),
    [
        ("%d.%m.%Y %H:%M", "01.07.2024 00:30", "2024-07-01 00:30"),
        ("%d.%m.%Y %H:%M %z", "01.07.2024 00:30 +0000", "2024-07-01 02:30"),
        ("%d.%m.%Y %H:%M %Z", "01.07.2024 00:30 America/New_York", "2024-07-01 06:30"),
        ("%d.%m.%Y %%z", "01.07.2024 %z", "2024-07-01 00:00"),
    ],
)
def test_a_format_may_read_an_offset(format_: str, text: str, berlin: str) -> None:
    admitted = _admitted(_sales([text]), "Europe/Berlin", formats={"transactions.time": format_})
    assert _times(admitted) == [pd.Timestamp(berlin).to_pydatetime()]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_arrow_tables_and_files_are_read_alike(unit: str, tmp_path: Path) -> None:
    instants = pa.array(_instants(), pa.timestamp(unit, "Asia/Tokyo"))
    table = pa.Table.from_pandas(_sales(range(len(instants)))).set_column(1, "time", instants)
    pa.parquet.write_table(table, tmp_path / "sales.parquet")
    scan = Scan(f"SELECT * FROM read_parquet('{tmp_path}/sales.parquet')")
    expected = [each.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None) for each in _instants()]
    for source in (table, scan):
        assert _times(_admitted(source, "America/New_York")) == expected


def test_every_time_of_every_table_is_local() -> None:
    """Columns that we do not know too: nothing inside has a zone."""
    instant = pd.Timestamp("2024-07-01 20:00", tz="UTC")
    sales = _sales([instant]).assign(known_time=instant, shipped=instant)
    people = pd.DataFrame({"customer_id": ["a"], "plan": ["gold"], "start": [instant], "end": ["2024-08-01T12:00Z"]})
    history = admit("shop", {"transactions": sales, "subscriptions": people}, zone="Asia/Tokyo")
    with connect(history) as session:
        sold = session.execute("SELECT time, known_time, shipped FROM transactions").fetchall()
        terms = session.execute('SELECT start, "end" FROM table_subscriptions').fetchall()
    assert sold == [(datetime(2024, 7, 2, 5),) * 3]  # noqa: DTZ001  # naive is what is asked for
    assert terms == [(datetime(2024, 7, 2, 5), datetime(2024, 8, 1, 21))]  # noqa: DTZ001
    assert history.zone == "Asia/Tokyo"


def test_days_are_those_of_the_zone() -> None:
    """Two purchases within an hour of New York's midnight: two days there, one day in UTC."""
    sales = _sales(["2024-07-01T03:30:00Z", "2024-07-01T04:30:00Z"])
    for zone, days, end in (("UTC", 1, "2024-07-02"), ("America/New_York", 2, "2024-07-02")):
        history = _admitted(sales, zone)
        assert history.end == pd.Timestamp(end)
        asked = spine(history, POPULATIONS["known"], [history.end])
        assert observe(history, asked, [FEATURES["purchase_days"]])["purchase_days"].tolist() == [days]
    assert _admitted(sales.iloc[:1], "America/New_York").end == pd.Timestamp("2024-07-01")


def test_the_end_is_an_instant_or_local() -> None:
    sales = _sales(["2024-01-01"])
    for end, local in (("2024-07-01T00:00Z", "2024-07-01 02:00"), ("2024-07-01", "2024-07-01")):
        assert _admitted(sales, "Europe/Berlin", end=pd.Timestamp(end)).end == pd.Timestamp(local)


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Europe/Berln", "unknown time zone 'Europe/Berln'; did you mean 'Europe/Berlin'"),
        ("europe/berlin", "did you mean 'Europe/Berlin'"),
        ("CET", "unknown time zone 'CET'; give 'UTC' or an IANA name such as 'Europe/Berlin'"),
        ("", "unknown time zone ''"),
        ("Europe/Berlin'", "did you mean 'Europe/Berlin'"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_near_ones(zone: str, told: str) -> None:
    with pytest.raises(HistoryError, match=re.escape(told)):
        _admitted(_sales(["2024-01-01"]), zone)

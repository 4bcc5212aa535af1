"""Purchase days counted day by day, against loops over the rows."""

from collections.abc import Sequence

import pandas as pd
import pytest

from features.datasets.simulator import simulate
from features.engine.door import admit
from features.engine.purchase_days import purchase_days
from features.engine.run import observe
from features.library import FEATURES
from features.tables import HistoryError

Told = list[tuple[str, int, int]]


def told(table: pd.DataFrame) -> Told:
    assert list(table.columns) == ["day", "buyers", "first"]
    return [(f"{day:%m-%d}", int(buyers), int(first)) for day, buyers, first in table.itertuples(index=False)]


def rows(*lines: tuple[str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(lines, columns=["customer_id", "time", "amount"])
    return table.assign(time=pd.to_datetime("2025-" + table["time"]))


SALES = rows(
    ("a", "01-01 09:00", 1.0),
    ("a", "01-01 17:00", 1.0),  # the same day: no second purchase
    ("a", "01-03 00:00", 1.0),
    ("b", "01-03 23:59", 1.0),
    ("b", "01-05 12:00", 1.0),
    ("c", "01-03 12:00", 1.0),  # nobody asks about c
    ("a", "01-06 00:00", 1.0),
)


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2025-01-07", [("01-01", 1, 1), ("01-03", 2, 1), ("01-05", 1, 0), ("01-06", 1, 0)]),
        ("2025-01-06", [("01-01", 1, 1), ("01-03", 2, 1), ("01-05", 1, 0)]),
        ("2025-01-03 12:00", [("01-01", 1, 1), ("01-03", 1, 0)]),
        ("2025-01-01", []),
    ],
)
def test_by_hand(until: str, expected: Told) -> None:
    history = admit("hand", {"transactions": SALES})
    assert told(purchase_days(history, ["a", "b", "nobody"], until=pd.Timestamp(until))) == expected


def test_returns_are_no_purchases() -> None:
    sales = rows(("a", "01-01", 5.0), ("a", "01-02", -5.0), ("a", "01-04", 5.0)).assign(is_return=[False, True, False])
    history = admit("returned", {"transactions": sales})
    found = purchase_days(history, ["a"], until=pd.Timestamp("2025-01-05"))
    assert told(found) == [("01-01", 1, 1), ("01-04", 1, 0)]


def test_what_is_known_late_is_counted_when_it_is_known() -> None:
    sales = rows(("a", "01-01", 5.0), ("a", "01-02", 5.0)).assign(
        known_time=pd.to_datetime(["2025-01-01", "2025-01-08"])
    )
    history = admit("late", {"transactions": sales}, end=pd.Timestamp("2025-02-01"))
    assert told(purchase_days(history, ["a"], until=pd.Timestamp("2025-01-08"))) == [("01-01", 1, 1)]
    assert len(purchase_days(history, ["a"], until=pd.Timestamp("2025-01-09"))) == 2


def test_merged_ids_are_one_customer() -> None:
    identities = pd.DataFrame({"customer_id": ["b"], "into": ["a"], "time": pd.to_datetime(["2025-01-04"])})
    history = admit("merged", {"transactions": SALES, "identities": identities})
    assert told(purchase_days(history, ["a"], until=pd.Timestamp("2025-01-07"))) == [
        ("01-01", 1, 1),
        ("01-03", 1, 0),
        ("01-05", 1, 0),
        ("01-06", 1, 0),
    ]


@pytest.mark.parametrize("until", ["2024-07-01", "2025-01-05"])
def test_against_a_loop_and_the_features(until: str) -> None:
    sales, cutoff = simulate(120, days=420).tables["transactions"], pd.Timestamp(until)
    history = admit("shop", {"transactions": sales})
    everyone: Sequence[str] = sorted(set(sales["customer_id"]))[::2]
    buyers: dict[pd.Timestamp, int] = {}
    first: dict[pd.Timestamp, int] = {}
    bought = sales[~sales["is_return"] & (sales["time"] < cutoff)] if "is_return" in sales else sales
    for customer in everyone:
        days = sorted(set(bought.loc[bought["customer_id"] == customer, "time"].dt.normalize()))
        for day in days:
            buyers[day] = buyers.get(day, 0) + 1
        if days:
            first[days[0]] = first.get(days[0], 0) + 1
    found = purchase_days(history, everyone, until=cutoff)
    assert told(found) == [(f"{day:%m-%d}", buyers[day], first.get(day, 0)) for day in sorted(buyers)]
    spine = pd.DataFrame({"customer_id": list(everyone), "cutoff": cutoff})
    repeats = observe(history, spine, [FEATURES["frequency"]])["frequency"].sum()
    assert repeats == (found["buyers"] - found["first"]).sum()


def test_customers_alone_have_none() -> None:
    history = admit("people", {"customers": pd.DataFrame({"customer_id": ["a"], "age": [3]})})
    with pytest.raises(HistoryError, match="a count of purchase days needs the table 'transactions'"):
        purchase_days(history, ["a"], until=pd.Timestamp("2025-01-01"))

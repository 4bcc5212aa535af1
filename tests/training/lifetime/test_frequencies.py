"""Means by frequency, against a loop."""

import numpy as np
import pandas as pd
import pytest

from training.record.lifetime.frequencies import frequencies

NAMES = ["purchases", "expected_purchases", "value", "expected_value"]


def rows(frequency: list[int]) -> pd.DataFrame:
    rng = np.random.default_rng(len(frequency))
    made = {name: rng.random(len(frequency)) * 9 for name in NAMES}
    return pd.DataFrame({"frequency": np.array(frequency, dtype=float), **made})


def test_seven_and_more_are_taken_together() -> None:
    table = rows([0, 0, 0, 1, 1, 3, 6, 7, 8, 30])
    found = frequencies(table)
    assert [row["frequency"] for row in found] == ["0", "1", "3", "6", "7+"]
    assert [row["customers"] for row in found] == [3, 2, 1, 1, 3]
    for row, (low, high) in zip(found, [(0, 0), (1, 1), (3, 3), (6, 6), (7, 30)], strict=True):
        own = [each for each in table.to_dict("records") if low <= each["frequency"] <= high]
        for name in NAMES:
            assert row[name] == pytest.approx(sum(each[name] for each in own) / len(own))


def test_where_most_buy_often_bins_double() -> None:
    table = rows([0, 1, 2, 3, 7, 8, 15, 16, 40, 64, 200])
    found = frequencies(table)
    assert [(row["frequency"], row["customers"]) for row in found] == [
        ("0", 1),
        ("1", 1),
        ("2–3", 2),
        ("4–7", 1),
        ("8–15", 2),
        ("16–31", 1),
        ("32–63", 1),
        ("64+", 2),
    ]
    assert found[2]["purchases"] == pytest.approx(table["purchases"][2:4].mean())
    assert [row["frequency"] for row in frequencies(rows([0, 7]))] == ["0", "7+"]
    assert [row["frequency"] for row in frequencies(rows([0, 7, 7]))] == ["0", "4–7"]


def test_without_an_amount_there_is_no_value() -> None:
    found = frequencies(rows([0, 2]).assign(value=np.nan, expected_value=np.nan))
    assert [(row["value"], row["expected_value"]) for row in found] == [(None, None)] * 2
    assert all(row["purchases"] is not None for row in found)

"""Reliability against bins by hand, a published interval, and the metric that sums it up."""

import numpy as np
import pytest
from scipy.stats import binomtest

from models.metrics import METRICS
from training.reliability import reliability


def test_by_hand() -> None:
    table = reliability([0, 1, 0, 1, 1], [0.1, 0.3, 0.3, 0.8, 0.9], bins=2)
    assert table["rows"].tolist() == [3, 2]
    assert table["predicted"].tolist() == pytest.approx([0.7 / 3, 0.85])
    assert table["observed"].tolist() == pytest.approx([1 / 3, 1.0])
    # Wilson's interval of 1 of 3 and of 2 of 2, as scipy has it
    for ends, (ones, rows) in zip(table[["low", "high"]].to_numpy(), [(1, 3), (2, 2)], strict=True):
        interval = binomtest(ones, rows).proportion_ci(method="wilson")
        assert ends == pytest.approx([interval.low, interval.high])


def test_a_published_interval() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3: 81 of 263 gives .2553 to .3662, 15 of 148 .0624 to
    # .1605, 0 of 20 0 to .1611
    for ones, rows, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        table = reliability(np.arange(rows) < ones, np.full(rows, 0.3), bins=1)
        assert table[["low", "high"]].to_numpy()[0] == pytest.approx([low, high], abs=5e-5)


def test_ties_share_what_happened_so_the_row_order_does_not_matter() -> None:
    table = reliability([1, 0, 0, 0], [0.5] * 4, bins=2)
    assert table["observed"].tolist() == [0.25, 0.25]
    assert reliability([0, 0, 0, 1], [0.5] * 4, bins=2).equals(table)


def test_ten_bins_are_the_calibration_error() -> None:
    rng = np.random.default_rng(0)
    predicted = np.round(rng.random(1003), 2)
    actual = (rng.random(1003) < predicted**1.5).astype(float)
    table = reliability(actual, predicted)
    off = (table["observed"] - table["predicted"]).abs()
    assert (off * table["rows"]).sum() / 1003 == pytest.approx(METRICS["ece"](actual, predicted))
    assert table["predicted"].is_monotonic_increasing
    assert table["rows"].tolist() == [101] * 3 + [100] * 7


def test_the_interval_holds_what_is_true() -> None:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(60):
        predicted = rng.random(2000)
        table = reliability(rng.random(2000) < predicted, predicted)
        held += ((table["low"] <= table["predicted"]) & (table["predicted"] <= table["high"])).tolist()
    assert 0.92 < np.mean(held) < 0.98


def test_fewer_rows_than_bins() -> None:
    assert reliability([0, 1], [0.2, 0.4])["rows"].tolist() == [1, 1]


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="at least one bin; got 0"):
        reliability([0, 1], [0.2, 0.4], bins=0)
    with pytest.raises(ValueError, match="actual must be 0 or 1"):
        reliability([0, 3], [0.2, 0.4])
    with pytest.raises(ValueError, match="predicted must be a probability"):
        reliability([0, 1], [0.2, 1.4])

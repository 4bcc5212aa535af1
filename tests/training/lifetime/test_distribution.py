"""How value is spread over customers, by hand."""

import numpy as np
import pytest

from training.record.lifetime.distribution import BARS, distribution


def test_by_hand() -> None:
    found = distribution(np.array([1.0, 2.0, 3.0, 4.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    assert (found["customers"], found["total"], found["mean"]) == (10, 20.0, 2.0)
    assert found["held"]["0.1"] == 0.5
    assert found["held"]["0.2"] == 0.7
    assert found["held"]["0.5"] == 1.0
    assert found["held"]["0.05"] == 0.25  # half of the best customer
    assert found["quantiles"]["0.5"] == 0.5
    assert sum(found["counts"]) == 10
    assert found["counts"][0] == 5
    assert len(found["edges"]) == len(found["counts"]) + 1 == BARS + 1


def test_bars_are_what_a_loop_counts() -> None:
    values = np.random.default_rng(1).lognormal(3, 1.2, 5000)
    found = distribution(values)
    edges = found["edges"]
    assert edges[-1] == pytest.approx(1000 * edges[0])
    for place in range(1, BARS - 1):
        assert found["counts"][place] == sum(edges[place] <= value < edges[place + 1] for value in values)
    assert found["counts"][-1] == sum(value >= edges[-2] for value in values)
    assert sum(found["counts"]) == 5000


@pytest.mark.parametrize("values", [[0.0, 0.0], [-1.0, 0.0], [0.0]])
def test_of_nothing_nobody_holds_a_share(values: list[float]) -> None:
    found = distribution(np.array(values))
    assert found["held"] == {}
    assert found["counts"] == [len(values)]


@pytest.mark.parametrize("values", [[7.0], [3.0, 3.0, 3.0], [-5.0, 100.0], [0.0] * 5000 + [1.0]])
def test_odd_ones_are_no_trouble(values: list[float]) -> None:
    found = distribution(np.array(values))
    assert sum(found["counts"]) == len(values)
    assert np.isfinite(found["edges"]).all()

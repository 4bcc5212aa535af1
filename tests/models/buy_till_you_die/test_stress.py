"""No process answers NaN, infinity or a negative number, whatever the customer and the parameters."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad

from models.buy_till_you_die.process import Purchases
from models.buy_till_you_die.processes import PROCESSES
from tests.models.buy_till_you_die.customers import seen

TIMES = (0.0, 0.01, 40.0, 1500.0)
ROWS = [
    (x, share * T, T)
    for x in (0, 1, 30, 400, 1500)
    for T in TIMES
    for share in ((0.0,) if x == 0 else (0.001, 0.9, 1.0))
]
"""x and T to 1,500; recency = T, where lifetimes' Pareto/NBD is NaN from x = 100 on."""
SHAPES = (1e-4, 1.0, 30.0)
"""Beside others a + b < 1, a = 1, s = 1 and, with scales alike, alpha = beta."""
SCALES = (0.01, 300.0)


def settings(process: Purchases) -> list[dict[str, float]]:
    """Give every combination of shapes and scales."""
    values = [SCALES if each.measured else SHAPES for each in process.parameters]
    names = [each.name for each in process.parameters]
    return [dict(zip(names, each, strict=True)) for each in product(*values)]


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_answers_are_numbers_from_zero_on(name: str) -> None:
    process, rows = PROCESSES[name], seen(ROWS)
    for params in settings(process)[::2]:
        value, slopes = process.log_likelihood(params, rows)
        assert np.isfinite(value).all(), params
        assert np.isfinite(slopes).all(), params
        alive = process.p_alive(params, rows)
        assert ((alive >= 0) & (alive <= 1)).all(), params
        shorter = np.zeros(len(ROWS))
        for horizon in (0.1, 52.0, 520.0):
            expected = process.expected_purchases(params, rows, horizon=horizon)
            assert np.isfinite(expected).all(), params
            assert (expected >= shorter * (1 - 1e-9)).all(), params
            shorter = expected
            silent = process.p_silent(params, rows, horizon=horizon)
            assert ((silent >= 0) & (silent <= 1)).all(), params
        discounted = process.discounted_purchases(params, rows, horizon=520.0, rate=0.002)
        assert (np.isfinite(discounted) & (discounted >= 0)).all(), params
        assert (discounted <= shorter * (1 + 1e-9)).all(), params
        newcomers = process.expected_of_new(params, np.array(TIMES))
        assert (np.isfinite(newcomers) & (newcomers >= 0)).all(), params
        wait = process.next_purchase(params, rows)
        assert (np.isfinite(wait) & (wait >= 0)).all(), params


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_counts_and_draws_are_numbers_from_zero_on(name: str) -> None:
    process, rows, rng = PROCESSES[name], seen(ROWS), np.random.default_rng(0)
    for params in settings(process)[1::2]:
        counts = process.p_counts(params, rows, horizon=52.0, most=5)
        assert ((counts >= 0) & (counts <= 1)).all(), params
        assert (counts.sum(axis=1) <= 1 + 1e-9).all(), params
        drawn = process.simulated_purchases(params, rows, horizon=52.0, rng=rng)
        assert (np.isfinite(drawn) & (drawn >= 0) & (drawn == np.floor(drawn))).all(), params


@pytest.mark.parametrize("name", sorted(PROCESSES))
@pytest.mark.parametrize(
    ("values", "row", "rate"),
    [
        ((2.0, 9.0, 0.4, 0.3), (3, 29.0, 30.0), 0.02),
        ((2.0, 9.0, 1.0, 9.0), (3, 29.0, 30.0), 1e-7),
        ((2.0, 9.0, 1.0, 9.0), (3, 29.0, 30.0), 5.0),
        ((2.0, 9.0, 400.0, 3.0), (3, 29.0, 30.0), 0.02),
        ((2.0, 9.0, 400.0, 3.0), (3, 29.0, 30.0), 5.0),
        ((0.05, 0.01, 0.4, 0.3), (0, 0.0, 0.0), 5.0),
    ],
)
def test_discounting_is_by_parts_of_what_is_expected(
    name: str, values: tuple[float, ...], row: tuple[float, float, float], rate: float
) -> None:
    """Also where customers leave within hours, and where interest leaves nothing of a week."""
    process, h = PROCESSES[name], 1500.0
    params = dict(zip((each.name for each in process.parameters), values, strict=True))
    one = seen([row])

    def expected(horizon: float) -> float:
        return float(process.expected_purchases(params, one, horizon=horizon)[0])

    def part(log_time: float) -> float:
        return rate * math.exp(log_time - rate * math.exp(log_time)) * expected(math.exp(log_time))

    parts, _ = quad(part, -25.0, np.log(h), limit=200, epsabs=0.0, epsrel=1e-10, points=[-np.log(rate * h + 1)])
    by_parts = parts + np.exp(-rate * h) * expected(h)
    found = process.discounted_purchases(params, one, horizon=h, rate=rate)[0]
    assert found == pytest.approx(by_parts, rel=2e-9)


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_likelihoods_of_parameters_of_ones_own(name: str) -> None:
    """Parameters that are arrays, a value a history, make each as likely as if it stood alone."""
    process, rows = PROCESSES[name], ROWS[:24]
    sets = [settings(process)[place % 36] for place in range(len(rows))]
    arrays = {each: np.array([params[each] for params in sets]) for each in sets[0]}
    value, slopes = process.log_likelihood(arrays, seen(rows))
    mixed, by_mixed = process.log_likelihood({**arrays, "r": 0.7}, seen(rows))
    for place, (params, row) in enumerate(zip(sets, rows, strict=True)):
        alone, by = process.log_likelihood(params, seen([row]))
        assert value[place] == pytest.approx(alone[0], rel=1e-12)
        assert slopes[:, place] == pytest.approx(by[:, 0], rel=1e-9)
        alone, by = process.log_likelihood({**params, "r": 0.7}, seen([row]))
        assert mixed[place] == pytest.approx(alone[0], rel=1e-12)
        assert by_mixed[:, place] == pytest.approx(by[:, 0], rel=1e-9)

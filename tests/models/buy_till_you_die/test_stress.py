"""No process answers NaN, infinity or a negative number, whatever the customer and the parameters."""

from itertools import product

import numpy as np
import pytest

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
SHAPES = (0.003, 1.0, 30.0)
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
        assert (process.next_purchase(params, rows) >= 0).all(), params


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_counts_and_draws_are_numbers_from_zero_on(name: str) -> None:
    process, rows, rng = PROCESSES[name], seen(ROWS), np.random.default_rng(0)
    for params in settings(process)[1::2]:
        counts = process.p_counts(params, rows, horizon=52.0, most=5)
        assert ((counts >= 0) & (counts <= 1)).all(), params
        assert (counts.sum(axis=1) <= 1 + 1e-9).all(), params
        drawn = process.simulated_purchases(params, rows, horizon=52.0, rng=rng)
        assert (np.isfinite(drawn) & (drawn >= 0) & (drawn == np.floor(drawn))).all(), params

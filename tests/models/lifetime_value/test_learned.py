"""Trees on a level: who spends more is learned, how much all spend is what the process expects, corrected."""

import numpy as np
import pandas as pd
import pytest

from models.lifetime_value.learned import Learned
from models.lifetime_value.window import Floats, Window

START = pd.Timestamp("2024-01-01")
TREES = {"max_depth": 2, "eta": 0.3, "min_child_weight": 1, "seed": 0, "nthread": 1}


def window(number: int, *, off: float = 1.25, n: int = 500) -> Window:
    """Make customers of two sorts: the process expects 10 of each, and `off` times that comes, all from the second."""
    seen = np.random.default_rng(number).integers(0, 2, (n, 1)).astype(float)
    came = np.where(seen[:, 0] > 0, off * 10 * n / seen.sum(), 0.0)
    return Window(START + pd.Timedelta(days=28 * number), 28, seen, np.full(n, 10.0), came)


def learned(seen: Floats, growth: Floats, expected: Floats, *, scale: float = 1.0) -> Learned:
    windows = [window(number) for number in (0, 1)]
    closed = [Window(w.cutoff, w.days, w.seen, scale * w.expected, scale * w.came) for w in windows]
    return Learned.of(closed, seen, growth, expected=scale * expected, rounds=30, params=TREES)


def test_the_total_is_what_the_process_expects_times_what_it_was_off_by() -> None:
    """Whatever the trees make of it: of 300 customers, each expected to spend 20 in twice the time, 1.25 × 6000."""
    seen = np.repeat([[0.0], [1.0]], [200, 100], axis=0)
    made = learned(seen, np.full(300, 2.0), np.full(300, 20.0))
    spend = made.spend(seen, np.full(300, 2.0))
    assert spend.sum() == pytest.approx(1.25 * 6000, rel=1e-6)
    assert spend[0] < 0.01 * spend[-1]


def test_growth_is_each_customer_s_own() -> None:
    seen = np.ones((4, 1))
    growth = np.array([1.0, 2.0, 3.0, 4.0])
    spend = learned(seen, growth, np.full(4, 10.0)).spend(seen, growth)
    assert spend == pytest.approx(1.25 * 40 * growth / 10, rel=1e-6)


def test_twice_the_money_is_twice_the_spend() -> None:
    seen, growth, expected = np.array([[0.0], [1.0], [1.0]]), np.ones(3), np.full(3, 10.0)
    once, twice = (learned(seen, growth, expected, scale=scale).spend(seen, growth) for scale in (1.0, 2.0))
    assert twice == pytest.approx(2 * once, rel=1e-6)


def test_returns_that_outweigh_purchases_lower_the_level_and_are_no_target() -> None:
    bought = window(0)
    returned = Window(bought.cutoff, 28, bought.seen, bought.expected, bought.came - 1.0)
    made = Learned.of([returned], bought.seen, np.ones(500), expected=bought.expected, rounds=30, params=TREES)
    spend = made.spend(bought.seen, np.ones(500))
    assert spend.sum() == pytest.approx(1.25 * 5000 - 500, rel=1e-5)
    assert (spend >= 0).all()


def test_its_state_brings_it_back() -> None:
    seen, growth = np.array([[0.0], [1.0]]), np.ones(2)
    made = learned(seen, growth, np.full(2, 10.0))
    again = Learned.restore(made.state(), threads=1)
    assert again.spend(seen, growth).tolist() == made.spend(seen, growth).tolist()
    assert again.state() == made.state()

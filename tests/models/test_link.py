"""The link: its formulas, and that it is finite at the ends."""

import math

import numpy as np
import pytest

from models.link import link


def test_log_odds_and_logs() -> None:
    assert link(np.array([0.5, 0.8]), "binary").tolist() == pytest.approx([0, math.log(4)], rel=1e-15)
    assert link(np.array([1.0, 7.0]), "count").tolist() == pytest.approx([0, math.log(7)])
    assert link(np.array([0.25]), "amount").tolist() == pytest.approx([-math.log(4)])


def test_at_the_ends_it_stays_finite() -> None:
    low, high = link(np.array([0.0, 1.0]), "binary")
    assert -28 < low < -27
    assert 27 < high < 28
    assert link(np.array([0.0]), "amount").tolist() == pytest.approx([math.log(1e-12)])

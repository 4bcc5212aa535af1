"""P(alive) over the grid, against the formula written out."""

import numpy as np
import pandas as pd
import pytest

from models.buy_till_you_die.bgnbd import BgNbd
from models.buy_till_you_die.covariates import DescribedHistories, WithCovariates
from models.purchases import histories
from training.record.lifetime.alive import STEPS, alive
from training.record.lifetime.purchases import Buying

PARAMS = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}


def asked(frequency: list[float], tenure_weeks: float = 39.0) -> pd.DataFrame:
    return pd.DataFrame({"frequency": frequency, "recency_days": 0.0, "tenure_days": tenure_weeks * 7})


def p_alive(x: int, t_x: float, T: float) -> float:
    """Fader, Hardie & Lee, Computing P(alive) using the BG/NBD model (2008)."""
    r, alpha, a, b = PARAMS.values()
    return float(1 / (1 + a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x)))


def test_each_cell_is_the_formula() -> None:
    found = alive(Buying(BgNbd(), PARAMS), asked([0.0] * 60 + [3.0] * 39 + [12.0]))
    assert found["tenure_weeks"] == 39.0
    assert found["frequency"] == [1, 2, 3, 4]
    weeks = found["weeks_since_last"]
    assert (weeks[0], len(weeks)) == (0.0, STEPS)
    assert np.diff(weeks) == pytest.approx(39 / STEPS)
    assert found["once"] == 1.0
    for since, row in zip(weeks, found["p_alive"], strict=True):
        assert row == pytest.approx([p_alive(x, 39 - since, 39) for x in found["frequency"]])


def test_the_grid_ends_where_nearly_all_are() -> None:
    found = alive(Buying(BgNbd(), PARAMS), asked([*np.arange(100.0), 1000.0]))
    assert found["frequency"][0] == 1
    assert found["frequency"][-1] == 99
    assert len(found["frequency"]) == STEPS
    assert found["frequency"] == sorted(set(found["frequency"]))


def test_covariates_are_at_their_means() -> None:
    """z of 0, 0, 3 has a mean of 1: alpha is divided by e^.4."""
    process, params = WithCovariates(BgNbd(), transaction=("z",)), {**PARAMS, "transaction:z": 0.4}
    X = asked([1.0, 2.0, 4.0]).assign(z=[0.0, 0.0, 3.0], recency_days=7.0)

    def see(X: pd.DataFrame) -> DescribedHistories:
        return DescribedHistories.among(histories(X), {"z": X["z"]})

    found = alive(Buying(process, params, see), X)
    r, alpha, a, b = PARAMS.values()
    for since, row in zip(found["weeks_since_last"], found["p_alive"], strict=True):
        silent = (alpha / np.exp(0.4) + 39) / (alpha / np.exp(0.4) + 39 - since)
        assert row == pytest.approx([1 / (1 + a / (b + x - 1) * silent ** (r + x)) for x in found["frequency"]])

"""What Pareto/NBD and Gamma-Gamma expect, over any time: against the estimators, and at its limits."""

import numpy as np
import pandas as pd
import pytest

from models.buy_till_you_die.processes import PROCESSES
from models.estimators.clv import Clv
from models.lifetime_value.expected import Expected
from tests.models.cdnow import calibration

FRAME = pd.DataFrame(
    {
        "frequency": [0.0, 3.0, 40.0, 2.0],
        "recency_days": [0.0, 200.0, 271.0, 10.0],
        "tenure_days": [260.0, 250.0, 272.0, 272.0],
        "mean_day_spend": [20.0, 35.0, 12.0, 0.0],
    }
)


@pytest.fixture(scope="module")
def clv() -> Clv:
    X = calibration("CDNOW_sample.txt")
    return Clv(91).fit(X.assign(mean_day_spend=20 + 5 * np.sin(np.arange(len(X))) + X["frequency"]))


@pytest.fixture(scope="module")
def expected(clv: Clv) -> Expected:
    return Expected(PROCESSES[clv.process], clv.purchases_.params, clv.value_)


def test_its_columns_are_what_the_estimator_tells(clv: Clv, expected: Expected) -> None:
    """P(alive), purchase days, what one is worth and their product, which is the estimator's own prediction."""
    told, found = clv.details(FRAME.assign(cutoff=pd.Timestamp("1997-10-01"))), expected.columns(FRAME, days=91)
    for place, name in enumerate(("p_alive", "expected_purchases", "expected_value", "clv")):
        assert found[:, place] == pytest.approx(told[name].to_numpy(), rel=1e-9), name
    assert found[:, 3] == pytest.approx(clv.predict(FRAME), rel=1e-9)


def test_another_time_is_what_a_model_of_that_horizon_says(clv: Clv, expected: Expected) -> None:
    longer = Clv(273).restore(clv.state())
    assert expected.columns(FRAME, days=273)[:, 3] == pytest.approx(longer.predict(FRAME), rel=1e-9)


def test_growth_lies_between_being_soon_gone_and_never(expected: Expected) -> None:
    growth = expected.growth(FRAME, days=91, horizon_days=273)
    assert growth == pytest.approx(expected.purchases(FRAME, days=273) / expected.purchases(FRAME, days=91))
    assert (growth > 1).all()
    assert (growth < 3).all()
    assert expected.growth(FRAME, days=91, horizon_days=91).tolist() == [1.0] * 4


def test_who_is_surely_gone_grows_by_nothing(expected: Expected) -> None:
    gone = FRAME.assign(frequency=5000.0, recency_days=200.0, tenure_days=40_000.0)
    assert expected.purchases(gone, days=91).tolist() == [0.0] * 4
    assert expected.growth(gone, days=91, horizon_days=273).tolist() == [1.0] * 4

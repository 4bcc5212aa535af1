"""The base rate: a mean, of those who were asked about."""

import numpy as np
import pandas as pd

from models.estimators.base_rate import BaseRate


def test_it_is_the_mean_for_everyone() -> None:
    frame = pd.DataFrame({"customer_id": list("abcd"), "spend": [1.0, 2.0, None, 4.0]})
    model = BaseRate().fit(frame, pd.Series([0.0, 1.0, 1.0, 1.0]))
    assert model.predict(frame.iloc[:3]).tolist() == [0.75, 0.75, 0.75]
    assert model.predict(frame.iloc[:0]).tolist() == []


def test_rows_that_are_not_asked_about_do_not_count() -> None:
    frame = pd.DataFrame({"customer_id": list("aab"), "category": list("xyx"), "eligible": [True, False, True]})
    assert BaseRate().fit(frame, pd.Series([1.0, 100.0, 2.0])).state() == {"rate": 1.5}


def test_a_mean_survives_its_state_to_the_last_bit() -> None:
    y = pd.Series(np.random.default_rng(0).exponential(size=1000))
    model = BaseRate().fit(pd.DataFrame({"spend": y}), y)
    assert BaseRate().restore(model.state()).rate_ == y.mean()

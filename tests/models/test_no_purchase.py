"""P(no purchase): of simulated customers as many are silent as it says, and the contract."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.buy_till_you_die.fit import Fit
from models.buy_till_you_die.processes import PROCESSES
from models.estimators import create
from models.estimators.no_purchase import NoPurchase
from tests.models.buy_till_you_die.customers import seen
from tests.models.cdnow import calibration

PARAMS = {
    "mbgnbd": {"r": 1.3, "alpha": 6.0, "a": 1.6, "b": 2.5},
    "bgnbd": {"r": 1.3, "alpha": 6.0, "a": 1.6, "b": 2.5},
    "pareto_nbd": {"r": 1.3, "alpha": 6.0, "s": 1.2, "beta": 14.0},
}
NOTHING = pd.Series(dtype=float)
"""It learns from the past alone."""


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return calibration("CDNOW_sample.txt")


def told(process: str) -> NoPurchase:
    """Give a model that knows the truth."""
    fit = Fit(PARAMS[process], {}, 0.0, [], 1.0, 0.0, 1)
    return NoPurchase(13 * 7, process=process).restore(fit.state())


def simulated(process: str, *, n: int, T: float, horizon: float) -> pd.DataFrame:
    """Let customers buy and leave, one purchase of all of them at a time; say who was silent after T."""
    rng, params = np.random.default_rng(4), PARAMS[process]
    rate, by_purchase = rng.gamma(params["r"], 1 / params["alpha"], n), process != "pareto_nbd"
    p = rng.beta(params["a"], params["b"], n) if by_purchase else np.zeros(n)
    end = np.inf if by_purchase else rng.exponential(1 / rng.gamma(params["s"], 1 / params["beta"], n))
    x, t_x, time, silent = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    active = rng.random(n) >= p if process == "mbgnbd" else np.ones(n, dtype=bool)
    while active.any():
        time = np.where(active, time + rng.exponential(1 / rate), np.inf)
        active &= time < np.minimum(end, T + horizon)
        bought = active & (time < T)
        silent &= ~(active & (time >= T))
        x, t_x = x + bought, np.where(bought, time, t_x)
        active &= rng.random(n) >= p
    return pd.DataFrame({"frequency": x, "recency_days": t_x * 7, "tenure_days": T * 7.0, "silent": silent})


@pytest.mark.parametrize("process", sorted(PARAMS))
def test_of_simulated_customers_as_many_are_silent_as_it_says(process: str) -> None:
    """In each group of as many purchases, of those who bought lately and of those who did not."""
    people = simulated(process, n=60_000, T=30, horizon=13)
    expected = told(process).predict(people)
    lately = people["recency_days"] > 20 * 7
    groups = [*people.groupby([people["frequency"].clip(upper=5), lately]).indices.values()]
    assert len(groups) == 11
    for rows in groups:
        error = np.sqrt((expected[rows] * (1 - expected[rows])).sum()) / len(rows)
        assert abs(people["silent"].to_numpy()[rows].mean() - expected[rows].mean()) < 3.5 * error


@pytest.mark.parametrize("process", sorted(PARAMS))
def test_a_fit_on_simulated_customers_predicts_as_the_truth_does(process: str) -> None:
    people = simulated(process, n=20_000, T=30, horizon=13)
    found = NoPurchase(13 * 7, process=process).fit(people).predict(people)
    assert np.abs(found - told(process).predict(people)).max() < 0.03


def test_customers_of_today_by_hand() -> None:
    """x = 0 and T = 0: nobody of BG/NBD has left, of MBG/NBD a / (a + b) have."""
    silent, today = (6 / (6 + 13)) ** 1.3, pd.DataFrame({"frequency": [0], "recency_days": [0], "tenure_days": [0]})
    assert told("bgnbd").predict(today)[0] == pytest.approx(silent, rel=1e-14)
    left = 1.6 / (1.6 + 2.5)
    assert told("mbgnbd").predict(today)[0] == pytest.approx(left + (1 - left) * silent, rel=1e-14)


@pytest.mark.parametrize("process", sorted(PARAMS))
def test_who_buys_all_the_time_is_never_silent_and_who_stopped_always(process: str) -> None:
    rows = seen([(1e5, 500, 500), (1e5, 400, 500)])
    still, stopped = PROCESSES[process].p_silent(PARAMS[process], rows, horizon=13)
    assert 0 <= still < (0.02 if process == "pareto_nbd" else 1e-4)
    assert stopped == 1


histories = st.lists(st.tuples(st.integers(0, 400), st.floats(0, 1), st.floats(0, 500)), min_size=1, max_size=12).map(
    lambda rows: [(x, share * T if x else 0.0, T) for x, share, T in rows]
)
positive = st.floats(-3, 3).map(lambda power: 10.0**power)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(histories, st.tuples(positive, positive, positive, positive), st.floats(0.01, 400))
def test_laws_of_silence(rows: Any, values: tuple[float, ...], horizon: float) -> None:
    for process in PROCESSES.values():
        params = dict(zip((each.name for each in process.parameters), values, strict=True))
        alive = process.p_alive(params, seen(rows))
        silent, longer = (process.p_silent(params, seen(rows), horizon=h) for h in (horizon, 2 * horizon))
        assert ((silent >= 1 - alive - 1e-12) & (silent <= 1)).all()
        assert (longer <= silent + 1e-12).all()
        assert (longer >= 0).all()


def test_silence_ranks_one_time_buyers_and_p_alive_does_not(frame: pd.DataFrame) -> None:
    model = NoPurchase(39 * 7, process="bgnbd").fit(frame)
    once = frame["frequency"] == 0
    assert PROCESSES["bgnbd"].p_alive(model.params_, seen([(0, 0, 30)]))[0] == 1
    assert model.predict(frame)[once].mean() > model.predict(frame)[~once].mean() + 0.2


def test_refusals(frame: pd.DataFrame) -> None:
    with pytest.raises(LookupError, match="unknown process 'pareto'; did you mean 'pareto_nbd'"):
        NoPurchase(28, process="pareto").fit(frame)
    with pytest.raises(ValueError, match=r"0 of \d+ customers have a repeat purchase day and MBG/NBD needs 50"):
        NoPurchase(28).fit(frame[frame["frequency"] == 0])
    with pytest.raises(ValueError, match="horizon is 0"):
        NoPurchase(0).fit(frame).predict(frame)


def test_it_is_told_of_the_task_and_survives_json(frame: pd.DataFrame) -> None:
    model = create("no_purchase", setting={"horizon_days": 91, "lead_days": 0, "kind": "binary"}).fit(frame, NOTHING)
    assert model.get_params() == {"horizon_days": 91, "process": "mbgnbd"}
    again = create("no_purchase", **model.get_params()).restore(json.loads(json.dumps(model.state())))
    assert again.predict(frame).tolist() == model.predict(frame).tolist()

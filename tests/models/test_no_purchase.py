"""P(no purchase): MBG/NBD's published fit, and both processes against integrals, simulations and limits by hand."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, gamma

from models.buy_till_you_die import fit_process, p_alive, p_silent
from models.estimators import create
from models.estimators.no_purchase import NoPurchase
from tests.models.cdnow import calibration

PARAMS = {"r": 1.3, "alpha": 6.0, "a": 1.6, "b": 2.5}
PROCESSES = ["mbgnbd", "bgnbd"]
NOTHING = pd.Series(dtype=float)
"""It learns from the past alone."""


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return calibration("CDNOW_sample.txt")


def mbgnbd_log_likelihood(params: dict[str, float], frame: pd.DataFrame) -> float:
    """Sum the likelihood of Batislam et al. 2007 (Wagner & Hoppe 2008, eq. 3), customer by customer."""
    r, alpha, a, b = (params[name] for name in ("r", "alpha", "a", "b"))
    total = 0.0
    for x, recency_days, tenure_days in frame.itertuples(index=False):
        t_x, T = recency_days / 7, tenure_days / 7
        log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
        stayed = math.lgamma(a) + math.lgamma(b + x + 1) - math.lgamma(a + b + x + 1) - log_beta
        left = math.lgamma(a + 1) + math.lgamma(b + x) - math.lgamma(a + b + x + 1) - log_beta
        seen = math.exp(stayed) / (alpha + T) ** (r + x) + math.exp(left) / (alpha + t_x) ** (r + x)
        total += math.lgamma(r + x) - math.lgamma(r) + r * math.log(alpha) + math.log(seen)
    return total


def test_the_published_mbgnbd_of_cdnow_one_tenth(frame: pd.DataFrame) -> None:
    """BTYDplus's values as lifetimes' test_estimation.py quotes them; their log-likelihood by the loop above."""
    params = NoPurchase(horizon_days=7).fit(frame).params_
    assert params == pytest.approx({"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, abs=1e-3)
    best = mbgnbd_log_likelihood(params, frame)
    assert best == pytest.approx(-9582.1357, abs=1e-3)
    for name, value in params.items():
        for factor in (0.99, 1.01):
            assert mbgnbd_log_likelihood({**params, name: value * factor}, frame) < best


def test_the_mbgnbd_of_all_cdnow_customers_and_the_bgnbd() -> None:
    everyone = calibration("CDNOW_master.txt")
    modified, plain = (NoPurchase(7, process=process).fit(everyone).params_ for process in PROCESSES)
    assert modified == pytest.approx({"r": 0.63714, "alpha": 7.31029, "a": 0.80747, "b": 1.22839}, abs=1e-3)
    assert plain == pytest.approx({"r": 0.25162, "alpha": 4.78894, "a": 0.72343, "b": 2.16109}, abs=1e-4)


def summed(process: str, *, x: int, t_x: float, T: float, horizon: float) -> float:
    """Give P(silent | history) as sums over a population of rates and dropout probabilities, 4000 × 500 equal parts."""
    middle = (np.arange(4000) + 0.5) / 4000
    rate = gamma.ppf(middle, PARAMS["r"], scale=1 / PARAMS["alpha"])
    p = beta.ppf(middle[4::8], PARAMS["a"], PARAMS["b"])[:, None]
    chances = x + 1 if process == "mbgnbd" else x  # to leave: after the first purchase too, or only after a repeat
    stayed = (1 - p) ** chances * rate**x * np.exp(-rate * T)
    left = p * (1 - p) ** (chances - 1) * rate**x * np.exp(-rate * t_x) if chances else 0 * stayed
    silent = left + stayed * np.exp(-rate * horizon)
    return float(silent.sum() / (left + stayed).sum())


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize(("x", "t_x", "T"), [(0, 0, 20), (2, 8.5, 30), (4, 29, 30)])
def test_the_closed_form_is_the_sum_over_a_population(process: str, x: int, t_x: float, T: float) -> None:
    got = p_silent(PARAMS, process=process, horizon=13, x=[x], t_x=[t_x], T=[T])[0]
    assert got == pytest.approx(summed(process, x=x, t_x=t_x, T=T, horizon=13), abs=2e-4)


def simulated(process: str, *, n: int, T: float, horizon: float) -> pd.DataFrame:
    """Let customers buy and leave, one purchase of all of them at a time; say who was silent after T."""
    rng = np.random.default_rng(4)
    rate, p = rng.gamma(PARAMS["r"], 1 / PARAMS["alpha"], n), rng.beta(PARAMS["a"], PARAMS["b"], n)
    x, t_x, time, silent = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    active = rng.random(n) >= p if process == "mbgnbd" else np.ones(n, dtype=bool)
    while active.any():
        time = np.where(active, time + rng.exponential(1 / rate), np.inf)
        active &= time < T + horizon
        bought = active & (time < T)
        silent &= ~(active & (time >= T))
        x, t_x = x + bought, np.where(bought, time, t_x)
        active &= rng.random(n) >= p
    return pd.DataFrame({"frequency": x, "recency_days": t_x * 7, "tenure_days": T * 7.0, "silent": silent})


@pytest.mark.parametrize("process", PROCESSES)
def test_of_simulated_customers_as_many_are_silent_as_it_says(process: str) -> None:
    """In each group of as many purchases, of those who bought lately and of those who did not."""
    people = simulated(process, n=60_000, T=30, horizon=13)
    model = NoPurchase(13 * 7, process=process).restore({"params": PARAMS})
    expected = model.predict(people)
    lately = people["recency_days"] > 20 * 7
    groups = [*people.groupby([people["frequency"].clip(upper=5), lately]).indices.values()]
    assert len(groups) == 11
    for rows in groups:
        error = np.sqrt((expected[rows] * (1 - expected[rows])).sum()) / len(rows)
        assert abs(people["silent"].to_numpy()[rows].mean() - expected[rows].mean()) < 3.5 * error


@pytest.mark.parametrize("process", PROCESSES)
def test_a_fit_on_simulated_customers_predicts_as_the_truth_does(process: str) -> None:
    people = simulated(process, n=20_000, T=30, horizon=13)
    found = NoPurchase(13 * 7, process=process).fit(people).predict(people)
    truth = NoPurchase(13 * 7, process=process).restore({"params": PARAMS}).predict(people)
    assert np.abs(found - truth).max() < 0.03


def test_customers_of_today_by_hand() -> None:
    """x = 0 and T = 0: nobody of BG/NBD has left, of MBG/NBD a / (a + b) have."""
    silent = (6 / (6 + 13)) ** 1.3
    today: dict[str, Any] = {"x": [0], "t_x": [0], "T": [0]}
    assert p_alive(PARAMS, **today)[0] == 1
    assert p_silent(PARAMS, horizon=13, **today)[0] == pytest.approx(silent, rel=1e-14)
    left = 1.6 / (1.6 + 2.5)
    assert p_alive(PARAMS, process="mbgnbd", **today)[0] == pytest.approx(1 - left, rel=1e-14)
    modified = p_silent(PARAMS, process="mbgnbd", horizon=13, **today)[0]
    assert modified == pytest.approx(left + (1 - left) * silent, rel=1e-14)


@pytest.mark.parametrize("process", PROCESSES)
def test_who_buys_all_the_time_is_never_silent_and_who_stopped_always(process: str) -> None:
    still, stopped = p_silent(PARAMS, process=process, horizon=13, x=[1e5, 1e5], t_x=[500, 400], T=[500, 500])
    assert 0 <= still < 1e-4
    assert stopped == 1


histories = st.lists(st.tuples(st.integers(0, 400), st.floats(0, 1), st.floats(0, 500)), min_size=1, max_size=12).map(
    lambda rows: np.array([(x, share * T if x else 0.0, T) for x, share, T in rows], dtype=float).T
)
positive = st.floats(-6, 6).map(lambda power: 10.0**power)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(histories, st.fixed_dictionaries(dict.fromkeys(PARAMS, positive)), st.floats(0.01, 400))
def test_laws_of_silence(rows: Any, params: dict[str, float], horizon: float) -> None:
    people = dict(zip(("x", "t_x", "T"), rows, strict=True))
    for process in PROCESSES:
        alive = p_alive(params, process=process, **people)
        silent, longer = (p_silent(params, process=process, horizon=h, **people) for h in (horizon, 2 * horizon))
        assert ((silent >= 1 - alive - 1e-12) & (silent <= 1)).all()
        assert (longer <= silent).all()
        assert (longer >= 0).all()


def test_silence_ranks_one_time_buyers_and_p_alive_does_not(frame: pd.DataFrame) -> None:
    model = NoPurchase(39 * 7, process="bgnbd").fit(frame)
    once = frame["frequency"] == 0
    assert p_alive(model.params_, x=[0], t_x=[0], T=[30])[0] == 1
    assert model.predict(frame)[once].mean() > model.predict(frame)[~once].mean() + 0.2


def test_refusals(frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"28 days from the cutoff on and cannot leave out the first 7 \(lead_days\)"):
        create("no_purchase", setting={"horizon_days": 28, "lead_days": 7}).fit(frame, NOTHING)
    with pytest.raises(ValueError, match="the process is 'pareto'; it must be one of"):
        NoPurchase(28, process="pareto").fit(frame)
    with pytest.raises(ValueError, match=r"0 of \d+ customers have a repeat purchase day and MBG/NBD needs 50"):
        NoPurchase(28).fit(frame[frame["frequency"] == 0])
    with pytest.raises(ValueError, match="horizon is 0"):
        NoPurchase(0).fit(frame).predict(frame)
    with pytest.raises(ValueError, match="the process is 'x'"):
        fit_process("x", x=[1], t_x=[1], T=[1])


def test_it_is_told_of_the_task_and_survives_json(frame: pd.DataFrame) -> None:
    model = create("no_purchase", setting={"horizon_days": 91, "lead_days": 0, "kind": "binary"}).fit(frame, NOTHING)
    assert model.get_params() == {"horizon_days": 91, "lead_days": 0, "process": "mbgnbd"}
    again = create("no_purchase", **model.get_params()).restore(json.loads(json.dumps(model.state())))
    assert again.predict(frame).tolist() == model.predict(frame).tolist()

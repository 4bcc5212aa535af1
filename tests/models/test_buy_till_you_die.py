"""The door to lifetimes: what it leaves behind, the formulas against independent sums, and what it refuses."""

import copy
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

import models.buy_till_you_die as door
from models.buy_till_you_die import expected_purchases, expected_value, fit_bgnbd, fit_gamma_gamma, p_alive

PAPER = {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}  # Fader, Hardie & Lee 2005, table 1
ROOT = Path(door.__file__).parents[1]

BEHAVES = """
import copy, pickle, sys, warnings
import numpy as np, pandas as pd
import models.buy_till_you_die as door
filters, options = list(warnings.filters), copy.deepcopy(pd.options.d)
dispatch, errors = dict(pickle._Pickler.dispatch), np.geterr()
assert "lifetimes" not in sys.modules and "dill" not in sys.modules
rng, rows = np.random.default_rng(0), []
for rate, dropout in zip(rng.gamma(0.24, 0.23, 600), rng.beta(0.79, 2.4, 600)):
    times = rng.exponential(1 / rate, 200).cumsum()[: rng.geometric(dropout)]
    rows.append((sum(times < 39), max(times[times < 39], default=0.0)))
x, t_x = np.array(rows, dtype=float).T
door.fit_bgnbd(x=x, t_x=t_x, T=np.full(600, 39.0))
door.fit_gamma_gamma(x, rng.gamma(6 * np.maximum(x, 1), 1 / rng.gamma(4, 0.25, 600)) / np.maximum(x, 1))
assert "lifetimes" in sys.modules and "dill" not in sys.modules
assert list(warnings.filters) == filters
assert pd.options.d == options
assert pickle._Pickler.dispatch == dispatch
assert np.geterr() == errors
"""


def population(n: int = 1500, seed: int = 0) -> dict[str, np.ndarray]:
    """Simulate BG/NBD customers one purchase at a time, with PAPER's parameters."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        rate, dropout, T = rng.gamma(0.2425945, 1 / 4.4136019), rng.beta(0.7929199, 2.4258881), rng.integers(27, 40)
        x, t_x, time = 0, 0.0, rng.exponential(1 / rate)
        while time < T:
            x, t_x = x + 1, time
            time = np.inf if rng.random() < dropout else time + rng.exponential(1 / rate)
        rows.append((x, t_x, T))
    return dict(zip(("x", "t_x", "T"), np.array(rows, dtype=float).T, strict=True))


def refused(words: str, function: Any, *columns: Any, **named: Any) -> None:
    with pytest.raises(ValueError, match=words):
        function(*columns, **named)


# ---- what importing and using lifetimes leaves behind ----


def test_a_fresh_process_keeps_filters_options_and_pickle_and_sees_no_warning() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", BEHAVES], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_scoring_alone_does_not_import_lifetimes() -> None:
    code = (
        "import sys, models.buy_till_you_die as door\n"
        f"door.expected_purchases({PAPER}, horizon=39, x=[2], t_x=[30.43], T=[38.86])\n"
        "assert 'lifetimes' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_this_process_keeps_filters_options_and_numpy_errors_even_when_a_fit_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(warnings.filters), copy.deepcopy(pd.options.d), np.geterr()
    fit_bgnbd(**population(400))
    monkeypatch.setattr(door, "TOLERANCES", (0.0,))
    refused("BG/NBD did not converge on", fit_bgnbd, **population(400))
    assert (list(warnings.filters), pd.options.d, np.geterr()) == before
    assert capsys.readouterr().out == ""  # lifetimes prints the optimiser's report


# ---- BG/NBD ----


def test_the_papers_customer_buys_1_226_times() -> None:
    """Fader, Hardie & Lee 2005, section 5: x = 2, t_x = 30.43, T = 38.86, 39 weeks ahead."""
    assert expected_purchases(PAPER, horizon=39, x=[2], t_x=[30.43], T=[38.86])[0] == pytest.approx(1.226, abs=5e-4)


@pytest.mark.parametrize(
    ("params", "customer", "horizon", "exact"),
    [  # eq. 10 in 50-digit arithmetic; in the first lifetimes gives NaN (a + b < 1 and x = 0)
        ((0.24, 4.4, 0.2, 0.3), (0, 0, 38.86), 39, 0.18409206636981642),
        ((0.24, 4.4, 0.2, 0.3), (4, 20, 38.86), 39, 2.0918814697136501),
        ((1.4, 1.35, 0.0126, 7.69), (120, 25, 26), 156, 675.81436701895318),
        ((0.5, 2, 1.000001, 2), (3, 20, 30), 52, 1.9414769667514209),
        ((0.25, 4.79, 0.72, 2.16), (900, 149, 150), 520, 1289.229250469179),
    ],
)
def test_expected_purchases_in_fifty_digits(params: Any, customer: Any, horizon: float, exact: float) -> None:
    named = dict(zip(("r", "alpha", "a", "b"), params, strict=True))
    history = {name: [value] for name, value in zip(("x", "t_x", "T"), customer, strict=True)}
    assert expected_purchases(named, horizon=horizon, **history)[0] == pytest.approx(exact, rel=1e-12)


def test_expected_purchases_equal_the_papers_closed_form() -> None:
    customers, (r, alpha, a, b) = population(300), PAPER.values()
    given_all = expected_purchases(PAPER, horizon=39, **customers)
    for got, x, t_x, T in zip(given_all, *customers.values(), strict=True):
        hyper = hyp2f1(r + x, b + x, a + b + x - 1, 39 / (alpha + T + 39))
        numerator = (a + b + x - 1) / (a - 1) * (1 - ((alpha + T) / (alpha + T + 39)) ** (r + x) * hyper)
        churned = a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x) if x else 0.0
        assert got == pytest.approx(numerator / (1 + churned), rel=1e-10)
        assert p_alive(PAPER, x=[x], t_x=[t_x], T=[T])[0] == pytest.approx(1 / (1 + churned), rel=1e-12)


def test_expected_purchases_of_newcomers_equal_a_simulation() -> None:
    bought = population(6000, seed=3)
    for T in (27, 33, 39):
        x = bought["x"][bought["T"] == T]
        expected = expected_purchases(PAPER, horizon=T, x=[0], t_x=[0], T=[0])[0]
        assert abs(x.mean() - expected) < 3.5 * x.std() / np.sqrt(len(x))


def test_a_fit_on_simulated_customers_finds_their_parameters_whatever_their_order() -> None:
    customers = population(6000)
    found = fit_bgnbd(**customers)
    assert found["r"] / found["alpha"] == pytest.approx(PAPER["r"] / PAPER["alpha"], rel=0.15)
    assert found["a"] / (found["a"] + found["b"]) == pytest.approx(0.2463, rel=0.25)
    assert fit_bgnbd(**{name: values[::-1] for name, values in customers.items()}) == found


def test_customers_who_never_churn_are_fitted_too() -> None:
    """lifetimes' own tolerance fails on four of five such data sets."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        T = rng.uniform(4, 80, 3000)
        x = rng.poisson(rng.gamma(1, 1 / 5, 3000) * T).astype(float)
        t_x = np.where(x > 0, T * rng.beta(np.maximum(x, 1), 1), 0)
        found = fit_bgnbd(x=x, t_x=t_x, T=T)
        assert (found["r"], found["alpha"]) == pytest.approx((1, 5), rel=0.1)
        assert p_alive(found, x=x, t_x=t_x, T=T).min() > 0.99


histories = st.lists(st.tuples(st.integers(0, 400), st.floats(0, 1), st.floats(0.2, 500)), min_size=1, max_size=12).map(
    lambda rows: [(x, share * T if x else 0.0, T) for x, share, T in rows]
)
positive = st.floats(-6, 6).map(lambda power: 10.0**power)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(histories, st.fixed_dictionaries(dict.fromkeys(PAPER, positive)), st.floats(0.1, 400))
def test_laws_of_expected_purchases(rows: Any, params: dict[str, float], horizon: float) -> None:
    customers = dict(zip(("x", "t_x", "T"), np.array(rows).T, strict=True))
    alive, expected = p_alive(params, **customers), expected_purchases(params, horizon=horizon, **customers)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (alive[customers["x"] == 0] == 1).all()
    assert (np.isfinite(expected) & (expected >= 0)).all()
    assert (expected_purchases(params, horizon=2 * horizon, **customers) >= expected).all()
    for row, (x, t_x, T) in enumerate(rows):
        alone = expected_purchases(params, horizon=horizon, x=[x], t_x=[t_x], T=[T])
        assert alone[0] == expected[row]


def test_nobody_to_score_gives_nothing() -> None:
    assert expected_purchases(PAPER, horizon=4, x=[], t_x=[], T=[]).shape == (0,)


@pytest.mark.parametrize(
    ("words", "x", "t_x", "T"),
    [
        (r"1 of 3 customers \(first: row 1\) have a null", [1, np.nan, 0], [1, 1, 0], [2, 2, 2]),
        ("null or infinite", [1], [1], [np.inf]),
        ("no count of repeat purchase days", [1.5], [1], [2]),
        ("no count of repeat purchase days", [-1], [0], [2]),
        (r"t_x outside 0 … T", [1], [3], [2]),
        (r"t_x outside 0 … T", [1], [-1], [2]),
        ("x = 0 with t_x above 0", [0], [1], [2]),
    ],
)
def test_histories_that_cannot_be_are_refused_in_fit_and_scoring(words: str, x: Any, t_x: Any, T: Any) -> None:
    refused(words, fit_bgnbd, x=x, t_x=t_x, T=T)
    refused(words, expected_purchases, PAPER, horizon=4, x=x, t_x=t_x, T=T)
    refused(words, p_alive, PAPER, x=x, t_x=t_x, T=T)


def test_too_few_repeat_buyers_are_refused() -> None:
    nobody = {"x": np.zeros(500), "t_x": np.zeros(500), "T": np.full(500, 9)}
    refused(
        "only 0 of 500 customers have a repeat purchase day and BG/NBD needs 50; take a longer", fit_bgnbd, **nobody
    )
    x = np.append(np.ones(49), np.zeros(500))
    refused("only 49 of 549", fit_bgnbd, x=x, t_x=x, T=np.full(549, 9))


@pytest.mark.parametrize("horizon", [0, -1, np.nan, np.inf])
def test_a_horizon_that_is_none_is_refused(horizon: float) -> None:
    refused("must be above 0 and finite", expected_purchases, PAPER, horizon=horizon, x=[0], t_x=[0], T=[1])


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_parameters_that_are_no_numbers_are_refused(value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    result = SimpleNamespace(params_={"r": 1.0, "alpha": value, "a": 1.0, "b": 1.0})
    fitter = SimpleNamespace(fit=lambda *columns, tol: result)
    monkeypatch.setattr(door, "_lifetimes", lambda: SimpleNamespace(BetaGeoFitter=lambda: fitter))
    refused("BG/NBD did not converge", fit_bgnbd, **population(400))


@pytest.mark.parametrize("process", ["bgnbd", "mbgnbd"])
def test_where_nobody_leaves_the_loosest_tolerance_gives_the_same_probabilities(
    process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(4)
    T = rng.uniform(15, 25, 1000).round(2)
    x = rng.poisson(rng.gamma(1.6, 1 / 1.5, 1000) * T).astype(float)
    columns = {"x": x, "t_x": np.where(x > 0, T * rng.beta(np.maximum(x, 1), 1), 0.0).round(2), "T": T}
    silent = []
    for tolerances in (door.TOLERANCES, door.TOLERANCES[-1:]):
        monkeypatch.setattr(door, "TOLERANCES", tolerances)
        params = door.fit_process(process, **columns)
        silent.append(door.p_silent(params, process=process, horizon=4.0, **columns))
    assert np.abs(silent[0] - silent[1]).max() < 5e-4
    monkeypatch.undo()
    assert door.TOLERANCES[-1] == 1e-4  # without it Complete Journey's households of 2017-06-18 have no MBG/NBD


# ---- Gamma-Gamma ----

SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}  # CDNOW 1/10, CLVTools test_correctness_gg.R


def spenders(n: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 9, n).astype(float)
    scale = rng.gamma(SPEND["q"], 1 / SPEND["v"], n)
    return x, rng.gamma(SPEND["p"] * x) / (scale * x)


def test_gamma_gamma_finds_the_parameters_of_simulated_spenders_in_any_currency() -> None:
    x, m = spenders()
    found = fit_gamma_gamma(x, m)
    assert list(found.values()) == pytest.approx(list(SPEND.values()), rel=0.05)
    cents = fit_gamma_gamma(x, 100 * m)
    assert [cents["p"], cents["q"], cents["v"]] == pytest.approx([found["p"], found["q"], 100 * found["v"]], rel=1e-6)


def test_expected_value_by_hand() -> None:
    """Fader & Hardie 2013, eq. 5, as the weighted mean of the population's and the customer's own."""
    population_mean = 6.25 * 15.44 / 2.74
    for x, m in ((1, 10.0), (7, 200.0), (3, 0.0), (3, -50.0)):
        weight = 6.25 * x / (6.25 * x + 2.74)
        by_hand = (1 - weight) * population_mean + weight * max(m, 0.0)
        assert expected_value(SPEND, x=[x], m=[m])[0] == pytest.approx(by_hand, rel=1e-14)
    assert expected_value(SPEND, x=[0, 0], m=[np.nan, 99]) == pytest.approx([population_mean] * 2, rel=1e-14)


def test_no_amount_and_no_purchase_leave_the_fit_unchanged() -> None:
    x, m = spenders(3000)
    padded = np.append(x, [0, 0, 4, 2]), np.append(m, [np.nan, 7, 0, -3])
    assert fit_gamma_gamma(*padded) == fit_gamma_gamma(x, m)


def test_gamma_gamma_refuses_what_it_cannot_fit() -> None:
    x, m = spenders(300)
    refused(
        "only 49 of 300 customers have a mean amount above 0", fit_gamma_gamma, x, np.where(np.arange(300) < 49, m, 0)
    )
    refused("Gamma-Gamma did not converge on 300", fit_gamma_gamma, x, np.full(300, 9.99))
    refused("have purchase days but a null", fit_gamma_gamma, x, np.where(np.arange(300) == 5, np.nan, m))
    refused("no count of purchase days", fit_gamma_gamma, -x, m)
    refused("no count of purchase days", expected_value, SPEND, x=[np.nan], m=[1])


def test_amounts_without_a_mean_are_refused() -> None:
    tail = np.random.default_rng(0).pareto(0.5, 300) + 1
    refused(r"q = 0\.\d+, and at q <= 1 mean spend is infinite; cap", fit_gamma_gamma, np.full(300, 3), tail)

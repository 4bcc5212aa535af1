"""BG/BB against the published fit, and against all that can happen, one by one."""

import itertools
from functools import partial

import mpmath as mp
import numpy as np
import pytest
from numpy.typing import NDArray

from models.buy_till_you_die.bgbb import BgBb, Opportunities
from models.buy_till_you_die.fit import NotConverged, fit
from models.buy_till_you_die.process import Purchases
from tests.models.buy_till_you_die.donations import donations
from tests.models.buy_till_you_die.paths import (
    AHEAD,
    DONORS,
    NAMES,
    PARAMS,
    PAST,
    Params,
    ahead,
    buys_just,
    drawn,
    given,
    histories,
    paths,
    there_for,
)

BGBB = BgBb()
Floats = NDArray[np.float64]


def test_it_is_a_process_of_purchases() -> None:
    process: Purchases = BGBB
    assert process.title == "BG/BB"


# --- the published fit


def test_the_donors_of_the_paper() -> None:
    """Fader, Hardie & Shang (2010), Table 4; BTYD walkthrough, BG/BB: −33225.58."""
    table = donations()
    assert table["weight"].sum() == 11104
    found = fit(BGBB, Opportunities.of(**table), prior_sd=None)
    assert found.params == pytest.approx(DONORS, abs=0.0005)
    assert found.log_likelihood == pytest.approx(-33225.58, abs=0.005)
    assert found.slope < 1e-9


def test_the_prior_vanishes_among_many_donors() -> None:
    table = donations()
    seen = Opportunities.of(**table)
    freely, held = fit(BGBB, seen, prior_sd=None), fit(BGBB, seen)
    for name in NAMES:
        assert abs(held.params[name] - freely.params[name]) < 0.05 * freely.standard_errors[name]


def test_a_weight_is_so_many_customers() -> None:
    table = donations()
    times = table.pop("weight") // 100 + 1
    weighed = fit(BGBB, Opportunities.of(**table, weight=times))
    repeated = fit(BGBB, Opportunities.of(**{name: np.repeat(table[name], times.astype(int)) for name in table}))
    assert weighed.params == pytest.approx(repeated.params, rel=1e-9)
    assert weighed.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-12)


# --- all that can happen


@pytest.mark.parametrize("params", PARAMS)
def test_the_likelihood_is_that_of_all_paths_with_these_purchases(params: Params) -> None:
    chances: dict[tuple[int, ...], mp.mpf] = {}
    for path in paths(params, PAST):
        chances[path.buys] = chances.get(path.buys, mp.mpf(0)) + path.chance
    assert len(chances) == 2**PAST
    seen = Opportunities.of(
        x=[sum(buys) for buys in chances],
        t_x=[max((place + 1 for place, bought in enumerate(buys) if bought), default=0) for buys in chances],
        T=[PAST] * len(chances),
    )
    likelihood = np.exp(seen.spread(BGBB.log_likelihood(params, seen)[0]))
    assert likelihood == pytest.approx([float(chance) for chance in chances.values()], rel=1e-12)
    assert likelihood.sum() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("params", PARAMS)
def test_who_is_alive_is_who_stays_on_these_paths(params: Params) -> None:
    seen = histories(params)
    for steps in (0, 1, 2):
        still = given(params, partial(there_for, PAST + steps))
        assert BGBB.p_alive(params, seen, ahead=steps) == pytest.approx(list(still.values()), rel=1e-11)


@pytest.mark.parametrize("params", PARAMS)
def test_purchases_to_come_are_those_of_the_paths(params: Params) -> None:
    seen = histories(params)
    expected = given(params, lambda path: sum(ahead(path)))
    silent = given(params, lambda path: float(not any(ahead(path))))
    assert BGBB.expected_purchases(params, seen, horizon=AHEAD) == pytest.approx(list(expected.values()), rel=1e-11)
    assert BGBB.p_silent(params, seen, horizon=AHEAD) == pytest.approx(list(silent.values()), rel=1e-11)
    counts = BGBB.p_counts(params, seen, horizon=AHEAD, most=AHEAD + 2)
    for count in range(AHEAD + 3):
        told = given(params, partial(buys_just, count))
        assert counts[:, count] == pytest.approx(list(told.values()), rel=1e-11)


@pytest.mark.parametrize("params", PARAMS)
def test_purchases_are_discounted_by_when_they_come(params: Params) -> None:
    rate = np.log(1.1)
    told = given(params, lambda path: sum(bought / 1.1 ** (place + 1) for place, bought in enumerate(ahead(path))))
    found = BGBB.discounted_purchases(params, histories(params), horizon=AHEAD, rate=rate)
    assert found == pytest.approx(list(told.values()), rel=1e-11)


@pytest.mark.parametrize("params", PARAMS)
def test_a_new_customer_buys_as_on_all_paths(params: Params) -> None:
    told = sum(path.chance * sum(path.buys) for path in paths(params, AHEAD))
    first = sum(path.chance * path.buys[0] for path in paths(params, AHEAD))
    found = BGBB.expected_of_new(params, np.array([0.0, 1.0, 1.9, AHEAD]))
    assert found == pytest.approx([0, float(first), float(first), float(told)], rel=1e-11)


@pytest.mark.parametrize("params", PARAMS)
def test_parameters_may_be_each_historys_own(params: Params) -> None:
    seen = histories(params)
    own = {name: np.linspace(value, 2 * value, len(seen.x)) for name, value in params.items()}
    value, slopes = BGBB.log_likelihood(own, seen)
    for place in range(len(seen.x)):
        alone = Opportunities.of(x=seen.x[[place]], t_x=seen.t_x[[place]], T=seen.T[[place]])
        told = BGBB.log_likelihood({name: float(each[place]) for name, each in own.items()}, alone)
        assert value[place] == pytest.approx(told[0][0], rel=1e-13)
        assert slopes[:, place] == pytest.approx(told[1][:, 0], rel=1e-12)


# --- what closed forms say


@pytest.mark.parametrize("params", PARAMS)
@pytest.mark.parametrize("discount", [0.01, 0.1, 0.5])
def test_without_end_it_is_the_papers_dert(params: Params, discount: float) -> None:
    """Fader, Hardie & Shang (2010), DERT: B(α + x + 1, β + n − x) B(γ, δ + n + 1) F / (L (1 + d) B(α, β) B(γ, δ))."""
    x, t_x, n = 3, 5, 8
    seen = Opportunities.of(x=[x], t_x=[t_x], T=[n])
    alpha, beta, gamma, delta = (mp.mpf(params[name]) for name in NAMES)
    likelihood = mp.exp(mp.mpf(BGBB.log_likelihood(params, seen)[0][0]))
    reach = mp.hyp2f1(1, delta + n + 1, gamma + delta + n + 1, 1 / mp.mpf(1 + discount)) / (1 + discount)
    bought = mp.beta(alpha + x + 1, beta + n - x) / mp.beta(alpha, beta)
    dert = bought * mp.beta(gamma, delta + n + 1) / mp.beta(gamma, delta) * reach / likelihood
    found = BGBB.discounted_purchases(params, seen, horizon=np.inf, rate=np.log1p(discount))
    assert found == pytest.approx([float(dert)], rel=1e-10)


def test_expected_purchases_are_the_papers_closed_form() -> None:
    """Eq. 13 of the paper, which has no value at γ = 1."""
    x, t_x, n, more = 2, 4, 6, 5
    seen = Opportunities.of(x=[x], t_x=[t_x], T=[n])
    alpha, beta, gamma, delta = (mp.mpf(DONORS[name]) for name in NAMES)
    likelihood = mp.exp(mp.mpf(BGBB.log_likelihood(DONORS, seen)[0][0]))
    told = mp.beta(alpha + x + 1, beta + n - x) / mp.beta(alpha, beta) * delta / (gamma - 1)
    told *= mp.gamma(gamma + delta) / mp.gamma(1 + delta) / likelihood
    told *= mp.gamma(1 + delta + n) / mp.gamma(gamma + delta + n) - mp.gamma(1 + delta + n + more) / mp.gamma(
        gamma + delta + n + more
    )
    assert BGBB.expected_purchases(DONORS, seen, horizon=more) == pytest.approx([float(told)], rel=1e-10)


def test_without_end_and_discount_it_is_finite_only_where_lives_are() -> None:
    seen = Opportunities.of(x=[1], t_x=[2], T=[3])
    short = {**DONORS, "gamma": 2.0}
    long = BGBB.discounted_purchases(short, seen, horizon=200_000, rate=0.0)
    assert BGBB.discounted_purchases(short, seen, horizon=np.inf, rate=0.0) == pytest.approx(long, rel=1e-4)
    with pytest.raises(ValueError, match=r"infinite \(a = 0.657, at most 1\)"):
        BGBB.discounted_purchases(DONORS, seen, horizon=np.inf, rate=0.0)


def test_the_next_purchase_comes_within_the_median() -> None:
    """Who always buys does so at the next; of α = β = 1 half buy at the first, of α = 1, β = 9 half within 9."""
    params = {"alpha": 1.0, "beta": 1.0, "gamma": 1.0, "delta": 1.0}
    x, t_x, T = [0, 0, 8, 0], [0, 0, 8, 0], [0, 1, 8, 8]
    seen = Opportunities.of(x=x, t_x=t_x, T=T)
    # passes k times: (T + 1) / (T + 1 + k) of who never bought, by Beta(1, 1 + T)
    assert seen.spread(BGBB.next_purchase(params, seen)).tolist() == [1, 2, 1, 9]


def test_what_is_drawn_has_the_probabilities_of_the_counts() -> None:
    draws = 200_000
    seen = Opportunities.of(x=[3], t_x=[5], T=[6])
    x, t_x, T, weight = np.repeat([seen.x, seen.t_x, seen.T, seen.weight], draws, axis=1)
    many = Opportunities(x=x, t_x=t_x, T=T, weight=weight, which=np.arange(draws))
    drawn = BGBB.simulated_purchases(DONORS, many, horizon=4, rng=np.random.default_rng(3))
    shares = np.bincount(drawn.astype(int), minlength=5) / draws
    assert shares == pytest.approx(BGBB.p_counts(DONORS, seen, horizon=4, most=4)[0], abs=4 * 0.5 / np.sqrt(draws))


# --- the gradient, and the corners


@pytest.mark.parametrize("params", [*PARAMS, {"alpha": 90.0, "beta": 1e-2, "gamma": 1e-2, "delta": 400.0}])
def test_the_gradient_is_that_of_the_value(params: Params) -> None:
    x, t_x, T = np.array([(0, 0, 0), (0, 0, 1), (0, 0, 40), (1, 1, 1), (3, 3, 60), (25, 60, 61), (700, 1400, 1500)]).T
    seen = Opportunities.of(x=x, t_x=t_x, T=T)
    slopes = BGBB.log_likelihood(params, seen)[1]
    for row, name in enumerate(NAMES):
        step = 1e-5 * params[name]
        up, down = ({**params, name: params[name] + sign * step} for sign in (1, -1))
        numeric = (BGBB.log_likelihood(up, seen)[0] - BGBB.log_likelihood(down, seen)[0]) / (2 * step)
        assert slopes[row] * params[name] == pytest.approx(numeric * params[name], rel=1e-6, abs=1e-6)


CORNERS = [0, 1, 2, 30, 1500]


@pytest.mark.parametrize(
    "params",
    [
        *PARAMS,
        {"alpha": 1e-3, "beta": 1e-3, "gamma": 1e-3, "delta": 1e-3},
        {"alpha": 1e3, "beta": 1e3, "gamma": 1e3, "delta": 1e3},
    ],
)
def test_no_corner_gives_what_is_no_number(params: Params) -> None:
    grid = [(x, t_x, T) for x, t_x, T in itertools.product(CORNERS, repeat=3) if x <= t_x <= T and (x > 0) == (t_x > 0)]
    x, t_x, T = zip(*grid, strict=True)
    seen = Opportunities.of(x=x, t_x=t_x, T=T)
    value, slopes = BGBB.log_likelihood(params, seen)
    assert np.isfinite(value).all()
    assert (value <= 1e-9).all()
    assert np.isfinite(slopes).all()
    alive, silent = BGBB.p_alive(params, seen), BGBB.p_silent(params, seen, horizon=1500)
    counts = BGBB.p_counts(params, seen, horizon=30, most=30)
    expected = BGBB.expected_purchases(params, seen, horizon=1500)
    for chances in (alive, silent, counts):
        assert ((chances >= 0) & (chances <= 1 + 1e-12)).all()
    assert counts.sum(axis=1) == pytest.approx(1, rel=1e-9)
    assert ((expected >= 0) & (expected <= 1500)).all()
    assert (alive[seen.t_x == seen.T] == 1).all()
    for found in (BGBB.next_purchase(params, seen), BGBB.discounted_purchases(params, seen, horizon=np.inf, rate=1e-4)):
        assert (np.isfinite(found) & (found >= 0)).all()


def test_parameters_that_made_the_customers_are_found() -> None:
    made = {"alpha": 1.4, "beta": 2.0, "gamma": 0.8, "delta": 6.0}
    found = fit(BGBB, drawn(made, 60_000, 24), prior_sd=None)
    for name in NAMES:
        assert abs(found.params[name] - made[name]) < 3 * found.standard_errors[name]
        assert found.standard_errors[name] < 0.15 * made[name]


@pytest.mark.parametrize(
    ("x", "t_x", "T"),
    [
        (np.full(200, 12), np.full(200, 12), np.full(200, 12)),  # all buy each time, nobody leaves
        (np.zeros(200), np.zeros(200), np.full(200, 12)),  # nobody buys
        (np.tile([6, 5], 100), np.tile([12, 11], 100), np.full(200, 12)),  # nobody seems to leave
        (np.tile([0, 12], 100), np.tile([0, 12], 100), np.full(200, 12)),  # all or nothing
        (np.tile([0, 700], 100), np.tile([0, 1500], 100), np.full(200, 1500)),
    ],
)
def test_odd_data_converge_or_are_refused(x: Floats, t_x: Floats, T: Floats) -> None:
    seen = Opportunities.of(x=x, t_x=t_x, T=T)
    try:
        found = fit(BGBB, seen)
    except NotConverged:
        return
    assert all(0 < value < np.inf for value in [*found.params.values(), *found.standard_errors.values()])
    assert np.isfinite(BGBB.expected_purchases(found.params, seen, horizon=12)).all()


@pytest.mark.parametrize(
    ("x", "t_x", "T", "told"),
    [
        ([1, 1], [1, 1.5], [2, 2], "1 of 2 customers .first: row 1. have a t_x or T that is no whole number"),
        ([1], [1], [2.5], "no whole number"),
        ([3], [2], [4], "more purchases x than opportunities"),
        ([1], [0], [4], "more purchases x than opportunities"),
        ([0], [1], [4], "x = 0 with t_x above 0"),
        ([1], [5], [4], "outside 0 … T"),
    ],
)
def test_histories_that_cannot_be_are_refused(x: list[float], t_x: list[float], T: list[float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Opportunities.of(x=x, t_x=t_x, T=T)


@pytest.mark.parametrize("horizon", [0, -1, 2.5, np.nan, np.inf])
def test_a_horizon_is_a_number_of_opportunities(horizon: float) -> None:
    seen = Opportunities.of(x=[1], t_x=[1], T=[2])
    with pytest.raises(ValueError, match="the horizon is"):
        BGBB.expected_purchases(DONORS, seen, horizon=horizon)


@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf])
def test_a_discount_rate_that_is_none_is_refused(rate: float) -> None:
    params = {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.78}
    for horizon in (5, np.inf):
        with pytest.raises(ValueError, match="the discount rate is"):
            BgBb().discounted_purchases(params, Opportunities.of(x=[1], t_x=[2], T=[4]), horizon=horizon, rate=rate)

"""Pareto/NBD: published numbers of CDNOW, closed forms in 60 digits, and a double integral over both rates."""

from collections import Counter
from functools import cache

import mpmath as mp
import numpy as np
import pytest

from models.buy_till_you_die.fit import Fit, fit
from models.buy_till_you_die.histories import Histories
from models.buy_till_you_die.pareto_nbd import ParetoNbd
from tests.models.buy_till_you_die.customers import seen
from tests.models.buy_till_you_die.rates import Params, Rates, closed
from tests.models.cdnow import calibration

PARETO = ParetoNbd()
CDNOW = {"r": 0.55315, "alpha": 10.57633, "s": 0.60625, "beta": 11.67150}
"""CLVTools, `test_correctness_pnbd_nocovstaticcov.R`; time in weeks."""
SETS: list[Params] = [
    CDNOW,
    {"r": 2.0, "alpha": 4.0, "s": 1.0, "beta": 4.0},
    {"r": 0.05, "alpha": 0.3, "s": 3.0, "beta": 70.0},
    {"r": 30.0, "alpha": 200.0, "s": 0.1, "beta": 0.5},
]
HISTORIES = [(0, 0, 39), (1, 10, 39), (26, 216 / 7, 31), (7, 38.86, 38.86), (40, 3, 80), (0, 0, 0)]
CORNERS = [
    *HISTORIES,
    (1500, 1500, 1500),
    (1500, 1490, 1500),
    (1500, 40, 1500),
    (1500, 1, 1),
    (1, 0.01, 1500),
    (0, 0, 1500),
]


@cache
def found(file: str) -> Fit:
    days = calibration(file)
    weeks = Histories.of(x=days["frequency"], t_x=days["recency_days"] / 7, T=days["tenure_days"] / 7)
    return fit(PARETO, weeks, prior_sd=None)


def test_the_published_fit_of_cdnow_one_tenth() -> None:
    """Fader, Hardie & Lee (2005), table 2; the digits and standard errors of CLVTools, which stopped just before."""
    it = found("CDNOW_sample.txt")
    paper = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    assert {name: round(value, 3) for name, value in it.params.items()} == paper
    assert it.params == pytest.approx(CDNOW, rel=3e-4)
    assert it.log_likelihood == pytest.approx(-9594.976, abs=0.001)
    errors = {"r": 0.0476264, "alpha": 0.8427222, "s": 0.1872594, "beta": 6.2105448}
    assert it.standard_errors == pytest.approx(errors, rel=1e-3)
    assert it.starts == 1


def test_no_parameters_are_likelier_than_the_fitted_ones() -> None:
    """The likelihood of the published ones too is below, in 30 digits, customer by customer."""
    it, days = found("CDNOW_sample.txt"), calibration("CDNOW_sample.txt")
    counted = Counter(days.itertuples(index=False, name=None))
    with mp.workdps(30):
        totals = [
            sum(n * mp.log(closed(params, x, mp.mpf(t_x) / 7, mp.mpf(T) / 7)) for (x, t_x, T), n in counted.items())
            for params in (it.params, CDNOW)
        ]
    assert float(totals[0]) == pytest.approx(it.log_likelihood, rel=1e-12)
    assert totals[1] < totals[0]


def test_the_fit_of_all_cdnow_customers() -> None:
    """`reference`: computed once by other means, for no published value was found."""
    it = found("CDNOW_master.txt")
    assert it.params == pytest.approx({"r": 0.59742, "alpha": 11.58566, "s": 0.52219, "beta": 8.82776}, rel=1e-4)
    assert it.log_likelihood == pytest.approx(-95415.1186, abs=0.001)


def test_customer_1516_of_cdnow() -> None:
    """BTYD walkthrough: x = 26, t_x = 30.86, T = 31, 52 weeks ahead."""
    one = seen([(26, 216 / 7, 31)])
    params = found("CDNOW_sample.txt").params
    assert PARETO.expected_purchases(params, one, horizon=52.0) == pytest.approx(25.45647, rel=1e-4)
    assert PARETO.p_alive(params, one) == pytest.approx(0.997874, abs=5e-6)


def test_holdout_means_by_calibration_frequency() -> None:
    """BTYD walkthrough: mean expected purchases of 39 weeks, of those with 0, 1 … 7 or more in the calibration."""
    days = calibration("CDNOW_sample.txt")
    weeks = Histories.of(x=days["frequency"], t_x=days["recency_days"] / 7, T=days["tenure_days"] / 7)
    expected = weeks.spread(PARETO.expected_purchases(CDNOW, weeks, horizon=39.0))
    frequency = days["frequency"].clip(upper=7).to_numpy()
    means = [expected[frequency == count].mean() for count in range(8)]
    assert means == pytest.approx([0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403], abs=0.001)


@pytest.mark.parametrize("params", SETS)
def test_the_likelihood_is_the_closed_form(params: Params) -> None:
    values, _ = PARETO.log_likelihood(params, seen(CORNERS))
    with mp.workdps(400):
        exact = [float(mp.log(closed(params, *row))) for row in CORNERS]
    assert values.tolist() == pytest.approx(exact, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("params", SETS)
def test_the_slopes_are_those_of_the_likelihood(params: Params) -> None:
    rows = seen(CORNERS)
    _, slopes = PARETO.log_likelihood(params, rows)
    for name, slope in zip(params, slopes, strict=True):
        step = 1e-4 * params[name]
        up, down, more, less = (
            PARETO.log_likelihood({**params, name: params[name] + by * step}, rows)[0] for by in (1, -1, 2, -2)
        )
        numeric = (8 * (up - down) - (more - less)) / (12 * step)
        assert slope * params[name] == pytest.approx(numeric * params[name], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("row", HISTORIES)
@pytest.mark.parametrize("params", [*SETS[:2], {"r": 0.2, "alpha": 0.3, "s": 3.0, "beta": 70.0}])
def test_predictions_are_means_over_the_rates(params: Params, row: tuple[float, float, float]) -> None:
    one, rates, h, rate = seen([row]), Rates(params, *row), 30.0, 0.02
    lam, mu = rates.lam, rates.mu
    assert PARETO.p_alive(params, one)[0] == pytest.approx(rates.mean(np.ones(1)), rel=1e-8)
    expected = rates.mean(-lam / mu * np.expm1(-mu * h))
    assert PARETO.expected_purchases(params, one, horizon=h)[0] == pytest.approx(expected, rel=1e-8)
    discounted = rates.mean(-lam / (mu + rate) * np.expm1(-(mu + rate) * h))
    assert PARETO.discounted_purchases(params, one, horizon=h, rate=rate)[0] == pytest.approx(discounted, rel=1e-8)
    buying = rates.mean(-lam / (lam + mu) * np.expm1(-(lam + mu) * h))
    assert PARETO.p_silent(params, one, horizon=h)[0] == pytest.approx(1 - buying, rel=1e-8)
    counts = PARETO.p_counts(params, one, horizon=h, most=12)[0]
    assert counts[0] == PARETO.p_silent(params, one, horizon=h)[0]
    assert counts[1:].tolist() == pytest.approx(rates.counts(h, 12), rel=1e-7, abs=1e-11)


@pytest.mark.parametrize("params", SETS)
def test_counts_sum_to_one_and_to_their_mean(params: Params) -> None:
    rows = seen([(0, 0, 39), (1, 10, 39), (7, 38.86, 38.86)])
    counts = PARETO.p_counts(params, rows, horizon=30.0, most=800)
    assert counts.sum(axis=1) == pytest.approx(1, abs=1e-9)
    mean = counts @ np.arange(801)
    assert mean == pytest.approx(PARETO.expected_purchases(params, rows, horizon=30.0), rel=1e-7)


def test_who_buys_on_is_expected_to_as_the_closed_form_says_around_s_1() -> None:
    """Fader & Hardie's eq. 41 in 40 digits, which has a hole at s = 1."""
    one, (x, T, h) = seen([(3, 20, 39)]), (3, 39, 52)
    for s in (0.4, 1 - 1e-9, 1.0, 1 + 1e-9, 1 + 1e-5, 2.5, 60.0):
        params = {"r": 0.6, "alpha": 9.0, "s": s, "beta": 12.0}
        with mp.workdps(40):
            power = mp.mpf(s if s != 1 else 1 + mp.mpf(10) ** -25) - 1
            stay = (12 + T) / power * (1 - ((mp.mpf(12) + T) / (12 + T + h)) ** power)
            alive = (mp.mpf(9) + T) ** -(mp.mpf(0.6) + x) * (mp.mpf(12) + T) ** -mp.mpf(s)
            alive *= mp.gamma(0.6 + mp.mpf(x)) * mp.mpf(9) ** mp.mpf(0.6) * mp.mpf(12) ** mp.mpf(s) / mp.gamma(0.6)
            exact = float(alive / closed(params, 3, 20, 39) * (mp.mpf(0.6) + x) / (9 + T) * stay)
        assert PARETO.expected_purchases(params, one, horizon=h)[0] == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize("rate", [0.0002, 0.0028, 0.05, 5.0])
def test_discounted_without_end_is_the_published_closed_form(rate: float) -> None:
    """DERT: Fader, Hardie & Lee (2005), RFM and CLV, eq. 6, by the confluent hypergeometric function of 2nd kind."""
    for x, t_x, T in [(0, 0, 38.86), (7, 35.7, 38.86), (20, 30, 38.86)]:
        with mp.workdps(30):
            r, alpha, s, beta, d = (mp.mpf(value) for value in (*CDNOW.values(), rate))
            dert = alpha**r * beta**s * d ** (s - 1) * mp.gamma(r + x + 1) * mp.hyperu(s, s, d * (beta + T))
            dert /= mp.gamma(r) * (alpha + T) ** (r + x + 1) * closed(CDNOW, x, t_x, T)
        found = PARETO.discounted_purchases(CDNOW, seen([(x, t_x, T)]), horizon=1e7, rate=rate)
        assert found[0] == pytest.approx(float(dert), rel=1e-9)


def test_without_a_rate_nothing_is_discounted() -> None:
    rows = seen(CORNERS)
    plain = PARETO.expected_purchases(CDNOW, rows, horizon=52.0)
    assert PARETO.discounted_purchases(CDNOW, rows, horizon=52.0, rate=0.0) == pytest.approx(plain, rel=1e-10)


def test_the_next_purchase_is_a_median() -> None:
    """Of who does not leave: (alpha' / (alpha' + t))^shape = ½."""
    rows = seen(HISTORIES)
    within = PARETO.next_purchase(CDNOW, rows)
    assert (1 + within / (CDNOW["alpha"] + rows.T)) ** -(CDNOW["r"] + rows.x) == pytest.approx(0.5, rel=1e-12)


def test_new_customers_are_as_those_of_whom_nothing_is_known() -> None:
    times = np.array([0.5, 10.0, 104.0])
    made = PARETO.expected_of_new(CDNOW, times)
    new = Rates(CDNOW, 0, 0, 0)
    assert made.tolist() == pytest.approx(
        [new.mean(-new.lam / new.mu * np.expm1(-new.mu * t)) for t in times], rel=1e-8
    )


@pytest.mark.parametrize("row", HISTORIES[:4])
def test_drawn_purchases_have_the_probabilities_of_the_counts(row: tuple[float, float, float]) -> None:
    draws = 100_000
    many, one = seen([row] * draws), seen([row])
    drawn = PARETO.simulated_purchases(CDNOW, many, horizon=52.0, rng=np.random.default_rng(4))
    counts = PARETO.p_counts(CDNOW, one, horizon=52.0, most=60)[0]
    shares = np.bincount(drawn.astype(int), minlength=61)[:61] / draws
    assert (np.abs(shares - counts) <= 5 * np.sqrt(counts / draws) + 2 / draws).all()
    assert drawn.mean() == pytest.approx(
        PARETO.expected_purchases(CDNOW, one, horizon=52.0)[0], abs=5 * drawn.std() / np.sqrt(draws)
    )


def test_each_row_may_have_parameters_of_its_own() -> None:
    rows = seen([CORNERS[place] for place in (0, 2, 4, 8)])
    each = {name: np.array([params[name] for params in SETS]) for name in CDNOW}
    for place, params in enumerate(SETS):
        one = seen([CORNERS[(0, 2, 4, 8)[place]]])
        for together, alone in (
            (PARETO.log_likelihood(each, rows)[0], PARETO.log_likelihood(params, one)[0]),
            (PARETO.log_likelihood(each, rows)[1].T, PARETO.log_likelihood(params, one)[1].T),
            (PARETO.p_alive(each, rows), PARETO.p_alive(params, one)),
            (PARETO.p_silent(each, rows, horizon=9.0), PARETO.p_silent(params, one, horizon=9.0)),
            (PARETO.expected_purchases(each, rows, horizon=9.0), PARETO.expected_purchases(params, one, horizon=9.0)),
            (PARETO.next_purchase(each, rows), PARETO.next_purchase(params, one)),
            (
                PARETO.p_counts(each, rows, horizon=9.0, most=4),
                PARETO.p_counts(params, one, horizon=9.0, most=4),
            ),
            (
                PARETO.discounted_purchases(each, rows, horizon=9.0, rate=0.01),
                PARETO.discounted_purchases(params, one, horizon=9.0, rate=0.01),
            ),
        ):
            np.testing.assert_allclose(together[place], alone[0], rtol=1e-9, atol=1e-15)


def test_at_the_corners_everything_is_a_number() -> None:
    rows = seen(CORNERS)
    for r in (1e-4, 0.5, 1500.0):
        for alpha in (1e-3, 10.0):
            for s in (1e-6, 1.0, 1500.0):
                for beta in (1e-3, 10.0, 1e4):
                    params = {"r": r, "alpha": alpha, "s": s, "beta": beta}
                    value, slopes = PARETO.log_likelihood(params, rows)
                    assert np.isfinite(value).all()
                    assert np.isfinite(slopes).all()
                    draws = PARETO.simulated_purchases(params, rows, horizon=52.0, rng=np.random.default_rng(1))
                    expected = PARETO.expected_purchases(params, rows, horizon=52.0)
                    less = PARETO.discounted_purchases(params, rows, horizon=52.0, rate=0.002)
                    for each in (draws, expected, less, PARETO.next_purchase(params, rows)):
                        assert np.isfinite(each).all()
                        assert (each >= 0).all()
                    assert (less <= expected * (1 + 1e-9)).all()
                    counts = PARETO.p_counts(params, rows, horizon=52.0, most=3)
                    for chance in (counts, counts.sum(axis=1), PARETO.p_alive(params, rows)):
                        assert ((chance >= 0) & (chance <= 1 + 1e-9)).all()


@pytest.mark.parametrize("horizon", [0.0, -1.0, np.inf, np.nan])
def test_a_horizon_that_is_none_is_refused(horizon: float) -> None:
    rows = seen(HISTORIES)
    for asked, more in (
        (PARETO.p_silent, {}),
        (PARETO.p_counts, {"most": 3}),
        (PARETO.expected_purchases, {}),
        (PARETO.discounted_purchases, {"rate": 0.1}),
        (PARETO.simulated_purchases, {"rng": np.random.default_rng(1)}),
    ):
        with pytest.raises(ValueError, match="horizon"):
            asked(CDNOW, rows, horizon=horizon, **more)


@pytest.mark.parametrize("rate", [-0.1, np.inf, np.nan])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="discount rate"):
        PARETO.discounted_purchases(CDNOW, seen(HISTORIES), horizon=9.0, rate=rate)

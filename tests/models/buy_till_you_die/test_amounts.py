"""Gamma-Gamma's formulas: the likelihood in 40 digits, the posterior by quadrature, slopes by differences, and laws."""

from collections.abc import Mapping

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma, spearmanr

from models.buy_till_you_die.fit import fit
from models.buy_till_you_die.gamma_gamma import Amounts, GammaGamma
from models.buy_till_you_die.histories import Floats

GG = GammaGamma()
Params = Mapping[str, float]
CDNOW = {"p": 6.25, "q": 3.74, "v": 15.44}
SETS: list[Params] = [CDNOW, {"p": 0.4, "q": 1.05, "v": 300.0}, {"p": 80.0, "q": 30.0, "v": 0.02}]
CUSTOMERS = Amounts.of(x=[1, 1, 2, 7, 7, 300], m=[0.01, 35.0, 1e5, 12.5, 80.0, 41.0])


def likelihood(params: Params, x: float, m: float) -> float:
    """Give eq. 1a of Fader & Hardie (2013), in 40 digits."""
    with mp.workdps(40):
        p, q, v = (mp.mpf(params[name]) for name in "pqv")
        x, m = mp.mpf(x), mp.mpf(m)
        value = mp.gamma(p * x + q) / mp.gamma(p * x) / mp.gamma(q) * v**q
        return float(mp.log(value * m ** (p * x - 1) * x ** (p * x) / (x * m + v) ** (p * x + q)))


def drawn(n: int, seed: int = 0) -> Amounts:
    """Draw customers with p 3, q 4, v 40: each has a rate of amounts, and up to twelve of them."""
    rng = np.random.default_rng(seed)
    x, rate = rng.integers(1, 13, n), rng.gamma(4.0, 1 / 40.0, n)
    spent = [rng.gamma(3.0, 1 / each, many).mean() for each, many in zip(rate, x, strict=True)]
    return Amounts.of(x=x, m=spent)


@pytest.mark.parametrize("params", SETS)
def test_the_likelihood_in_forty_digits(params: Params) -> None:
    expected = [likelihood(params, x, m) for x, m in zip(CUSTOMERS.x, CUSTOMERS.m, strict=True)]
    assert GG.log_likelihood(params, CUSTOMERS)[0] == pytest.approx(expected, rel=1e-10, abs=1e-9)


def test_the_likelihood_is_a_density() -> None:
    """Whatever m is, its probabilities add up to 1."""

    def density(m: float, x: float) -> float:
        return float(np.exp(GG.log_likelihood(CDNOW, Amounts.of(x=[x], m=[m]))[0][0]))

    for x in (1, 5):
        assert quad(density, 0, np.inf, args=(x,), limit=200)[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("params", SETS)
def test_the_slopes_are_those_of_the_value(params: Params) -> None:
    """In 40 digits, a difference of 1e-12 is exact to twelve."""
    _, slopes = GG.log_likelihood(params, CUSTOMERS)
    for place, name in enumerate("pqv"):
        with mp.workdps(40):
            for customer, (x, m) in enumerate(zip(CUSTOMERS.x, CUSTOMERS.m, strict=True)):

                def value(parameter: mp.mpf, x: float = x, m: float = m, name: str = name) -> mp.mpf:
                    p, q, v = ({**params, name: parameter}[each] for each in "pqv")
                    total = mp.loggamma(p * x + q) - mp.loggamma(p * x) - mp.loggamma(q) + q * mp.log(v)
                    return total + (p * x - 1) * mp.log(m) + p * x * mp.log(x) - (p * x + q) * mp.log(x * m + v)

                exact = float(mp.diff(value, mp.mpf(params[name])))
                assert slopes[place, customer] == pytest.approx(exact, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("params", [CDNOW, {"p": 0.4, "q": 1.5, "v": 300.0}])
@pytest.mark.parametrize(("x", "m"), [(1, 35.0), (7, 12.5), (40, 41.0)])
def test_the_expected_amount_is_the_posteriors_mean(params: Params, x: int, m: float) -> None:
    """Bayes by quadrature over the logarithm of the rate ν: amounts have the mean p / ν, x of them add up to x m."""
    p, q, v = (params[name] for name in "pqv")

    def weight(log_rate: float) -> float:
        rate = np.exp(log_rate)
        return float(gamma.pdf(rate, q, scale=1 / v) * rate * gamma.pdf(x * m, p * x, scale=1 / rate))

    centre = np.log((p * x + q) / (v + x * m))
    ends = {"a": centre - 30, "b": centre + 5, "points": [centre - 1, centre, centre + 1], "epsabs": 0, "limit": 200}
    total = quad(weight, **ends)[0]
    mean = quad(lambda log_rate: weight(log_rate) * p / np.exp(log_rate), **ends)[0] / total
    assert GG.expected_value(params, Amounts.of(x=[x], m=[m]))[0] == pytest.approx(mean, rel=1e-8)


def test_without_a_purchase_it_is_the_mean_of_all_and_below_zero_counts_as_zero() -> None:
    once, gave_back, nothing = GG.expected_value(CDNOW, Amounts.of(x=[0, 9, 9], m=[7.0, -3.0, 0.0]))
    assert once == pytest.approx(6.25 * 15.44 / 2.74)
    assert gave_back == nothing == pytest.approx(6.25 * 15.44 / (6.25 * 9 + 2.74))


def test_far_out_is_what_few_customers_have_so_high_or_so_low() -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(1, 7, 400_000)
    m = rng.gamma(6.25 * x, 1 / rng.gamma(3.74, 1 / 15.44, len(x))) / x
    marked = GG.far_out(CDNOW, Amounts.of(x=x, m=m), chance=0.02)
    for count in (1, 6):
        own, odd = m[x == count], marked[x == count]
        for side in (own < np.median(own), own > np.median(own)):
            assert (side & odd).mean() == pytest.approx(0.01, abs=0.001)
            assert np.ptp(own[side & ~odd]) < np.ptp(own[side])
    few = Amounts.of(x=[0, 4, 4, 4, 4], m=[0.0, -5.0, 0.0, 1e9, 35.0])
    assert GG.far_out(CDNOW, few, chance=1e-6).tolist() == [False, True, True, True, False]


def test_the_fit_finds_what_was_drawn_within_its_own_errors() -> None:
    found = fit(GG, drawn(20_000), prior_sd=None)
    for name, true in {"p": 3.0, "q": 4.0, "v": 40.0}.items():
        assert abs(found.params[name] - true) < 3 * found.standard_errors[name]
        assert found.standard_errors[name] < 0.1 * true


def test_the_currency_scales_v_and_nothing_else() -> None:
    euros = drawn(2000)
    cents = Amounts.of(x=euros.x, m=100 * euros.m)
    a, b = fit(GG, euros), fit(GG, cents)
    assert b.params == pytest.approx({**a.params, "v": 100 * a.params["v"]}, rel=1e-6)
    assert b.standard_errors["v"] == pytest.approx(100 * a.standard_errors["v"], rel=1e-4)
    assert b.log_likelihood == pytest.approx(a.log_likelihood - 2000 * np.log(100), rel=1e-9)
    assert GG.expected_value(b.params, cents) == pytest.approx(100 * GG.expected_value(a.params, euros), rel=1e-6)


def test_a_weight_of_three_is_three_customers() -> None:
    few, weight = drawn(400), np.random.default_rng(1).integers(1, 4, 400)
    many = Amounts.of(x=np.repeat(few.x, weight), m=np.repeat(few.m, weight))
    weighed = Amounts.of(x=few.x, m=few.m, weight=weight)
    a, b = fit(GG, weighed), fit(GG, many)
    assert a.params == pytest.approx(b.params, rel=1e-6)
    assert a.customers == weight.sum()
    assert a.log_likelihood == pytest.approx(b.log_likelihood)
    assert weighed.spread == pytest.approx(many.spread)
    assert weighed.correlation == pytest.approx(many.correlation, abs=1e-12)


def test_spread_and_correlation_by_hand() -> None:
    pair = Amounts.of(x=[1, 2], m=[1.0, np.e**2])
    assert [pair.spread, pair.correlation] == pytest.approx([1, 1])
    assert Amounts.of(x=[2, 1], m=[1.0, 3.0]).correlation == pytest.approx(-1)
    assert Amounts.of(x=[2, 2], m=[1.0, 3.0]).correlation == 0
    assert Amounts.of(x=[1, 2], m=[5.0, 5.0]).spread == 0
    some = drawn(300)
    assert some.correlation == pytest.approx(spearmanr(some.x, some.m).statistic, abs=1e-12)


def test_who_bought_nothing_or_gave_all_back_is_no_example() -> None:
    kept = Amounts.of(x=[0, 1, 2, 3], m=[9.0, 0.0, -1.0, 4.0], weight=[1, 2, 3, 4]).positive
    assert [each.tolist() for each in (kept.x, kept.m, kept.weight)] == [[3], [4], [4]]


@pytest.mark.parametrize(
    ("x", "m", "told"),
    [
        ([1.0, -1.0], [1.0, 1.0], "1 of 2 customers .* an x that is no count of purchase days"),
        ([1.0, np.nan], [1.0, 1.0], "no count"),
        ([1.0, 2.0], [np.nan, np.inf], "2 of 2 customers .* a null or infinite mean amount"),
    ],
)
def test_what_cannot_be_is_refused(x: Floats, m: Floats, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Amounts.of(x=x, m=m)

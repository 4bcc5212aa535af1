"""The mean over a beta against Gauss's hypergeometric function in 40 digits."""

from typing import Any

import mpmath as mp
import numpy as np
import pytest

from models.buy_till_you_die.histories import Floats
from models.buy_till_you_die.over_beta import over_beta

CASES = [
    (a, b, shape, reach)
    for a in (1e-4, 0.3, 1.0 + 1e-7, 2.4, 40.0, 300.0)
    for b, shape in ((0.01, 0.05), (0.9, 0.25), (2.4, 2.0), (60.0, 50.3), (1502.0, 1500.2))
    for reach in (0.02, 1.0, 200.0)
]


def ours(a: Floats, b: Floats, shape: Floats, reach: Floats) -> Floats:
    return over_beta(
        lambda p, shape, reach: -np.expm1(-shape * np.log1p(p * reach)) / p,
        shape,
        reach,
        a=a,
        b=b,
        at_0=shape * reach,
        at_1=-np.expm1(-shape * np.log1p(reach)),
        bends_at=1 / (1 + shape * reach),
    )


def exact(a: float, b: float, shape: float, reach: float) -> float:
    """Give the closed form: E[1/p] − E[(1 + p reach)^−shape / p], by Euler's integral."""
    with mp.workdps(40):
        a, b, shape, reach = (mp.mpf(value) for value in (a, b, shape, reach))
        hyper = mp.hyp2f1(shape, b, a + b - 1, reach / (1 + reach), maxterms=10**6)
        return float((a + b - 1) / (a - 1) * (1 - (1 + reach) ** -shape * hyper))


def test_means_in_forty_digits_and_alone_as_among_many() -> None:
    """Worst of all is a = .3 of the heaviest buyers far ahead: 1e-11."""
    columns = np.array(CASES).T
    found = ours(*columns)
    assert found.tolist() == pytest.approx([exact(*case) for case in CASES], rel=3e-11)
    for place in range(0, len(CASES), 7):
        assert ours(*columns[:, [place]])[0] == found[place]


def test_the_mean_of_a_constant_and_of_p_itself() -> None:
    a, b = np.array([1e-6, 0.5, 3.0, 900.0]), np.array([0.2, 1e-5, 70.0, 800.0])
    one = np.ones(4)
    assert over_beta(np.ones_like, a=a, b=b, at_0=one, at_1=one, bends_at=one) == pytest.approx(one, rel=1e-13)
    found = over_beta(lambda p: p, a=a, b=b, at_0=0 * one, at_1=one, bends_at=one)
    assert found == pytest.approx(a / (a + b), rel=1e-12)


@pytest.mark.parametrize("scale", [9e4, 1.1e5, 1e7, 1e10])
def test_a_beta_as_narrow_as_normal(scale: float) -> None:
    """Covariates may make one: above 1e5 three points do, and cost no more the narrower it is."""
    cases = [(scale, scale * share, shape, 2.0) for share in (1.1, 3.0, 40.0) for shape in (0.25, 3.5)]
    found = ours(*np.array(cases).T)
    for case, value in zip(cases, found, strict=True):
        assert value == pytest.approx(integral(*case), rel=5e-9)


def integral(a: float, b: float, shape: float, reach: float) -> float:
    """Integrate over the middle twenty-four deviations."""
    with mp.workdps(50):
        scale, p = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(mp.mpf(a) + b), mp.mpf(a) / (a + b)

        def weighed(z: Any) -> Any:
            density = mp.exp((a - 1) * mp.log(z) + (b - 1) * mp.log(1 - z) - scale)
            return density * (1 - (1 + z * reach) ** -mp.mpf(shape)) / z

        deviation = mp.sqrt(p * (1 - p) / (mp.mpf(a) + b + 1))
        return float(mp.quad(weighed, [p + step * deviation for step in range(-12, 13, 2)]))

"""The integral of two powers: against arithmetic of 40 digits, at its corners, and its means."""

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest

from models.buy_till_you_die.two_powers import two_powers

CASES = [
    (10.0, 12.0, 0.5, 1.6, 39.0),
    (12.0, 10.0, 0.5, 1.6, 39.0),
    (10.0, 10.0, 2.5, 2.0, 1500.0),
    (1e-2, 1e3, 0.1, 1.01, 1500.0),
    (1e3, 1e-2, 1500.0, 1.1, 1500.0),
    (1e3, 1e-2, 3.0, 1.01, 1500.0),
    (1.0, 5.0, 1500.0, 1.6, 1500.0),
    (5.0, 1.0, 1500.0, 30.0, 1500.0),
    (10.0, 0.5, 0.5, 900.0, 40.0),
    (10.0, 12.0, 0.5, 1.6, 1e-9),
    (0.0132569, 19.555, 0.1, 14.487, 408.66),
    (373.46, 0.0387695, 30.0, 1.0602, 654.15),
]


def integral(a: float, b: float, p: float, q: float, length: float, of: Callable[[mp.mpf], mp.mpf]) -> float:
    """Integrate piece by piece, each longer by half than the one before."""
    ends = [mp.mpf(0)]
    step = min(a / p, b / q, length) / 4
    while ends[-1] < length:
        ends.append(min(ends[-1] + step, mp.mpf(length)))
        step *= 1.5
    with mp.workdps(30):
        return float(mp.quad(lambda y: of(y) * (1 + y / a) ** -p * (1 + y / b) ** -q, ends, maxdegree=4))


@pytest.mark.parametrize("case", CASES)
def test_the_integral_and_its_means(case: tuple[float, float, float, float, float]) -> None:
    a, b, p, q, length = case
    found = two_powers(np.array([a]), np.array([b]), p=p, q=q, length=length)
    whole = integral(*case, lambda y: mp.mpf(1))
    assert found.integral[0] == pytest.approx(whole, rel=1e-11)
    for mean, of in (
        (found.log_a, lambda y: mp.log1p(y / a)),
        (found.log_b, lambda y: mp.log1p(y / b)),
        (found.per_a, lambda y: 1 / (a + y)),
        (found.per_b, lambda y: 1 / (b + y)),
    ):
        assert mean[0] == pytest.approx(integral(*case, of) / whole, rel=1e-10)


def test_nothing_is_integrated_over_no_length() -> None:
    found = two_powers(np.array([2.0]), np.array([4.0]), p=3.0, q=2.0, length=0.0)
    assert [found.integral[0], found.log_a[0], found.log_b[0]] == [0, 0, 0]
    assert [found.per_a[0], found.per_b[0]] == pytest.approx([0.5, 0.25])


def test_rows_do_not_touch_each_other() -> None:
    columns = np.array(CASES).T
    together = two_powers(columns[0], columns[1], p=columns[2], q=columns[3], length=columns[4])
    for row, (a, b, p, q, length) in enumerate(CASES):
        alone = two_powers(np.array([a]), np.array([b]), p=p, q=q, length=length)
        assert alone.integral[0] == together.integral[row]
        assert alone.per_b[0] == together.per_b[row]


def test_the_two_powers_change_places() -> None:
    for a, b, p, q, length in CASES:
        one = two_powers(np.array([a]), np.array([b]), p=p, q=q, length=length)
        other = two_powers(np.array([b]), np.array([a]), p=q, q=p, length=length)
        assert one.integral[0] == pytest.approx(other.integral[0], rel=1e-12)
        assert one.log_a[0] == pytest.approx(other.log_b[0], rel=1e-11)

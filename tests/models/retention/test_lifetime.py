"""Contracts against the cohorts of the papers, survivors added up by hand, and arithmetic of fifty digits."""

from dataclasses import dataclass
from functools import partial

import mpmath as mp
import numpy as np
import pytest
from numpy.typing import NDArray

from models.buy_till_you_die.fit import Fit, NotConverged, fit
from models.retention.beta_discrete_weibull import BetaDiscreteWeibull
from models.retention.lifetime import ContractLifetime
from models.retention.renewals import Renewals
from models.retention.shifted_beta_geometric import ShiftedBetaGeometric

mp.mp.dps = 50
SBG, BDW = ShiftedBetaGeometric(), BetaDiscreteWeibull()
HIGH_END = [869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394]
REGULAR = [631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173]
"""Survivors of 1,000 after each of twelve years: Fader & Hardie (2007), Table 1."""
Floats = NDArray[np.float64]
Params = dict[str, float]


def cohort(survivors: list[int]) -> Renewals:
    """Take a cohort of 1,000: who was lost at each renewal, and who is left after the last."""
    left = np.array([1000, *survivors])
    last = len(survivors)
    return Renewals.of(survived=[*range(last), last], lost=[1] * last + [0], weight=[*(left[:-1] - left[1:]), left[-1]])


def times(count: int) -> Floats:
    return np.arange(count, dtype=np.float64)


# --- the papers


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood"),
    [(HIGH_END, 0.668, 3.806, -1611.158), (REGULAR, 0.704, 1.182, -1680.265)],
)
def test_the_cohorts_of_the_shifted_beta_geometric(
    survivors: list[int], alpha: float, beta: float, log_likelihood: float
) -> None:
    """Fader & Hardie (2007), fitted to seven years."""
    found = fit(SBG, cohort(survivors[:7]), prior_sd=None)
    assert found.params == pytest.approx({"alpha": alpha, "beta": beta}, abs=0.0005)
    assert found.log_likelihood == pytest.approx(log_likelihood, abs=0.0005)
    assert found.slope < 1e-9


@pytest.mark.parametrize(("survivors", "miss"), [(HIGH_END, 0.05), (REGULAR, 0.03)])
def test_seven_years_project_the_next_five(survivors: list[int], miss: float) -> None:
    found = fit(SBG, cohort(survivors[:7]), prior_sd=None)
    assert 1000 * SBG.survivor(found.params, times(13)[8:]) == pytest.approx(np.array(survivors[7:]), rel=miss)


def test_four_years_of_the_high_end_by_beta_discrete_weibull() -> None:
    """Fader et al. (2018): γ .259, δ 1.722, c 1.584, as the R package foretell has it; sBG projects far too few."""
    found = fit(BDW, cohort(HIGH_END[:4]), prior_sd=None)
    assert found.params == pytest.approx({"gamma": 0.2594, "delta": 1.7227, "c": 1.5843}, abs=0.0003)
    projected = 100 * BDW.survivor(found.params, times(11)[5:])
    assert projected == pytest.approx([54.661, 51.037, 48.104, 45.669, 43.604, 41.823], abs=0.002)
    actual, later = np.array(HIGH_END[4:]), times(13)[5:]
    simple = fit(SBG, cohort(HIGH_END[:4]), prior_sd=None)
    off = [
        np.abs(1000 * model.survivor(made.params, later) - actual).mean()
        for model, made in ((BDW, found), (SBG, simple))
    ]
    assert off[0] < 10 < 40 < off[1]
    assert found.log_likelihood > simple.log_likelihood


def test_the_prior_hardly_moves_a_cohort() -> None:
    seen = cohort(HIGH_END[:7])
    freely, held = fit(SBG, seen, prior_sd=None), fit(SBG, seen)
    for name in freely.params:
        assert abs(held.params[name] - freely.params[name]) < 0.05 * freely.standard_errors[name]


# --- one by one, and by hand


@dataclass(frozen=True)
class Case:
    """A model, its parameters, and log S in fifty digits."""

    model: ContractLifetime
    params: Params

    def survives(self, renewals: float) -> mp.mpf:
        a, b, *c = (mp.mpf(each) for each in self.params.values())
        power = mp.mpf(renewals) ** c[0] if c else mp.mpf(renewals)
        return mp.beta(a, b + power) / mp.beta(a, b)


CASES = [
    Case(SBG, {"alpha": 0.668, "beta": 3.806}),
    Case(SBG, {"alpha": 4.0, "beta": 0.2}),
    Case(BDW, {"gamma": 0.259, "delta": 1.722, "c": 1.584}),
    Case(BDW, {"gamma": 2.0, "delta": 9.0, "c": 0.7}),
]
NAMED = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.model.title} {[*case.params.values()]}")


@NAMED
def test_survivors_retention_and_losses(case: Case) -> None:
    t = times(6)
    survivor = np.array([float(case.survives(each)) for each in range(8)])
    assert case.model.survivor(case.params, times(8)) == pytest.approx(survivor, rel=1e-12)
    retention = survivor[1:7] / survivor[:6]
    assert case.model.retention_rate(case.params, t) == pytest.approx(retention, rel=1e-12)
    assert case.model.p_lost(case.params, t) == pytest.approx(1 - retention, rel=1e-10)
    at_third = (survivor[2] - survivor[3]) / survivor[1]
    found = case.model.p_lost(case.params, np.array([1.0]), since=np.array([2.0]), until=np.array([3.0]))
    assert found == pytest.approx([at_third], rel=1e-10)


@NAMED
def test_the_likelihood_of_who_is_lost_and_who_is_still_there(case: Case) -> None:
    seen = Renewals.within(survived=[0, 0, 2, 2, 2], since=[0, 3, 2, 3, 3], until=[4, 4, 3, 5, 5], lost=[0, 1, 1, 1, 0])
    told: dict[tuple[float, ...], mp.mpf] = {
        (0, 0, 4, 0): case.survives(4),
        (0, 3, 4, 1): case.survives(3) - case.survives(4),
        (2, 2, 3, 1): 1 - case.survives(3) / case.survives(2),
        (2, 3, 5, 1): (case.survives(3) - case.survives(5)) / case.survives(2),
        (2, 3, 5, 0): 1 - (case.survives(3) - case.survives(5)) / case.survives(2),
    }
    expected = [float(mp.log(told[row])) for row in rows(seen)]
    assert case.model.log_likelihood(case.params, seen)[0] == pytest.approx(expected, rel=1e-11)


def rows(seen: Renewals) -> list[tuple[float, ...]]:
    return list(zip(seen.survived, seen.since, seen.until, seen.lost, strict=True))


@NAMED
def test_the_gradient_is_that_of_the_value(case: Case) -> None:
    """By differences in fifty digits."""
    seen = Renewals.within(
        survived=[0, 0, 0, 2, 2.5, 30, 1400, 7],
        since=[0, 3, 0, 3, 3, 30, 1499, 7],
        until=[4, 4, 1, 5, 5.5, 31, 1500, 7],
        lost=[0, 1, 1, 1, 0, 1, 0, 0],
    )
    slopes = case.model.log_likelihood(case.params, seen)[1]
    for place, name in enumerate(case.params):
        told = [float(mp.diff(partial(chance, case, name, row), case.params[name])) for row in rows(seen)]
        assert slopes[place] == pytest.approx(told, rel=1e-8, abs=1e-9)


def chance(case: Case, name: str, row: tuple[float, ...], value: mp.mpf) -> mp.mpf:
    """Give the logarithm of how likely an observation is, with one parameter moved."""
    moved = Case(case.model, {**case.params, name: value})
    survived, since, until, lost = row
    gone = (moved.survives(since) - moved.survives(until)) / moved.survives(survived)
    return mp.log(gone if lost else 1 - gone)


def test_without_duration_dependence_both_are_the_same() -> None:
    seen = Renewals.within(survived=[0, 1, 4], since=[0, 2, 4], until=[3, 4, 5], lost=[0, 1, 1])
    simple, general = {"alpha": 0.7, "beta": 2.0}, {"gamma": 0.7, "delta": 2.0, "c": 1.0}
    for left, right in zip(SBG.log_likelihood(simple, seen), BDW.log_likelihood(general, seen), strict=True):
        assert right[..., :2, :] == pytest.approx(left) if right.ndim == 2 else right == pytest.approx(left)
    t = times(9)
    assert BDW.survivor(general, t) == pytest.approx(SBG.survivor(simple, t), rel=1e-13)
    assert BDW.expected_renewals(general, t, rate=0.1) == pytest.approx(SBG.expected_renewals(simple, t, rate=0.1))


@NAMED
@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_renewals_to_come_are_added_up_one_by_one(case: Case, rate: float) -> None:
    for survived in (0, 3):
        start = case.survives(survived)
        told = sum(case.survives(survived + k) / start * mp.exp(-rate * (k - 1)) for k in range(1, 13))
        found = case.model.expected_renewals(case.params, np.array([float(survived)]), horizon=12, rate=rate)
        assert found == pytest.approx([float(told)], rel=1e-11)


@pytest.mark.parametrize("discount", [0.01, 0.1])
def test_without_end_it_is_the_published_derl(discount: float) -> None:
    """Fader & Hardie (2010), eq. 8, of who stands before renewal n: (β + n − 1) / (α + β + n − 1) F(1, β + n; …)."""
    params = {"alpha": 0.668, "beta": 3.806}
    for n in (1, 4):
        alpha, beta = mp.mpf(params["alpha"]), mp.mpf(params["beta"])
        told = (beta + n - 1) / (alpha + beta + n - 1)
        told *= mp.hyp2f1(1, beta + n, alpha + beta + n, 1 / mp.mpf(1 + discount))
        found = SBG.expected_renewals(params, np.array([n - 1.0]), rate=np.log1p(discount))
        assert found == pytest.approx([float(told)], rel=1e-10)
        summed = ContractLifetime.expected_renewals(SBG, params, np.array([n - 1.0]), rate=np.log1p(discount))
        assert found == pytest.approx(summed, rel=1e-10)


def test_renewals_that_may_never_end_need_a_horizon_or_a_rate() -> None:
    """E[(1 − θ) / θ] of θ ~ Beta(α, β + t) is (β + t) / (α − 1), and infinite at α ≤ 1."""
    assert SBG.expected_renewals({"alpha": 3.0, "beta": 4.0}, times(2)).tolist() == [2.0, 2.5]
    with pytest.raises(ValueError, match="infinite"):
        SBG.expected_renewals({"alpha": 1.0, "beta": 4.0}, times(2))
    with pytest.raises(ValueError, match="Beta-discrete-Weibull may never end"):
        BDW.expected_renewals({"gamma": 3.0, "delta": 4.0, "c": 1.0}, times(2))


# --- what is learned, and what is refused


def found_again(made: Fit, truth: Params) -> None:
    for name, value in truth.items():
        assert abs(made.params[name] - value) < 3 * made.standard_errors[name]
        assert made.standard_errors[name] < 0.2 * value


def test_customers_seen_from_later_on_tell_the_same() -> None:
    """Who was lost before is not there: their place in the likelihood is that they would not have been seen."""
    rng = np.random.default_rng(11)
    theta = rng.beta(0.9, 5.0, 60_000)
    lives = rng.geometric(theta) - 1
    survived = rng.integers(0, 8, len(lives)).astype(float)
    there = lives >= survived
    survived, lives = survived[there], lives[there]
    seen = Renewals.within(survived=survived, since=survived, until=survived + 2, lost=lives < survived + 2)
    found_again(fit(SBG, seen, prior_sd=None), {"alpha": 0.9, "beta": 5.0})


def test_a_changing_loyalty_is_found() -> None:
    rng = np.random.default_rng(12)
    theta = rng.beta(0.5, 2.0, 60_000)
    lives = np.floor((np.log(rng.random(60_000)) / np.log1p(-theta)) ** (1 / 1.4))
    seen = Renewals.of(survived=np.minimum(lives, 15), lost=lives < 15)
    found_again(fit(BDW, seen, prior_sd=None), {"gamma": 0.5, "delta": 2.0, "c": 1.4})


@pytest.mark.parametrize("model", [SBG, BDW], ids=["sBG", "BdW"])
@pytest.mark.parametrize(
    ("survived", "lost"),
    [([12] * 200, [0] * 200), ([0] * 200, [1] * 200), ([0, 1500] * 100, [1, 0] * 100), ([3] * 200, [0, 1] * 100)],
    ids=["nobody lost", "all lost at once", "at once or never", "all at one renewal"],
)
def test_odd_data_converge_or_are_refused(model: ContractLifetime, survived: list[int], lost: list[int]) -> None:
    try:
        found = fit(model, Renewals.of(survived=survived, lost=lost))
    except NotConverged:
        return
    t = np.array([0.0, 1, 30, 1500])
    for told in (model.survivor(found.params, t), model.p_lost(found.params, t)):
        assert ((told >= 0) & (told <= 1)).all()
    assert np.isfinite(model.expected_renewals(found.params, t, horizon=50)).all()


@pytest.mark.parametrize(
    "params",
    [[1e-3, 1e-3, 0.2], [1e3, 1e-3, 3.0], [1e-3, 1e3, 1.0], [1e3, 1e3, 0.5], [0.7, 1.2, 1.0]],
)
def test_no_corner_gives_what_is_no_number(params: list[float]) -> None:
    t = np.array([0.0, 0.5, 1, 2, 60, 1500])
    seen = Renewals.within(survived=t, since=t, until=t + 1, lost=[0, 1, 0, 1, 0, 1])
    for model in (SBG, BDW):
        named = {each.name: value for each, value in zip(model.parameters, params, strict=False)}
        value, slopes = model.log_likelihood(named, seen)
        assert (np.isfinite(value) & (value <= 0)).all()
        assert np.isfinite(slopes).all()
        for told in (model.survivor(named, t), model.p_lost(named, t), model.retention_rate(named, t)):
            assert ((told >= 0) & (told <= 1)).all()
        assert (model.expected_renewals(named, t, rate=0.01) >= 0).all()


def test_a_weight_is_so_many_customers() -> None:
    weighed = Renewals.of(survived=[0, 1, 2], lost=[1, 1, 0], weight=[3, 2, 4])
    repeated = Renewals.of(survived=[0] * 3 + [1] * 2 + [2] * 4, lost=[1] * 5 + [0] * 4)
    assert fit(SBG, weighed).params == fit(SBG, repeated).params
    assert repeated.weight.tolist() == weighed.weight.tolist()


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({"survived": [1], "since": [1], "until": [1], "lost": [1]}, "lost where no renewal was due"),
        ({"survived": [2], "since": [1], "until": [3], "lost": [0]}, "renewals that go back"),
        ({"survived": [-1], "since": [1], "until": [3], "lost": [0]}, "renewals that go back"),
        ({"survived": [1], "since": [2], "until": [1], "lost": [0]}, "renewals that go back"),
        ({"survived": [np.nan], "since": [2], "until": [2], "lost": [0]}, "null or infinite"),
        ({"survived": [1], "since": [1], "until": [2], "lost": [0.5]}, "neither 0 nor 1"),
    ],
)
def test_what_cannot_be_is_refused(seen: dict[str, list[float]], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Renewals.within(**seen)

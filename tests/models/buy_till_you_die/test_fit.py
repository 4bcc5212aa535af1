"""Fits find the top or say why not: goldens are in the tests of each process, here are the laws."""

import json
import math
from typing import Any

import numpy as np
import pytest

from models.buy_till_you_die.fit import Fit, NotConverged, fit
from models.buy_till_you_die.histories import Histories
from models.buy_till_you_die.process import Purchases
from models.buy_till_you_die.processes import PROCESSES
from tests.models.buy_till_you_die.customers import loyal, population

BOUGHT = population(1200)


@pytest.fixture(params=sorted(PROCESSES))
def process(request: pytest.FixtureRequest) -> Purchases:
    return PROCESSES[request.param]


def total(process: Purchases, params: dict[str, float], seen: Histories) -> float:
    return float(seen.weight @ process.log_likelihood(params, seen)[0])


def test_the_order_of_customers_does_not_matter(process: Purchases) -> None:
    order = np.random.default_rng(0).permutation(len(BOUGHT["x"]))
    shuffled = {name: column[order] for name, column in BOUGHT.items()}
    assert fit(process, Histories.of(**shuffled)) == fit(process, Histories.of(**BOUGHT))


def test_a_weight_is_so_many_customers(process: Purchases) -> None:
    weight = np.random.default_rng(1).integers(0, 4, len(BOUGHT["x"]))
    copies = {name: np.repeat(column, weight) for name, column in BOUGHT.items()}
    weighed, copied = fit(process, Histories.of(**BOUGHT, weight=weight)), fit(process, Histories.of(**copies))
    assert weighed.params == pytest.approx(copied.params, rel=1e-7)
    assert weighed.standard_errors == pytest.approx(copied.standard_errors, rel=1e-5)
    assert weighed.log_likelihood == pytest.approx(copied.log_likelihood, rel=1e-12)
    assert weighed.customers == copied.customers == weight.sum()


def test_fractions_of_customers_weigh_less(process: Purchases) -> None:
    """Half of everybody: the same top where there is no prior, and half of the log-likelihood."""
    whole = fit(process, Histories.of(**BOUGHT), prior_sd=None)
    half = fit(process, Histories.of(**BOUGHT, weight=np.full(len(BOUGHT["x"]), 0.5)), prior_sd=None)
    assert half.params == pytest.approx(whole.params, rel=1e-6)
    assert half.log_likelihood == pytest.approx(whole.log_likelihood / 2, rel=1e-12)
    ratio = {name: math.sqrt(2) * error for name, error in whole.standard_errors.items()}
    assert half.standard_errors == pytest.approx(ratio, rel=1e-4)


def test_in_days_the_likelihood_is_that_of_days(process: Purchases) -> None:
    """A density a day is a seventh of one a week: each repeat purchase takes log 7 off."""
    days = {**BOUGHT, "t_x": BOUGHT["t_x"] * 7, "T": BOUGHT["T"] * 7}
    weekly, daily = fit(process, Histories.of(**BOUGHT)), fit(process, Histories.of(**days))
    longer = {each.name: 7.0 if each.measured else 1.0 for each in process.parameters}
    assert daily.params == pytest.approx({name: longer[name] * weekly.params[name] for name in longer}, rel=1e-7)
    assert daily.log_likelihood == pytest.approx(weekly.log_likelihood - BOUGHT["x"].sum() * math.log(7), rel=1e-10)


def test_nothing_near_is_likelier_and_errors_are_the_curvature(process: Purchases) -> None:
    """The standard errors by second differences of the likelihood itself, in the parameters as they are."""
    seen = Histories.of(**BOUGHT)
    it = fit(process, seen, prior_sd=None)
    names, best = list(it.params), it.log_likelihood
    steps = {name: 0.02 * it.standard_errors[name] for name in names}

    def at(**moved: float) -> float:
        return total(process, {name: it.params[name] + moved.get(name, 0.0) for name in names}, seen)

    assert at() == pytest.approx(best, rel=1e-13)
    curved = np.empty((len(names), len(names)))
    for i, one in enumerate(names):
        assert max(at(**{one: steps[one]}), at(**{one: -steps[one]})) < best
        for j, other in enumerate(names):
            if i == j:
                curved[i, i] = (at(**{one: steps[one]}) - 2 * best + at(**{one: -steps[one]})) / steps[one] ** 2
                continue
            corners = [s * t * at(**{one: s * steps[one], other: t * steps[other]}) for s in (1, -1) for t in (1, -1)]
            curved[i, j] = sum(corners) / (4 * steps[one] * steps[other])
    errors = np.sqrt(np.diag(np.linalg.inv(-curved)))
    assert list(it.standard_errors.values()) == pytest.approx(errors.tolist(), rel=0.01)
    assert it.slope < 1e-7


def test_the_prior_vanishes_with_the_number_of_customers(process: Purchases) -> None:
    """Its shift of a parameter is of the order of 1 / n, whatever the likelihood says; at 1,200 it is within ½ SE."""
    shifts = []
    for copies in (1, 100):
        seen = Histories.of(**BOUGHT, weight=np.full(len(BOUGHT["x"]), copies))
        alone, held = fit(process, seen, prior_sd=None), fit(process, seen)
        shifts.append(max(abs(math.log(held.params[name] / alone.params[name])) for name in alone.params))
        errors = alone.standard_errors
        assert all(abs(held.params[name] - alone.params[name]) < 0.5 * errors[name] for name in errors)
    assert shifts[1] < shifts[0] / 50


@pytest.mark.parametrize("seed", range(5))
def test_customers_who_never_leave_are_fitted(process: Purchases, seed: int) -> None:
    """lifetimes fails on four of five such sets: nothing says how fast those leave who do not."""
    bought = loyal(3000, seed)
    seen = Histories.of(**bought)
    it = fit(process, seen)
    assert (it.params["r"], it.params["alpha"]) == pytest.approx((1, 5), rel=0.1)
    assert process.p_alive(it.params, seen) @ seen.weight / 3000 > 0.995
    assert set(it.weak) & {"a", "b", "s", "beta"}
    assert not set(it.weak) & {"r", "alpha"}


def degenerate() -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(7)
    heavy = rng.integers(1, 1501, 400).astype(float)
    return {
        "one purchase each": {"x": np.zeros(300), "t_x": np.zeros(300), "T": rng.uniform(1, 50, 300)},
        "all bought today": {"x": rng.integers(1, 9, 300), "t_x": np.full(300, 9.0), "T": np.full(300, 9.0)},
        "all alike": {"x": np.full(300, 3.0), "t_x": np.full(300, 20.0), "T": np.full(300, 39.0)},
        "heavy": {"x": heavy, "t_x": np.full(400, 1400.0), "T": np.full(400, 1500.0)},
        "two hundred": {name: column[:200] for name, column in BOUGHT.items()},
        "bought once more, long ago": {"x": np.ones(300), "t_x": np.full(300, 0.1), "T": np.full(300, 1500.0)},
        "new": {"x": np.zeros(300), "t_x": np.zeros(300), "T": np.zeros(300)},
    }


@pytest.mark.parametrize("case", sorted(degenerate()))
@pytest.mark.parametrize("prior_sd", [2.0, None])
def test_odd_data_are_fitted_or_refused_and_never_silently_wrong(
    process: Purchases, case: str, prior_sd: float | None
) -> None:
    seen = Histories.of(**degenerate()[case])
    try:
        it = fit(process, seen, prior_sd=prior_sd)
    except NotConverged as error:
        told = str(error)
    else:
        told = ""
        numbers = [*it.params.values(), *it.standard_errors.values(), it.log_likelihood]
        assert np.isfinite(numbers).all()
        assert min(it.params.values()) > 0
        assert it.slope < 1e-7
        expected = process.expected_purchases(it.params, seen, horizon=52.0)
        assert (np.isfinite(expected) & (expected >= 0)).all()
    words = f"{process.title} did not converge on {len(seen.which)} customers"
    assert not told or (prior_sd is None and words in told and "4 searches ended at: r " in told)


def test_a_fit_is_plain_data() -> None:
    it = fit(PROCESSES["bgnbd"], Histories.of(**BOUGHT))
    assert Fit.restore(json.loads(json.dumps(it.state()))) == it


@pytest.mark.parametrize("prior_sd", [0.0, -1.0, float("nan")])
def test_a_prior_that_is_none_is_refused(prior_sd: float) -> None:
    with pytest.raises(ValueError, match="it is a standard deviation above 0, or None for no prior"):
        fit(PROCESSES["bgnbd"], Histories.of(**BOUGHT), prior_sd=prior_sd)

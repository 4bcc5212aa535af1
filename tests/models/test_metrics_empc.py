"""EMPC against empulse, against numerical integration over every cut, and by hand."""

import math
import time
from typing import Any

import numpy as np
import pytest
from empulse.metrics import empc_score
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import beta as beta_law

from models.metrics import METRICS
from models.metrics.empc import maximum_profit

Values = NDArray[np.float64]


def sample(rng: np.random.Generator) -> tuple[Values, Values]:
    """Draw rows of very different number, share of 1s, ties and skill."""
    rows = int(rng.integers(1, 200))
    actual = (rng.random(rows) < rng.choice([0.01, 0.1, 0.5, 0.95])).astype(float)
    levels = int(rng.choice([1, 3, 20, 10_000]))
    skill = rng.choice([-1.0, 0.0, 1.0, 3.0])
    return actual, np.round((rng.random(rows) + skill * actual * rng.random(rows)) * levels) / levels


def terms(rng: np.random.Generator) -> dict[str, float]:
    spans = {"alpha": (0.5, 10), "beta": (0.5, 20), "clv": (20, 500), "offer": (0, 19), "contact": (0, 5)}
    return {name: float(rng.uniform(*span)) for name, span in spans.items()}


def theirs(given: dict[str, float]) -> dict[str, float]:
    names = {"offer": "incentive_cost", "contact": "contact_cost"}
    return {names.get(name, name): value for name, value in given.items()}


def integrated(actual: Values, predicted: Values, given: dict[str, float]) -> tuple[float, float]:
    """For each γ try every cut, take the best, and integrate over γ: the definition, with no hull in it."""
    cuts = [predicted >= edge for edge in [math.inf, *sorted(set(predicted.tolist()), reverse=True)]]
    ones = np.array([actual[cut].sum() for cut in cuts])
    rows = np.array([cut.sum() for cut in cuts])
    zeros = rows - ones

    def profits(gamma: float) -> Values:
        churner = gamma * (given["clv"] - given["offer"]) - given["contact"]
        return np.asarray(ones * churner - zeros * (given["offer"] + given["contact"])) / len(actual)

    grid = (np.arange(40_000) + 0.5) / 40_000
    weight = np.diff(beta_law.cdf(np.arange(40_001) / 40_000, given["alpha"], given["beta"]))
    table = np.array([profits(gamma) for gamma in (0.0, 1.0)])
    every = table[0] + grid[:, None] * (table[1] - table[0])
    return float(weight @ every.max(axis=1)), float(weight @ (rows[every.argmax(axis=1)] / len(actual)))


def test_as_empulse_has_it() -> None:
    rng = np.random.default_rng(0)
    for _ in range(400):
        actual, predicted = sample(rng)
        given = terms(rng)
        found = maximum_profit(actual, predicted, **given)
        known: Any = theirs(given)
        assert found.profit == pytest.approx(empc_score(actual.astype(int), predicted, **known), abs=1e-9)
        share = empc_score.optimal_rate(actual.astype(int), predicted, **known)
        assert found.share == pytest.approx(share, abs=1e-9)


def test_as_integrating_the_best_cut_has_it() -> None:
    rng = np.random.default_rng(1)
    for _ in range(12):
        actual, predicted = sample(rng)
        given = terms(rng)
        profit, share = integrated(actual, predicted, given)
        found = maximum_profit(actual, predicted, **given)
        assert found.profit == pytest.approx(profit, rel=1e-4, abs=1e-4)
        assert found.share == pytest.approx(share, abs=1e-3)


def test_by_hand() -> None:
    # γ is uniform on [0, 1], a kept customer brings 10 − 2 = 8, contacting is free. The best row is a 1: always
    # contacted, for 8γ, on average 4. Of the tied two one is a 1: 8γ − 2, contacted from γ = ¼ on, which brings
    # ∫ from ¼ to 1 of (8γ − 2) dγ = 2.25. The last is a 0: never contacted.
    found = maximum_profit([1, 1, 0, 0], [0.9, 0.5, 0.5, 0.1], alpha=1, beta=1, clv=10, offer=2, contact=0)
    assert found.profit == pytest.approx((4 + 2.25) / 4)
    assert found.share == pytest.approx((1 + 2 * 0.75) / 4)


def test_perfect_and_useless() -> None:
    actual = np.repeat([1.0, 0.0], [30, 70])
    mean = 6 / 20
    # every churner is contacted as soon as γ · 190 > 1, nobody else ever
    known, _ = quad(lambda gamma: max(0.0, 190 * gamma - 1) * beta_law.pdf(gamma, 6, 14), 0, 1)
    best = maximum_profit(actual, actual)
    assert best.profit == pytest.approx(0.3 * known)
    assert best.profit == pytest.approx(0.3 * (190 * mean - 1), rel=1e-4)
    assert best.share == pytest.approx(0.3, abs=1e-4)
    none = maximum_profit(actual, np.zeros(100))  # all or nobody
    assert none.profit == pytest.approx(quad(lambda g: max(0.0, 57 * g - 8) * beta_law.pdf(g, 6, 14), 0, 1)[0])
    assert none.profit == pytest.approx(maximum_profit(actual, -actual).profit)  # worse than useless: contact all too


def test_one_class() -> None:
    nobody = maximum_profit([0, 0, 0], [0.1, 0.2, 0.3])
    assert (nobody.profit, nobody.share) == (0.0, 0.0)
    all_ = maximum_profit([1, 1], [0.1, 0.2])
    assert all_.profit == pytest.approx(190 * 0.3 - 1, rel=1e-4)
    assert all_.share == pytest.approx(1.0, abs=1e-4)


def test_free_contact_and_offers_go_to_all_that_can_be_kept() -> None:
    found = maximum_profit([1, 0, 1, 0], [0.2, 0.3, 0.4, 0.1], offer=0, contact=0)
    assert found.profit == pytest.approx(200 * 0.3 / 2)
    assert found.share == 0.75  # the upper 0 comes along on the way to the lower 1


def test_an_offer_that_nobody_can_pay_back() -> None:
    found = maximum_profit([1, 0], [0.9, 0.1], clv=11, offer=10, contact=5)
    assert (found.profit, found.share) == (0.0, 0.0)


def test_the_metric_is_that_of_the_paper_and_looks_at_ranks_alone() -> None:
    actual, predicted = sample(np.random.default_rng(3))
    assert METRICS["empc"](actual, predicted) == maximum_profit(actual, predicted).profit
    assert METRICS["empc"](actual, np.exp(7 * predicted)) == METRICS["empc"](actual, predicted)
    assert METRICS["empc"](np.tile(actual, 3), np.tile(predicted, 3)) == pytest.approx(
        maximum_profit(actual, predicted).profit
    )


def test_quick_on_many_rows() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.random(20_000)
    actual = (rng.random(20_000) < predicted).astype(float)
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        maximum_profit(actual, predicted)
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.02


@pytest.mark.parametrize(
    "wrong", [{"alpha": 0.0}, {"beta": -1.0}, {"offer": -1.0}, {"contact": -0.1}, {"clv": 10.0}, {"clv": math.nan}]
)
def test_bad_terms_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=rf"needs alpha.*got .*{next(iter(wrong))} {next(iter(wrong.values()))}"):
        maximum_profit([0, 1], [0.1, 0.2], **wrong)


def test_bad_columns_are_named() -> None:
    with pytest.raises(ValueError, match="actual must be 0 or 1"):
        maximum_profit([0, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match="predicted has 1 rows"):
        maximum_profit([0, 1], [0.1])

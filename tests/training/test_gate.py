"""The gate: a challenger against the champion on rows that both scored, each condition at its bound."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.contract import TargetKind
from models.metrics import METRICS
from models.metrics.bootstrap import paired
from training import gate
from training.backtest import Backtested
from training.gate import verdict

AT = pd.Timestamp("2025-01-05")


def scored(score: Any, actual: Any, *, first: int = 0, **more: Any) -> pd.DataFrame:
    ids = [f"c{number:05}" for number in range(first, first + len(actual))]
    columns = {"customer_id": ids, "cutoff": AT, **more}
    return pd.DataFrame({**columns, "actual": np.asarray(actual, dtype=float), "score": score})


@pytest.fixture(scope="module")
def truth() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Draw probabilities and what came of them."""
    rng = np.random.default_rng(3)
    p = rng.beta(2, 3, 3000)
    return p, (rng.random(3000) < p).astype(float)


def said(found: gate.Verdict) -> dict[str, bool]:
    return {check.name: check.passed for check in found.checks}


def test_the_better_one_passes_and_the_worse_one_does_not(truth: Any) -> None:
    p, actual = truth
    noisy = np.clip(p + np.random.default_rng(0).normal(0, 0.2, len(p)), 0.01, 0.99)
    good, bad = scored(p, actual), scored(noisy, actual)
    better = verdict(bad, good, kind="binary")
    assert better.passed
    assert said(better) == {"data": True, "ranking": True, "calibration": True}
    worse = verdict(good, bad, kind="binary")
    assert not worse.passed
    assert said(worse)["ranking"] is False
    assert better.checks[1].told.startswith("the challenger's roc_auc lies +0.")
    assert worse.checks[1].told.startswith("the challenger's roc_auc lies -0.")


def test_an_equal_one_passes(truth: Any) -> None:
    """Nothing is worse: the difference is 0 and so are both ends."""
    p, actual = truth
    same = verdict(scored(p, actual), scored(p, actual), kind="binary")
    assert same.passed
    assert "lies +0.0000 [+0.0000, +0.0000] from the champion's" in same.checks[1].told


def test_better_by_chance_alone_does_not_pass() -> None:
    """Few rows: the difference is above 0, but with other customers it could well be far below."""
    rng = np.random.default_rng(1)
    actual = (np.arange(240) % 3 == 0).astype(float)
    one, other = actual + rng.normal(0, 1, 240), actual + rng.normal(0, 1, 240)
    told = [paired(METRICS["roc_auc"], actual, a, b, customers=np.arange(240)) for a, b in ((one, other), (other, one))]
    ahead, behind = (one, other) if told[0].difference > 0 else (other, one)
    assert said(verdict(scored(behind, actual), scored(ahead, actual), kind="count"))["ranking"] is False


def test_ranking_may_not_be_worse_nor_be_so_by_more_than_a_hundredth_with_other_customers(truth: Any) -> None:
    """Pairs of noisy models on few and many rows: each of the three outcomes is among them."""
    p, actual = truth
    seen = set()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        rows, noise = (300, 0.06) if seed < 4 else (3000, 0.02)
        one, other = (np.clip(p[:rows] + rng.normal(0, noise, rows), 0, 1) for _ in range(2))
        came = actual[:rows]
        found = paired(METRICS["roc_auc"], came, other, one, customers=np.arange(rows), draws=500)
        expected = found.difference >= 0 and found.low >= -0.01
        assert said(verdict(scored(one, came), scored(other, came), kind="binary"))["ranking"] is expected
        seen.add((found.difference >= 0, found.low >= -0.01))
    assert seen >= {(True, True), (False, True), (True, False)}


def test_the_low_end_may_lie_on_the_bound(truth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    p, actual = truth
    noisy = p[:400] + np.random.default_rng(5).normal(0, 0.05, 400)
    came = actual[:400]
    found = paired(METRICS["roc_auc"], came, p[:400], noisy, customers=np.arange(400), draws=500)
    assert found.low < 0 < found.difference
    for bound, passed in ((-found.low, True), (-found.low - 1e-9, False)):
        monkeypatch.setattr(gate, "WORSE", bound)
        assert said(verdict(scored(noisy, came), scored(p[:400], came), kind="binary"))["ranking"] is passed


def test_calibration_may_be_worse_by_a_hundredth(truth: Any) -> None:
    """The scores are moved by the same amount for all, which changes no rank, until the error is at the bound."""
    p, actual = truth

    def off(by: float) -> float:
        return METRICS["ece"](actual, np.clip(p + by, 0, 1))

    champion, base = scored(p, actual), off(0.0)
    steps = np.linspace(0, 0.08, 161)
    within = [by for by in steps if off(by) <= base + gate.FALSER]
    beyond = [by for by in steps if off(by) > base + gate.FALSER]
    assert within
    assert beyond
    for by in (within[-1], beyond[0], -0.08):
        found = verdict(champion, scored(np.clip(p + by, 0, 1), actual), kind="binary")
        assert said(found)["calibration"] is (by in within)
        assert said(found)["ranking"] is (found.checks[1].told.startswith("the challenger's roc_auc lies +"))
    assert verdict(scored(np.clip(p + 0.08, 0, 1), actual), scored(p, actual), kind="binary").checks[2].passed


@pytest.mark.parametrize(
    ("bias", "passed"), [(0.0, True), (0.009, True), (-0.009, True), (0.011, False), (-0.011, False)]
)
def test_the_bias_of_amounts_counts_both_ways(bias: float, passed: bool) -> None:
    rng = np.random.default_rng(0)
    actual = rng.gamma(2, 20, 1000)
    champion, challenger = scored(actual, actual), scored(actual * (1 + bias), actual)
    found = verdict(champion, challenger, kind="amount")
    assert said(found) == {"data": True, "ranking": True, "calibration": passed}


@pytest.mark.parametrize(
    ("rows", "events", "enough"),
    [(200, 30, True), (199, 30, False), (200, 29, False), (200, 170, True), (200, 171, False), (200, 0, False)],
)
def test_there_must_be_rows_and_outcomes(rows: int, events: int, enough: bool) -> None:
    actual = np.arange(rows) < events
    found = verdict(scored(0.5, actual), scored(0.5, actual), kind="binary")
    assert said(found)["data"] is enough
    assert len(found.checks) == (3 if enough else 1)
    if not enough:
        assert not found.passed
        rarer = min(events, rows - events)
        assert found.checks[0].told == (
            f"{rows} customers were scored by both, {rarer} of them with the rarer outcome; 200 and 30 are needed"
        )


def test_of_amounts_customers_alone_must_be_enough() -> None:
    spent = np.full(200, 9.0)
    told = verdict(scored(1.0, spent), scored(1.0, spent), kind="amount").checks[0].told
    assert told == "200 customers were scored by both; 200 are needed"
    assert verdict(scored(1.0, spent), scored(1.0, spent), kind="amount").checks[0].passed
    assert not verdict(scored(1.0, spent[:-1]), scored(1.0, spent[:-1]), kind="amount").passed


def test_rows_that_only_one_has_are_left_out(truth: Any) -> None:
    """What each says of rows of its own is nonsense, and is not looked at."""
    p, actual = truth
    both = verdict(scored(p, actual), scored(p, actual), kind="binary")
    champion = pd.concat([scored(1 - p[:500], actual[:500], first=90000), scored(p, actual)], ignore_index=True)
    challenger = pd.concat([scored(p, actual), scored(1 - p[:400], actual[:400], first=80000)], ignore_index=True)
    assert verdict(champion, challenger.sample(frac=1, random_state=0), kind="binary").checks[0] == both.checks[0]
    assert verdict(champion, challenger, kind="binary").passed
    apart = verdict(scored(p, actual), scored(p, actual, first=50000), kind="binary")
    assert apart.checks[0].told.startswith("0 customers were scored by both, 0 of them")
    assert not apart.passed


@pytest.mark.parametrize("column", ["cutoff", "category", "part"])
def test_rows_are_told_apart_by_cutoff_category_and_part(column: str, truth: Any) -> None:
    """The same customers twice: each row meets its own counterpart, in whatever order."""
    p, actual = (each[:1500] for each in truth)
    told: list[Any] = [AT, AT + pd.Timedelta(days=28)] if column == "cutoff" else ["one", "two"]
    twice = [scored(score, actual).assign(**{column: value}) for score, value in zip((p, 1 - p), told, strict=True)]
    one = pd.concat(twice, ignore_index=True)
    found = verdict(one, one.sample(frac=1, random_state=1), kind="binary")
    assert "lies +0.0000 [+0.0000, +0.0000]" in found.checks[1].told
    assert found.checks[0].told.startswith("1500 customers were scored by both")


def test_what_predicts_nothing_passes() -> None:
    none: TargetKind = "none"
    found = verdict(pd.DataFrame(), pd.DataFrame(), kind=none)
    assert found.passed
    assert found.plain() == {
        "passed": True,
        "checks": [{"name": "outcome", "passed": True, "told": found.checks[0].told}],
    }


def test_rows_alike_in_all_that_both_say_are_told_apart_by_their_order(truth: Any) -> None:
    """Two campaigns at one instant, their names not said: the first of the one meets the first of the other."""
    p, actual = (each[:400] for each in truth)
    twice = pd.concat([scored(p, actual), scored(1 - p, actual)], ignore_index=True).sort_values(
        "customer_id", kind="stable", ignore_index=True
    )
    found = verdict(twice, twice, kind="binary")
    assert "lies +0.0000 [+0.0000, +0.0000]" in found.checks[1].told
    both = gate._both(twice, twice.rename(columns={"score": "s"}).assign(score=np.arange(800)))
    assert both["score"].tolist() == list(range(800))  # each row once
    assert both["score_champion"].tolist() == twice["score"].tolist()


def test_rows_are_told_apart_by_any_column_that_both_have_a_missing_one_too(truth: Any) -> None:
    p, actual = (each[:300] for each in truth)
    offers: list[Any] = ["spring", None, None]
    told = zip((p, 1 - p, p**2), offers, strict=True)
    spring, some, more = (scored(score, actual, campaign=offer) for score, offer in told)
    found = verdict(pd.concat([spring, some, more]), pd.concat([some, more, spring]), kind="binary")
    assert "lies +0.0000 [+0.0000, +0.0000]" in found.checks[1].told
    assert found.checks[0].told.startswith("300 customers were scored by both")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"target": "orders"}, "the challenger's target is 'orders', the champion's 'churned': a new question"),
        ({"kind": "none"}, "the challenger's kind is 'none', the champion's 'binary': a"),
        ({"horizon_days": 56}, "the challenger's horizon_days is 56, the champion's 28: a"),
        ({"lead_days": 7}, "the challenger's lead_days is 7, the champion's 0: a"),
        ({"population": "active_84d"}, "the challenger's population is 'active_84d', the champion's 'known': a"),
        ({"population_fingerprint": "x"}, "the challenger's population's definition is 'x', the champion's "),
        ({"categories": ["tea"]}, r"the challenger's categories is \['tea'\], the champion's \[\]: a"),
        ({"dataset": "other"}, "the challenger's dataset is 'other', the champion's 'small': a new question wants a"),
        ({"target": "", "kind": "none"}, "target is '', the champion's 'churned'; its kind is 'none', the champion's"),
    ],
)
def test_another_question_is_no_challenge(changed: dict[str, Any], told: str, trained: Backtested) -> None:
    other = replace(trained.artifact, **changed)
    with pytest.raises(gate.NotPromoted, match=told):
        gate.check_same_question(trained.artifact, other)
    gate.check_same_question(other, other)


def test_other_features_parameters_and_days_are_the_same_question(trained: Backtested) -> None:
    one = replace(trained.artifact, categories=["tea", "wine"])
    other = replace(one, features={}, trained_to=AT, provenance={}, model_name="base_rate", categories=["wine", "tea"])
    gate.check_same_question(one, other)

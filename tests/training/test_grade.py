"""The grade of a judged model: each check at its bounds, by hand, and the refusal of what is not fit for use."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from models.artifact import Artifact
from models.contract import TargetKind
from tests.training.made import LAST, STEP
from training.backtest import Backtested
from training.evaluate import POOLED
from training.grade import NotFitForUse, check_sufficient, grade
from training.splits import Split, Splits
from training.task import Examples

GOOD = {"roc_auc": 0.8, "ece": 0.01, "normalised_gini": 0.8, "aggregate_bias": 0.01}


def judged(
    *,
    model: str = "one",
    low: float = 0.75,
    pooled: Mapping[str, float] | None = None,
    parts: tuple[float, ...] = (0.80, 0.79, 0.81),
    events: int = 500,
    scored: pd.DataFrame | None = None,
) -> Backtested:
    """Make a back-test by its numbers: the low end of what ranks, the ranking by part, customers with an event."""
    told = {**GOOD, **(pooled or {})}
    ranks = ("roc_auc", "normalised_gini")
    rows = [(POOLED, name, value, low if name in ranks else value, 1.0) for name, value in told.items()]
    rows += [(f"part {number}", name, value, 0, 1) for number, value in enumerate(parts) for name in ranks]
    metrics = pd.DataFrame(rows, columns=["part", "metric", "value", "low", "high"])
    if scored is None:
        scored = table(np.arange(1000) < events)
    # what is graded is numbers alone: there is no artifact
    return Backtested(model, cast("Artifact", None), (), scored, metrics, "none", {}, 0.0)


def table(actual: Any, score: Any = 0.5) -> pd.DataFrame:
    actual = np.asarray(actual, dtype=float)
    ids = [f"c{number}" for number in range(len(actual))]
    return pd.DataFrame({"customer_id": ids, "actual": actual, "score": score})


def letters(made: Backtested, kind: TargetKind = "binary", baseline: Backtested | None = None) -> dict[str, str]:
    return {check.name: check.letter for check in grade(made, kind=kind, baseline=baseline).checks}


# Each check


@pytest.mark.parametrize(
    ("kind", "low", "letter"),
    [
        ("binary", 0.70, "A"),
        ("binary", 0.6999, "B"),
        ("binary", 0.60, "B"),
        ("binary", 0.5999, "C"),
        ("binary", 0.55, "C"),
        ("count", 0.50, "A"),
        ("count", 0.4999, "B"),
        ("amount", 0.30, "B"),
        ("amount", 0.2999, "C"),
        ("amount", 0.10, "C"),
    ],
)
def test_ranking_is_graded_by_the_low_end(kind: TargetKind, low: float, letter: str) -> None:
    assert letters(judged(low=low), kind)["ranking"] == letter


@pytest.mark.parametrize(("kind", "low"), [("binary", 0.5499), ("count", 0.0999), ("amount", np.nan)])
def test_what_ranks_no_better_than_chance_is_not_fit_for_use(kind: TargetKind, low: float) -> None:
    told = "roc_auc is 0.800" if kind == "binary" else "normalised_gini is 0.800"
    with pytest.raises(
        NotFitForUse, match=rf"^not fit for use: {told}, and with other customers hardly below .*\. Look"
    ):
        grade(judged(low=low), kind=kind, baseline=None)


@pytest.mark.parametrize(
    ("kind", "value", "letter"),
    [
        ("binary", 0.03, "A"),
        ("binary", 0.0301, "B"),
        ("binary", 0.06, "B"),
        ("binary", 0.0601, "C"),
        ("binary", np.nan, "C"),
        ("count", 0.05, "A"),
        ("count", -0.05, "A"),
        ("count", -0.0501, "B"),
        ("amount", 0.15, "B"),
        ("amount", -0.1501, "C"),
    ],
)
def test_calibration_is_graded_by_its_distance_from_zero(kind: TargetKind, value: float, letter: str) -> None:
    made = judged(pooled={"ece" if kind == "binary" else "aggregate_bias": value})
    assert letters(made, kind)["calibration"] == letter


@pytest.mark.parametrize(
    ("parts", "letter"),
    [
        ((0.75, 0.79, 0.77), "A"),
        ((0.85, 0.85, 0.79), "B"),
        ((0.75, 0.75, 0.81), "A"),  # a part that is better than the others is no fault
        ((0.75, 0.7501, 0.81, 0.81), "B"),
        ((0.75, 0.81, 0.81), "B"),
        ((0.75, 0.8101, 0.8101), "C"),
        ((0.8, 0.8), "B"),  # nothing is known of stability
        ((0.8,), "B"),
        ((), "B"),
        ((0.8, np.nan, 0.8), "B"),  # a part without a value is none
        ((0.8, np.nan, 0.8, 0.8), "A"),
    ],
)
def test_stability_is_graded_by_the_spread(parts: tuple[float, ...], letter: str) -> None:
    assert letters(judged(parts=tuple(each + 1e-9 * (each == min(parts)) for each in parts)))["stability"] == letter


def test_repeats_of_folds_tell_nothing_of_stability() -> None:
    """They predict the same customers: what differs between them is the luck of the folds."""
    checks = grade(judged(parts=(0.8, 0.8, 0.8)), kind="binary", baseline=None, rolling=False).checks
    assert {check.name: check.letter for check in checks}["stability"] == "B"


@pytest.mark.parametrize(("events", "letter"), [(500, "A"), (499, "B"), (200, "B"), (199, "C"), (0, "C")])
def test_volume_is_graded_by_customers_with_the_rarer_outcome(events: int, letter: str) -> None:
    for actual in (np.arange(1500) < events, np.arange(1500) >= events):
        assert letters(judged(scored=table(actual)))["volume"] == letter
    assert letters(judged(scored=table(np.arange(1500) < events)), "amount")["volume"] == letter
    assert letters(judged(scored=table(np.arange(events + 3) < events)), "amount")["volume"] == letter


def test_a_customer_with_two_positive_outcomes_is_one() -> None:
    once = table(np.arange(1000) < 300)
    twice = pd.concat([once, once], ignore_index=True)
    (volume,) = (check for check in grade(judged(scored=twice), kind="binary", baseline=None).checks[-1:])
    assert (volume.name, volume.value, volume.letter) == ("volume", 300, "B")


def test_the_gain_over_the_baseline_is_that_of_the_same_rows() -> None:
    rng = np.random.default_rng(0)
    actual = rng.random(2000) < 0.4
    signal = actual + rng.normal(size=2000)
    chance = rng.normal(size=2000)
    good, same, bad = (1 / (1 + np.exp(-each)) for each in (signal, signal + 1e-3 * chance, chance))

    def gain(one: Any, other: Any) -> Any:
        made = judged(scored=table(actual, one))
        against = judged(model="base", scored=table(actual, other))
        return grade(made, kind="binary", baseline=against).checks[1]

    assert gain(good, bad).letter == "A"
    assert gain(good, bad).value == pytest.approx(0.26, abs=0.05)
    assert gain(bad, good).letter == "C"
    assert gain(good, good).letter == "C"  # no better is no gain
    assert sorted([gain(good, same).letter, gain(same, good).letter]) == ["B", "C"]  # one is better by a hair
    assert "from that of base" in gain(good, bad).told


def test_without_another_model_there_is_no_gain_to_be_seen() -> None:
    for baseline in (None, judged(model="one")):
        (check,) = (each for each in grade(judged(), kind="binary", baseline=baseline).checks if "gain" in each.name)
        assert (check.letter, check.told) == ("B", "there is no simpler model that it could be held against")


# The whole


def test_the_grade_is_the_worst_letter() -> None:
    rng = np.random.default_rng(0)
    actual = np.arange(1000) < 500
    better = table(actual, np.clip(actual * 0.2 + rng.random(1000) * 0.5, 0, 1))
    base = judged(model="base", scored=table(actual, 0.5))
    best = grade(judged(scored=better), kind="binary", baseline=base)
    assert best.letter == "A"
    assert {check.letter for check in best.checks} == {"A"}
    assert grade(judged(scored=better, low=0.65), kind="binary", baseline=base).letter == "B"
    worst = grade(judged(scored=better, low=0.65, pooled={"ece": 0.2}), kind="binary", baseline=base)
    assert worst.letter == "C"
    plain = worst.plain()
    assert plain["letter"] == "C"
    assert [check["name"] for check in plain["checks"]] == [
        "ranking",
        "gain over the baseline",
        "calibration",
        "stability",
        "volume",
    ]
    assert plain["checks"][2] == {"name": "calibration", "value": 0.2, "letter": "C", "told": "ece is 0.200"}


def test_what_predicts_nothing_cannot_be_refuted() -> None:
    made = grade(judged(), kind="none", baseline=None)
    assert made.letter == "B"
    assert [check.told for check in made.checks] == ["nothing is predicted, so nothing can be refuted"]


# What must be there for any model


def rows(customers: int, positive: int, *, cutoffs: int = 1, first: int = 0) -> Examples:
    """Make so many customers at each cutoff, the first of them with a positive outcome at all of them."""
    ids = [f"c{number}" for number in range(first, first + customers)] * cutoffs
    at = [LAST - back * STEP for back in range(cutoffs) for _ in range(customers)]
    y = [float(number < positive) for number in range(customers)] * cutoffs
    return Examples(pd.DataFrame({"customer_id": ids, "cutoff": at}), pd.Series(y))


def made(train: Examples, *tests: Examples, rolling: bool = True) -> Splits:
    parts = tuple(Split(f"part {n}", train, test, STEP if rolling else None) for n, test in enumerate(tests))
    return Splits(parts, parts[-1])


ENOUGH = rows(100, 50, cutoffs=2)


@pytest.mark.parametrize(
    ("splits", "told"),
    [
        (made(rows(99, 49, cutoffs=2), rows(40, 20)), ["99 customers to learn from, and 100 are needed"]),
        (made(rows(100, 50), rows(40, 20)), ["one training cutoff before part 0, and 2 are needed"]),
        (
            made(rows(100, 49, cutoffs=2), rows(40, 20)),
            ["49 customers with a positive outcome to learn from, and 50 are needed"],
        ),
        (
            made(rows(100, 51, cutoffs=2), rows(40, 20)),
            ["49 customers with a negative outcome to learn from, and 50 are needed"],
        ),
        (
            made(ENOUGH, rows(40, 19)),
            ["19 customers with a positive outcome to be tested on, and 20 are needed"],
        ),
        (
            made(ENOUGH, rows(40, 21)),
            ["19 customers with a negative outcome to be tested on, and 20 are needed"],
        ),
        (
            made(rows(60, 10), rows(9, 1)),
            [
                "60 customers to learn from, and 100 are needed",
                "one training cutoff before part 0, and 2 are needed",
                "10 customers with a positive outcome to learn from, and 50 are needed",
                "1 customers with a positive outcome to be tested on, and 20 are needed",
                "8 customers with a negative outcome to be tested on, and 20 are needed",
            ],
        ),
    ],
)
def test_what_is_lacking_is_said(splits: Splits, told: list[str]) -> None:
    with pytest.raises(NotFitForUse) as refused:
        check_sufficient(splits, kind="binary")
    message = str(refused.value)
    assert message.startswith("not fit for use: ")
    assert message.endswith(". A longer history, a longer horizon or a wider population would help")
    for each in told:
        assert each in message


def test_just_enough_is_enough() -> None:
    check_sufficient(made(ENOUGH, rows(40, 20)), kind="binary")
    check_sufficient(made(rows(100, 50), rows(40, 20), rolling=False), kind="binary")  # a table has one cutoff
    check_sufficient(made(rows(100, 100, cutoffs=2), rows(20, 20)), kind="amount")  # everyone may have spent
    check_sufficient(made(rows(100, 0, cutoffs=2), rows(20, 0)), kind="none")
    check_sufficient(made(rows(100, 0), rows(20, 0)), kind="none")
    with pytest.raises(NotFitForUse, match="49 customers with a positive outcome to learn from"):
        check_sufficient(made(rows(100, 49, cutoffs=2), rows(40, 20)), kind="count")


def test_test_rows_of_all_parts_count_together_and_the_training_rows_of_the_first_do() -> None:
    check_sufficient(made(ENOUGH, rows(20, 10), rows(20, 10, first=20)), kind="binary")
    with pytest.raises(NotFitForUse, match="10 customers with a positive outcome to be tested on"):
        check_sufficient(made(ENOUGH, rows(20, 10), rows(20, 10)), kind="binary")  # the same customers twice
    poor = Split("early", rows(80, 40, cutoffs=2), rows(40, 20), STEP)
    rich = Split("late", ENOUGH, rows(40, 20), STEP)
    with pytest.raises(NotFitForUse, match="80 customers to learn from"):
        check_sufficient(Splits((poor, rich), rich), kind="binary")
    check_sufficient(Splits((rich, replace(poor, name="later")), rich), kind="binary")

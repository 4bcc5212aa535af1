"""The list of metrics, and the door in front of each."""

import math

import numpy as np
import pandas as pd
import pytest

from models.metrics import METRICS, Metric, metric, metrics_of

AMOUNT = ["normalised_gini", "aggregate_bias", "mae", "rmse"]
BINARY = ["roc_auc", "pr_auc", "brier", "log_loss", "ece", "lift_at_10", "empc"]
RANKING = ["map_at_5"]
EVERY = [pytest.param(each, id=each.name) for each in METRICS.values()]
BINARY_ONLY = [pytest.param(METRICS[name], id=name) for name in BINARY + RANKING]


def names(metrics: list[Metric]) -> list[str]:
    return [each.name for each in metrics]


def test_metrics_of_a_kind() -> None:
    assert names(metrics_of("binary", False)) == BINARY
    assert names(metrics_of("binary", True)) == BINARY + RANKING
    assert names(metrics_of("count", True)) == names(metrics_of("amount", False)) == AMOUNT
    assert metrics_of("none", True) == []


def test_which_value_is_good() -> None:
    assert {each.name for each in METRICS.values() if each.better == "lower"} == {
        "brier",
        "log_loss",
        "ece",
        "mae",
        "rmse",
    }
    assert {each.name for each in METRICS.values() if each.better == "zero"} == {"aggregate_bias"}
    assert {each.name for each in METRICS.values() if each.grouped} == {"map_at_5"}


def test_a_name_taken_is_refused() -> None:
    with pytest.raises(ValueError, match="two metrics are called 'mae'"):

        @metric(kinds=("amount",), better="lower")
        def mae(actual: object, predicted: object) -> float:
            return 0.0


def test_the_decorator_leaves_the_function_as_it_is() -> None:
    def another(actual: object, predicted: object) -> float:
        return 3.0

    try:
        assert metric(kinds=("count",), better="zero")(another) is another
        assert METRICS["another"] == Metric("another", another, ("count",), "zero", False)
        assert METRICS["another"]([1], [2]) == 3.0
    finally:
        del METRICS["another"]


@pytest.mark.parametrize("each", EVERY)
@pytest.mark.parametrize(
    ("actual", "predicted", "message"),
    [
        ([], [], "empty"),
        ([0, 1], [0.5], "predicted has 1 rows and actual has 2"),
        ([[0, 1]], [0.5, 0.5], r"actual has the shape \(1, 2\)"),
        (1, 0.5, r"actual has the shape \(\)"),
        ([0, 1], [[0.5], [0.5]], r"predicted has the shape \(2, 1\)"),
        ([0, math.nan, 1], [0.5] * 3, "actual has 1 values that are not finite, the first is nan in row 1"),
        ([0, 1], [0.5, math.inf], "predicted .* first is inf in row 1"),
        ([0, 1], ["a", "b"], "predicted must be numbers"),
        ([0, pd.NA], [0.5, 0.5], "actual must be numbers"),
    ],
)
def test_bad_input_is_named(each: Metric, actual: object, predicted: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        each(actual, predicted, [0, 1])  # type: ignore[arg-type]


@pytest.mark.parametrize("each", BINARY_ONLY)
def test_a_binary_actual_is_0_or_1(each: Metric) -> None:
    with pytest.raises(ValueError, match=r"row 1 has 2\.0 \(and 0 more rows\)"):
        each([0, 2, 1], [0.1, 0.2, 0.3], [1, 1, 1])


@pytest.mark.parametrize("name", ["brier", "log_loss", "ece"])
@pytest.mark.parametrize("wrong", [-0.001, 1.001])
def test_a_probability_lies_between_0_and_1(name: str, wrong: float) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1; row 1 has .* \(and 0 more rows\)"):
        METRICS[name]([0, 1], [0.5, wrong])


def test_a_grouped_metric_asks_for_groups() -> None:
    with pytest.raises(ValueError, match="map_at_5 judges one ranked list a customer; give groups"):
        METRICS["map_at_5"]([0, 1], [0.1, 0.2])
    with pytest.raises(ValueError, match="groups has 1 rows and actual has 2"):
        METRICS["map_at_5"]([0, 1], [0.1, 0.2], ["a"])
    with pytest.raises(ValueError, match=r"groups has the shape \(2, 1\)"):
        METRICS["map_at_5"]([0, 1], [0.1, 0.2], [["a"], ["b"]])
    with pytest.raises(ValueError, match="groups has 1 missing ids, the first in row 1"):
        METRICS["map_at_5"]([0, 1], [0.1, 0.2], pd.Series(["a", None]))


@pytest.mark.parametrize("each", EVERY)
@pytest.mark.parametrize(
    "groups", [[7, 7, 3, 3], ["b", "b", "a", "a"], pd.to_datetime(["2020", "2020", "2019", "2019"])]
)
def test_any_array_will_do(each: Metric, groups: object) -> None:
    actual, predicted = [True, False, False, True], [0.9, 0.2, 0.3, 0.2]
    expected = each(np.array(actual), np.array(predicted), np.array([0, 0, 1, 1]))
    assert each(actual, predicted, groups) == expected  # type: ignore[arg-type]
    assert each(pd.Series(actual), pd.Series(predicted), pd.Series(groups)) == expected
    assert type(expected) is float


@pytest.mark.parametrize("each", EVERY)
def test_neither_the_row_order_nor_the_input_changes(each: Metric) -> None:
    rng = np.random.default_rng(1)
    predicted = rng.integers(0, 8, 200) / 8  # many ties
    actual = (rng.random(200) < predicted).astype(float)
    groups = rng.integers(0, 20, 200)
    before = actual.copy(), predicted.copy(), groups.copy()
    value = each(actual, predicted, groups)
    for _ in range(5):
        shuffled = rng.permutation(200)
        assert each(actual[shuffled], predicted[shuffled], groups[shuffled]) == pytest.approx(value, rel=1e-12)
    for was, now in zip(before, (actual, predicted, groups), strict=True):
        np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize("each", EVERY)
@pytest.mark.parametrize("actual", [[0.0], [1.0], [0.0] * 12, [1.0] * 12])
def test_one_class_or_one_row_gives_a_number_or_nan_and_no_warning(each: Metric, actual: list[float]) -> None:
    value = each(actual, np.linspace(0, 1, len(actual)), [0] * len(actual))
    undefined = {
        0.0: {"roc_auc", "pr_auc", "lift_at_10", "map_at_5", "normalised_gini", "aggregate_bias"},
        1.0: {"roc_auc", "normalised_gini"},
    }[actual[0]]
    assert math.isnan(value) == (each.name in undefined)

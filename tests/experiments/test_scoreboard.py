"""Scoreboards: which columns, in which order, and how a number looks."""

import io

import pytest
from rich.console import Console

from experiments.scoreboard import COLUMNS, cells, table
from models.metrics import METRICS


def metric(value: float | None, low: float | None = None, high: float | None = None) -> dict[str, float | None]:
    return {"value": value, "low": low, "high": high}


MODELS = {
    "base_rate": {"mae": metric(10.04, 9.5, 1234.56), "log_loss": metric(0.1)},
    "boosted": {"roc_auc": metric(0.83149, 0.8, 0.86), "mae": metric(None)},
}


def test_each_metric_worth_a_column_has_one_in_order() -> None:
    header, rows = cells(MODELS)
    assert header == ["ROC-AUC", "MAE"]
    assert rows == {
        "base_rate": ["–", "10.04 [9.500, 1,234.6]"],
        "boosted": ["0.831 [0.800, 0.860]", "–"],
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.000"),
        (-0.0416, "-0.042"),
        (9.9994, "9.999"),
        (10, "10.00"),
        (-99.994, "-99.99"),
        (100, "100.0"),
        (-1234567.89, "-1,234,567.9"),
    ],
)
def test_numbers_have_about_four_digits(value: float, shown: str) -> None:
    assert cells({"m": {"mae": metric(value)}})[1] == {"m": [shown]}


def test_half_an_interval_is_none() -> None:
    assert cells({"m": {"mae": metric(1, None, 2)}})[1] == {"m": ["1.000"]}


def test_columns_are_of_metrics_that_there_are() -> None:
    segments = {"silhouette", "smallest_share", "bootstrap_ari", "refit_ari"}
    assert set(COLUMNS) - segments <= set(METRICS)


def test_no_models_make_an_empty_board() -> None:
    assert cells({}) == ([], {})


def test_the_champion_is_bold() -> None:
    shown = io.StringIO()
    Console(file=shown, force_terminal=True, width=120).print(table("Board", MODELS, champion="boosted"))
    lines = {name: line for name in MODELS for line in shown.getvalue().splitlines() if name in line}
    bold = "\x1b[1m"
    assert bold in lines["boosted"]
    assert bold not in lines["base_rate"]

"""Models side by side: one row a model, one column a metric."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

COLUMNS = {
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "lift_at_10": "lift@10 %",
    "brier": "Brier",
    "ece": "ECE",
    "map_at_5": "MAP@5",
    "normalised_gini": "norm. Gini",
    "aggregate_bias": "agg. bias",
    "mae": "MAE",
    "silhouette": "silhouette",
    "smallest_share": "smallest share",
    "bootstrap_ari": "bootstrap ARI",
    "refit_ari": "refit ARI",
}
"""Metrics worth a column, in order; a table has those that its study knows."""

Models = Mapping[str, Mapping[str, Mapping[str, Any]]]


def cells(models: Models, columns: Mapping[str, str] = COLUMNS) -> tuple[list[str], dict[str, list[str]]]:
    """Give the header and one row of texts a model, from the `models` of a results file.

    `columns` names what there may be a column of, in order, and heads it.
    """
    metrics = [metric for metric in columns if any(metric in found for found in models.values())]
    rows = {model: [cell(found.get(metric)) for metric in metrics] for model, found in models.items()}
    return [columns[metric] for metric in metrics], rows


def table(title: str, models: Models, *, champion: str | None = None) -> Table:
    """Lay a scoreboard out for a terminal, the champion in bold."""
    header, rows = cells(models)
    made = Table("model", *header, title=title, title_justify="left")
    for model, row in rows.items():
        made.add_row(model, *row, style="bold" if model == champion else "")
    return made


def cell(found: Mapping[str, Any] | None) -> str:
    """Write a metric: its value and, where there is one, its interval; a dash where it has no value."""
    if found is None or found["value"] is None:
        return "–"
    if found["low"] is None or found["high"] is None:
        return number(found["value"])
    return f"{number(found['value'])} [{number(found['low'])}, {number(found['high'])}]"


def number(value: float) -> str:
    """Write a number with about four digits."""
    digits = 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    return f"{round(value, digits) + 0.0:,.{digits}f}"

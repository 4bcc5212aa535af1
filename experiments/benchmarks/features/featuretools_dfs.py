"""featuretools: what its own primitives give, an entity set and a pass a training window.

It fails beside pandas 3 (woodwork's accessor is lost), so that it runs in an environment of its own.
"""

import warnings
from collections.abc import Callable, Mapping
from datetime import date

import featuretools as ft
import numpy as np
import pandas as pd
from featuretools import primitives as made

from experiments.benchmarks.features.question import Question

COLUMNS = ["customer_id", "time", "order_id", "category", "quantity", "amount", "discount", "channel", "is_return"]
EVER = {
    "lines": ("line", made.Count),
    "days": ("time", made.NUniqueDays),
    "first": ("time", made.First),
    "last": ("time", made.Last),
    "spend": ("amount", made.Sum),
    "line_amount_mean": ("amount", made.Mean),
    "line_amount_std": ("amount", made.Std),
    "line_amount_max": ("amount", made.Max),
    "discount": ("discount", made.Sum),
    "discounted_lines_share": ("discounted", made.PercentTrue),
    "web_share": ("web", made.PercentTrue),
    "items": ("quantity", made.Sum),
    "orders_ever": ("order_id", made.NumUnique),
    "categories_ever": ("category", made.NumUnique),
    "category_entropy": ("category", made.Entropy(dropna=True)),
}
"""Features, and what others are made of, by column and primitive."""
WINDOW = {
    "purchase_days": ("time", made.NUniqueDays),
    "spend": ("amount", made.Sum),
    "items": ("quantity", made.Sum),
    "categories": ("category", made.NumUnique),
}
WINDOWS = {28: ["purchase_days", "spend"], 56: ["purchase_days"], 91: list(WINDOW), 182: ["purchase_days", "spend"]}


def prepare(question: Question) -> Callable[[], pd.DataFrame]:
    """Nothing is prepared."""
    return lambda: answer(question)


def answer(question: Question) -> pd.DataFrame:
    """Give one frame of all cutoffs, with all features but the decayed, those of single gaps and days, and of modes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lines = _lines(question)
        return pd.concat([_frame(lines, cutoff) for cutoff in question.cutoffs], ignore_index=True)


def _lines(question: Question) -> pd.DataFrame:
    lines = pd.read_parquet(question.folder, columns=COLUMNS)
    lines = lines[~lines["is_return"]].drop(columns="is_return").reset_index(drop=True)
    return lines.assign(line=range(len(lines)), web=lines["channel"] == "web", discounted=lines["discount"] > 0)


def _frame(lines: pd.DataFrame, cutoff: date) -> pd.DataFrame:
    known = lines.loc[lines["time"] < pd.Timestamp(cutoff), "customer_id"].unique()
    asked = pd.DataFrame({"customer_id": known, "time": pd.Timestamp(cutoff)})
    entities = _entities(lines)
    ever = _matrix(entities, EVER, asked)
    frame = pd.DataFrame(_features(ever, pd.Timestamp(cutoff)))
    for window, names in WINDOWS.items():
        found = _matrix(entities, {name: WINDOW[name] for name in names}, asked, window=window)
        frame = frame.join(found.fillna(0).add_suffix(f"_{window}d"))
    frame["spend_trend"] = frame["spend_28d"] / frame["spend_91d"].replace(0, np.nan)
    return frame.rename_axis("customer_id").reset_index().assign(cutoff=pd.Timestamp(cutoff))


def _entities(lines: pd.DataFrame) -> ft.EntitySet:
    labels = dict.fromkeys(["customer_id", "category", "order_id"], "Categorical")
    entities = ft.EntitySet("history")
    entities.add_dataframe(lines, "lines", index="line", time_index="time", logical_types=labels)
    entities.normalize_dataframe("lines", "customers", "customer_id", make_time_index=False)
    return entities


def _matrix(
    entities: ft.EntitySet, wanted: Mapping[str, tuple[str, object]], asked: pd.DataFrame, *, window: int | None = None
) -> pd.DataFrame:
    columns = entities["lines"].ww
    features = [
        ft.Feature(columns[column], parent_dataframe_name="customers", primitive=each)
        for column, each in wanted.values()
    ]
    matrix = ft.calculate_feature_matrix(
        features,
        entities,
        cutoff_time=asked,
        training_window=None if window is None else f"{window} days",
        include_cutoff_time=False,
    )
    return pd.DataFrame(matrix[[each.get_name() for each in features]].set_axis([*wanted], axis=1))


def _features(ever: pd.DataFrame, cutoff: pd.Timestamp) -> dict[str, pd.Series]:
    first, last = (pd.to_datetime(ever[each]).dt.normalize() for each in ("first", "last"))
    recency, tenure, silence = ((last - first).dt.days, (cutoff - first).dt.days, (cutoff - last).dt.days)
    days, lines = ever["days"].astype("float64"), ever["lines"]
    gap = recency / (days - 1).replace(0, np.nan)
    kept = [name for name in EVER if name not in ("lines", "days", "first", "last", "discount")]
    return {
        **{name: ever[name].astype("float64") for name in kept},
        "frequency": days - 1,
        "recency_days": recency,
        "tenure_days": tenure,
        "days_since_last": silence,
        "recency_share": silence / tenure,
        "mean_day_spend": ever["spend"] / days,
        "purchase_days": days,
        "gap_mean": gap,
        "silence_ratio": silence / gap,
        "lines_per_day": lines / days,
        "discount_share": ever["discount"] / (ever["spend"] + ever["discount"]),
    }

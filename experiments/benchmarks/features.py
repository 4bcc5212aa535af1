"""Eleven features of Complete Journey at 1 and 6 cutoffs: Augury's engine beside pandas written by hand."""

import sys

import pandas as pd

from experiments.benchmarks.record import Work, compare
from features.cutoffs import every
from features.datasets import load
from features.engine.run import observe
from features.history import History, Scan
from features.library import chosen

CASES = {"1 cutoff": 1, "6 cutoffs": 6}
NAMES = [
    "frequency",
    "recency_days",
    "tenure_days",
    "spend",
    "purchase_days_28d",
    "purchase_days_91d",
    "spend_28d",
    "spend_91d",
    "spend_decayed_45d",
    "discount_share",
    "categories_91d",
]
LAST = pd.Timestamp("2018-01-01")


def augury(case: str) -> Work:
    """Observe a spine of every customer at every cutoff."""
    history, cutoffs = load("complete_journey"), _cutoffs(case)
    customers = _rows(history)["customer_id"].unique()
    spine = pd.MultiIndex.from_product([customers, cutoffs], names=["customer_id", "cutoff"]).to_frame(index=False)
    return lambda: float(observe(history, spine, chosen(NAMES))[NAMES].sum().sum())


def pandas_by_hand(case: str) -> Work:
    """Filter and group once a cutoff, as a careful analyst would."""
    rows, cutoffs = _rows(load("complete_journey")), _cutoffs(case)
    return lambda: float(sum(_frame(rows, cutoff).sum().sum() for cutoff in cutoffs))


def _rows(history: History) -> pd.DataFrame:
    """Take the transactions as a frame, with money as floats."""
    table = history.tables["transactions"]
    if isinstance(table, Scan):
        raise TypeError("this benchmark measures tables in memory")
    return pd.DataFrame(table.to_pandas()).astype({"amount": "float64", "discount": "float64"})


def _cutoffs(case: str) -> pd.DatetimeIndex:
    return every(LAST - pd.Timedelta(days=28 * (CASES[case] - 1)), LAST, step_days=28)


def _frame(rows: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    past = rows[rows["time"] < cutoff]
    past = past.assign(day=past["time"].dt.normalize())
    age = (cutoff - past["day"]).dt.days
    past = past.assign(decayed=past["amount"] * 2.0 ** (-age / 45))
    by = past.groupby("customer_id")
    days, sums = by["day"].agg(["min", "max", "nunique"]), by[["amount", "discount", "decayed"]].sum()
    made = {
        "frequency": days["nunique"] - 1,
        "recency_days": (days["max"] - days["min"]).dt.days,
        "tenure_days": (cutoff - days["min"]).dt.days,
        "spend": sums["amount"],
        "spend_decayed_45d": sums["decayed"],
        "discount_share": sums["discount"] / (sums["amount"] + sums["discount"]),
    }
    for window in (28, 91):
        late = past[past["time"] >= cutoff - pd.Timedelta(days=window)].groupby("customer_id")
        made[f"purchase_days_{window}d"] = late["day"].nunique()
        made[f"spend_{window}d"] = late["amount"].sum()
        made["categories_91d"] = late["category"].nunique()
    return pd.DataFrame(made)


if __name__ == "__main__":
    compare("features", CASES, {"augury": augury, "pandas by hand": pandas_by_hand}, sys.argv[1:])

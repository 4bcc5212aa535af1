"""Recency, frequency and monetary value: three customers by hand, and the published table of CDNOW."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from features.cutoffs import spine
from features.datasets import DATASETS
from features.engine.run import observe
from features.history import History
from features.library import FEATURES, POPULATIONS, chosen

NAMES = ["frequency", "recency_days", "tenure_days", "monetary_value", "days_since_last", "mean_day_spend"]


def test_three_customers_by_hand(build: Callable[..., History]) -> None:
    history = build(
        [
            ("anna", "2024-01-01 10:00", 10.0),
            ("anna", "2024-01-01 18:00", 5.0),
            ("anna", "2024-01-11", 20.0),
            ("anna", "2024-02-10", 40.0),
            ("bert", "2024-02-01 23:59:59", 8.0),
            ("cleo", "2024-02-20 23:59", 3.0),
            ("cleo", "2024-02-21 00:01", 4.0),
            ("cleo", "2024-03-01", 99.0),
        ]
    )
    asked = pd.DataFrame({"customer_id": ["anna", "bert", "cleo"], "cutoff": pd.Timestamp("2024-03-01")})
    frame = observe(history, asked, chosen(NAMES))[NAMES].to_numpy().tolist()
    assert frame[0] == [2, 40, 60, 30, 20, 25]
    assert frame[1] == [0, 0, 29, 0, 29, 8]
    assert frame[2] == [1, 1, 10, 4, 9, 3.5]


def test_the_published_table_of_2357_cdnow_customers() -> None:
    """x, t_x and T in weeks and mean spend at 1997-09-30, as Fader and Hardie's spreadsheet has them.

    The table counts purchases on the last day: our cutoff is the day after, and our T one day longer.
    """
    found = importlib.util.find_spec("lifetimes")
    assert found is not None
    assert found.origin is not None
    file = "cdnow_customers_summary_with_transactions.csv"
    published = pd.read_csv(Path(found.origin).parent / "datasets" / file)
    sample = DATASETS["cdnow_sample"]()
    asked = spine(sample, POPULATIONS["known"], [pd.Timestamp("1997-10-01")])
    frame = observe(sample, asked, [FEATURES[name] for name in NAMES])
    assert frame["customer_id"].astype(int).tolist() == published["ID"].tolist()
    ours, theirs = frame[NAMES[:4]].to_numpy(), published[["x", "t_x", "T", "zbar"]].to_numpy()
    in_weeks = (ours - [0, 0, 1, 0]) / [1, 7, 7, 1]
    np.testing.assert_allclose(in_weeks, theirs, rtol=0, atol=0.005 + 1e-9)

"""Metrics per part and pooled: on the rows they say, with an interval around each."""

import numpy as np
import pandas as pd
import pytest

from models.metrics import METRICS
from training.evaluate import POOLED, evaluate

JULY, AUGUST = pd.Timestamp("2024-07-01"), pd.Timestamp("2024-08-01")


def scored(*sizes: tuple[pd.Timestamp, int], seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for cutoff, size in sizes:
        score = rng.random(size)
        ids = [f"c{number}" for number in range(size)]
        actual = (rng.random(size) < score).astype(float)
        keys = {"customer_id": ids, "cutoff": cutoff, "part": f"{cutoff:%Y-%m-%d}"}
        parts.append(pd.DataFrame({**keys, "actual": actual, "score": score}))
    return pd.concat(parts, ignore_index=True)


def test_each_part_is_measured_on_its_own_rows_and_all_on_all() -> None:
    rows = scored((JULY, 80), (AUGUST, 150))
    table = evaluate(rows, kind="binary", draws=20)
    assert list(table.columns) == ["part", "metric", "value", "low", "high"]
    assert list(dict.fromkeys(table["part"])) == ["2024-07-01", "2024-08-01", POOLED]
    parts = {
        "2024-07-01": rows[rows["cutoff"] == JULY],
        "2024-08-01": rows[rows["cutoff"] == AUGUST],
        POOLED: rows,
    }
    names = [name for name, each in METRICS.items() if "binary" in each.kinds and not each.grouped]
    assert sorted(zip(table["part"], table["metric"], strict=True)) == sorted(
        (part, name) for part in parts for name in names
    )
    for found in table.to_dict("records"):
        part = parts[found["part"]]
        assert found["value"] == pytest.approx(METRICS[found["metric"]](part["actual"], part["score"]))
        assert found["low"] < found["high"]
        assert found["low"] - 0.05 < found["value"] < found["high"] + 0.05


@pytest.mark.parametrize(("kind", "names"), [("count", {"mae", "normalised_gini"}), ("amount", {"mae", "rmse"})])
def test_a_kind_has_its_metrics(kind: str, names: set[str]) -> None:
    table = evaluate(scored((JULY, 50)), kind=kind, draws=5)  # type: ignore[arg-type]
    assert names <= set(table["metric"])
    assert "roc_auc" not in set(table["metric"])
    assert set(table["metric"]) == {name for name, each in METRICS.items() if kind in each.kinds and not each.grouped}


def test_pairs_are_ranked_within_a_customer_at_a_cutoff() -> None:
    """Hits at ranks 1 and 2 of two lists of one customer at two cutoffs: mean average precision 3/4."""
    rows = pd.DataFrame(
        [
            ("a", JULY, "tea", 1.0, 0.9),
            ("a", JULY, "wine", 0.0, 0.1),
            ("a", AUGUST, "tea", 0.0, 0.8),
            ("a", AUGUST, "wine", 1.0, 0.2),
        ],
        columns=["customer_id", "cutoff", "category", "actual", "score"],
    )
    rows["part"] = rows["cutoff"].dt.strftime("%Y-%m-%d")
    table = evaluate(rows, kind="binary", draws=5).set_index(["part", "metric"])["value"]
    assert (table["2024-07-01", "map_at_5"], table["2024-08-01", "map_at_5"]) == (1.0, 0.5)
    assert table[POOLED, "map_at_5"] == 0.75


def test_the_same_seed_gives_the_same_intervals_and_another_one_others() -> None:
    rows = scored((JULY, 100))
    one, again, other = (evaluate(rows, kind="binary", draws=30, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert (one["value"] == other["value"]).all()
    assert (one["low"] != other["low"]).any()


def test_a_customer_seen_twice_is_drawn_once() -> None:
    """The same rows at two cutoffs: no more is known, so pooled intervals stay as wide as those of one."""
    rows = scored((JULY, 200))
    twice = pd.concat([rows, rows.assign(cutoff=AUGUST, part="2024-08-01")], ignore_index=True)
    table = evaluate(twice, kind="binary", draws=100)
    width = (table["high"] - table["low"]).set_axis(pd.MultiIndex.from_frame(table[["part", "metric"]]))
    for name in ("roc_auc", "brier"):
        assert width[POOLED, name] == pytest.approx(width["2024-07-01", name], rel=1e-9)


def test_a_single_part_is_told_twice() -> None:
    table = evaluate(scored((JULY, 40)), kind="binary", draws=5)
    one, pooled = (table[table["part"] == part].drop(columns="part") for part in ("2024-07-01", POOLED))
    pd.testing.assert_frame_equal(one.reset_index(drop=True), pooled.reset_index(drop=True))
    assert len(table) == 2 * len(one)


def test_parts_stand_in_the_order_of_the_rows() -> None:
    """The repeats of folds are many: the tenth comes after the second."""
    rows = pd.concat(
        [scored((JULY, 30), seed=number).assign(part=f"repeat {number}") for number in range(1, 12)], ignore_index=True
    )
    table = evaluate(rows, kind="binary", draws=2)
    assert list(dict.fromkeys(table["part"])) == [*(f"repeat {number}" for number in range(1, 12)), POOLED]


def test_repeats_are_lists_of_their_own() -> None:
    """Two repeats rank one customer's two categories, one right and one wrong: 3/4 as two lists, not as one of four."""
    rows = pd.DataFrame(
        [
            ("a", JULY, "repeat 1", "tea", 1.0, 0.9),
            ("a", JULY, "repeat 1", "wine", 0.0, 0.1),
            ("a", JULY, "repeat 2", "tea", 1.0, 0.2),
            ("a", JULY, "repeat 2", "wine", 0.0, 0.8),
        ],
        columns=["customer_id", "cutoff", "part", "category", "actual", "score"],
    )
    table = evaluate(rows, kind="binary", draws=2).set_index(["part", "metric"])["value"]
    assert table[POOLED, "map_at_5"] == 0.75

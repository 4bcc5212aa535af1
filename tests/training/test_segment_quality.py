"""The quality of segments: against a loop, and at its ends, where it is known."""

import math

import numpy as np
import pandas as pd
import pytest

from models.estimators.segments import Segments
from training.segment_quality import segment_quality

JULY, AUGUST = pd.Timestamp("2024-07-01"), pd.Timestamp("2024-08-01")
FEATURES = list(Segments.requires)


def people(sizes: tuple[int, ...], cutoff: pd.Timestamp = JULY, spread: float = 0.1, seed: int = 0) -> pd.DataFrame:
    """Scatter customers around centres that lie far apart."""
    centres = np.array([(5, 40, 4000), (100, 12, 400), (300, 2, 30)])
    rng = np.random.default_rng(seed)
    values = np.repeat(centres[: len(sizes)], sizes, axis=0) * np.exp(rng.normal(0, spread, (sum(sizes), 3)))
    return pd.DataFrame(values, columns=FEATURES).assign(customer_id=np.arange(sum(sizes)).astype(str), cutoff=cutoff)


def quality(
    model: Segments, X: pd.DataFrame, *, earlier: pd.DataFrame | None = None, seed: int = 0
) -> dict[str, float]:
    table = segment_quality(model, X, earlier=X if earlier is None else earlier, seed=seed)
    return dict(zip(table["metric"], table["value"], strict=True))


def silhouette(X: pd.DataFrame, codes: list[int]) -> float:
    """Rousseeuw (1987): mean over customers of (b − a) / max(a, b), on standardised logs."""
    logs = [[math.log1p(value) for value in row] for row in X[FEATURES].to_numpy()]
    means = [sum(column) / len(column) for column in zip(*logs, strict=True)]
    spreads = [
        math.sqrt(sum((value - mean) ** 2 for value in column) / len(column))
        for column, mean in zip(zip(*logs, strict=True), means, strict=True)
    ]
    points = [[(v - m) / s for v, m, s in zip(row, means, spreads, strict=True)] for row in logs]
    values = []
    for i, (point, code) in enumerate(zip(points, codes, strict=True)):
        far: dict[int, list[float]] = {}
        for j, (other, its) in enumerate(zip(points, codes, strict=True)):
            if i != j:
                far.setdefault(its, []).append(math.dist(point, other))
        own = sum(far[code]) / len(far[code])
        next_best = min(sum(each) / len(each) for its, each in far.items() if its != code)
        values.append((next_best - own) / max(own, next_best))
    return sum(values) / len(values)


def test_groups_far_apart_are_separate_of_their_size_and_found_again() -> None:
    X = people((20, 30, 50))
    model = Segments(k=3).fit(X)
    found = quality(model, X)
    assert found["silhouette"] == pytest.approx(silhouette(X, model.predict(X).astype(int).tolist()))
    assert found["silhouette"] > 0.8
    assert found["smallest_share"] == 0.2
    assert found["bootstrap_ari"] == 1.0
    assert found["refit_ari"] == 1.0


def test_a_crowd_without_groups_is_not_found_again() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(np.exp(rng.normal(3, 1, (300, 3))), columns=FEATURES).assign(cutoff=JULY)
    table = segment_quality(Segments(k=5).fit(X), X, earlier=X, seed=0)
    assert list(table.columns) == ["metric", "value", "low", "high"]
    separate, _, again, _ = table.to_dict("records")
    assert separate["value"] < 0.35
    assert 0.1 < again["low"] < again["value"] < again["high"] < 0.95


def test_a_refit_is_made_on_the_latest_earlier_cutoff_alone() -> None:
    """In June there were other groups: made then, the model would tell today's apart otherwise."""
    today = people((60, 60, 60), AUGUST)
    model = Segments(k=3).fit(today)
    june = people((90, 90), JULY - pd.Timedelta(days=30)).assign(spend=lambda x: x["spend"].iloc[::-1].to_numpy())
    same = people((60, 60, 60), JULY, seed=1)
    assert quality(model, today, earlier=pd.concat([june, same]))["refit_ari"] == 1.0
    other = quality(model, today, earlier=june)["refit_ari"]
    assert other < 0.9


def test_a_segment_that_nobody_is_in_any_more_has_no_share() -> None:
    model = Segments(k=3).fit(people((20, 30, 50)))
    X = people((40, 60), AUGUST)
    assert quality(model, X)["smallest_share"] == 0.0


def test_the_same_seed_gives_the_same_table() -> None:
    X = people((40, 40, 40), spread=0.8)
    model = Segments(k=4).fit(X)
    one, again = (segment_quality(model, X, earlier=X, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one, again)
    assert quality(model, X, seed=4)["bootstrap_ari"] != quality(model, X, seed=3)["bootstrap_ari"]

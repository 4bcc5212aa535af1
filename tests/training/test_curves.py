"""Curves of predictions: by hand, and the same whatever the order of rows."""

import numpy as np
import pandas as pd
import pytest

from training.record.curves import POINTS, held, tenths


def table(actual: list[float], score: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"actual": actual, "score": score})


def test_the_best_scored_hold_what_they_hold() -> None:
    found = {round(each["share"], 2): each["held"] for each in held(table([1, 0, 3, 0], [0.9, 0.1, 0.5, 0.2]))}
    assert len(found) == POINTS
    assert [found[share] for share in (0, 0.25, 0.5, 0.75, 1)] == [0, 0.25, 1, 1, 1]
    assert found[0.1] == pytest.approx(0.1)


def test_rows_of_one_score_share_what_came() -> None:
    rng = np.random.default_rng(0)
    rows = table((rng.random(500) < 0.3).astype(float).tolist(), rng.integers(0, 4, 500).tolist())
    shuffled = rows.sample(frac=1, random_state=1)
    assert held(rows) == held(shuffled)
    pd.testing.assert_frame_equal(tenths(rows), tenths(shuffled))
    assert [each["held"] for each in held(table([0, 1], [0.5, 0.5]))] == pytest.approx(np.linspace(0, 1, POINTS))


def test_of_a_target_that_nobody_has_there_is_no_curve() -> None:
    assert held(table([0, 0], [0.2, 0.1])) == []
    assert held(table([-3, 1], [0.2, 0.1])) == []


def test_tenths_are_means_of_as_many_rows() -> None:
    rows = table([float(number) for number in range(40)], [number / 40 for number in range(40)])
    found = tenths(rows)
    assert found["rows"].tolist() == [4] * 10
    assert found["observed"].tolist() == [1.5 + 4 * number for number in range(10)]

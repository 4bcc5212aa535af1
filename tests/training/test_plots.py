"""Plots: that their lines are what they say, and that they can be drawn."""

import io
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from training.plots import calibration, gains, plots

JULY, AUGUST = pd.Timestamp("2024-07-01"), pd.Timestamp("2024-08-01")


def scored(score: list[float], actual: list[float], cutoff: pd.Timestamp = JULY) -> pd.DataFrame:
    return pd.DataFrame({"cutoff": cutoff, "score": score, "actual": actual})


def lines(figure: Figure) -> dict[str, list[tuple[float, float]]]:
    """Give the points of each line by its label."""
    (axes,) = figure.axes
    return {
        str(line.get_label()): [(float(x), float(y)) for x, y in np.asarray(line.get_xydata())] for line in axes.lines
    }


def test_gains_by_hand() -> None:
    """Best scored first: 6, 0, 3, 1 of 10."""
    drawn = lines(gains(scored([0.1, 0.9, 0.4, 0.8], [1, 6, 3, 0])))
    assert drawn["2024-07-01"] == [(0, 0), (0.25, pytest.approx(0.6)), (0.5, pytest.approx(0.6)), (0.75, 0.9), (1, 1)]
    assert drawn["random"] == [(0, 0), (1, 1)]


def test_gains_of_nothing_stay_at_nothing() -> None:
    assert lines(gains(scored([0.1, 0.9], [0, 0])))["2024-07-01"] == [(0, 0), (0.5, 0), (1, 0)]


def test_calibration_is_the_means_of_tenths() -> None:
    rng = np.random.default_rng(0)
    score = rng.random(100)
    actual = (rng.random(100) < score).astype(float)
    drawn = lines(calibration(scored(score.tolist(), actual.tolist())))["2024-07-01"]
    ranked = sorted(zip(score, actual, strict=True))
    for tenth, point in enumerate(drawn):
        part = ranked[10 * tenth : 10 * tenth + 10]
        assert point == pytest.approx((sum(one for one, _ in part) / 10, sum(came for _, came in part) / 10))
    assert len(drawn) == 10


def test_calibration_of_few_rows_and_of_equal_scores() -> None:
    assert lines(calibration(scored([0.5], [1.0])))["2024-07-01"] == [(0.5, 1)]
    equal = lines(calibration(scored([0.5] * 20, [0.0, 1.0] * 10)))["2024-07-01"]
    assert [x for x, _ in equal] == [0.5] * 10


@pytest.mark.parametrize("draw", [calibration, gains])
def test_each_cutoff_is_a_line_beside_one_to_compare_with(draw: Callable[[pd.DataFrame], Figure]) -> None:
    rows = pd.concat([scored([0.1, 0.9], [0, 1]), scored([0.2, 0.3, 0.4], [0, 1, 1], AUGUST)])
    figure = draw(rows)
    assert sorted(lines(figure))[:2] == ["2024-07-01", "2024-08-01"]
    assert len(lines(figure)) == 3
    assert figure.axes[0].get_xlabel()
    assert figure.axes[0].get_ylabel()
    assert figure.axes[0].get_title()


def test_what_is_predicted_is_drawn_and_nothing_else() -> None:
    rows = scored([0.1, 0.9, 0.4], [0, 1, 0])
    assert plots(rows, kind="none") == {}
    drawn = plots(rows, kind="binary")
    assert list(drawn) == ["calibration", "gains"]
    for figure in drawn.values():
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        assert buffer.getvalue().startswith(b"\x89PNG")

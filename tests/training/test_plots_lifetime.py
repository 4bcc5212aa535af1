"""Plots of lifetime value: that they draw the record, what is missing from it, and that they can be read."""

import io
from typing import Any, cast

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle, StepPatch

from tests.records import value
from training.plots import plots


def drawn(record: dict[str, Any], name: str) -> Figure:
    return plots(record)[name]


def lines(axes: Axes) -> dict[str, list[float]]:
    """Give the heights of each line by its label."""
    return {str(line.get_label()): np.asarray(line.get_ydata(), dtype=float).tolist() for line in axes.lines}


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for each in figure.legends for text in each.get_texts()]


def test_tracking_is_so_far_and_by_week_with_the_cutoff_between() -> None:
    record = value()
    so_far, weekly = drawn(record, "tracking").axes
    rows = record["lifetime"]["tracking"]
    for axes, name in ((so_far, "_so_far"), (weekly, "")):
        found = lines(axes)
        for what in ("actual", "expected"):
            assert found[what] == [row[f"{what}{name}"] for row in rows]
        (line,) = [each for each in axes.lines if each.get_label() == "actual"]
        assert np.asarray(line.get_xdata()).tolist() == [row["week"] for row in rows]
        (cutoff,) = [each for each in axes.lines if each.get_label() == "cutoff"]
        assert set(np.asarray(cutoff.get_xdata())) == {0}
        assert axes.get_ylim()[0] == 0
        assert axes.get_ylim()[1] > max(row[f"actual{name}"] for row in rows)
    assert legend(drawn(record, "tracking")) == ["cutoff", "actual", "expected"]


def test_a_curve_without_weeks_after_the_cutoff_is_no_trouble() -> None:
    record = value()
    record["lifetime"]["tracking"] = record["lifetime"]["tracking"][:3]
    drawn(record, "tracking").savefig(io.BytesIO())
    record["lifetime"]["tracking"] = []
    assert "tracking" not in plots(record)


def test_frequencies_are_pairs_of_bars() -> None:
    record = value()
    rows = record["lifetime"]["frequencies"]
    for axes, name in zip(drawn(record, "frequencies").axes, ("purchases", "value"), strict=True):
        bars = [cast(Rectangle, bar) for bar in axes.patches]
        assert [bar.get_height() for bar in bars[:8]] == [row[name] for row in rows]
        assert [bar.get_height() for bar in bars[8:]] == [row[f"expected_{name}"] for row in rows]
        for actual, expected in zip(bars[:8], bars[8:], strict=True):
            assert actual.get_x() + actual.get_width() == pytest.approx(expected.get_x())
    names = [label.get_text() for label in drawn(record, "frequencies").axes[-1].get_xticklabels()]
    assert names == ["0", "1", "2", "3", "4", "5", "6", "7+"]


def test_without_values_there_are_purchases_alone() -> None:
    record = value()
    for row in record["lifetime"]["frequencies"]:
        row |= {"value": None, "expected_value": None}
    (axes,) = drawn(record, "frequencies").axes
    assert axes.get_xlabel() == "repeat purchase days before the cutoff"


def test_who_may_still_buy_is_the_whole_grid() -> None:
    record = value()
    axes, bar = drawn(record, "alive").axes
    (mesh,) = [each for each in axes.collections if isinstance(each, QuadMesh)]
    assert np.asarray(mesh.get_array()).tolist() == record["lifetime"]["alive"]["p_alive"]
    assert mesh.get_clim() == (0, 1)
    assert bar.get_ylim() == (0, 1)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_where_all_are_alike_there_are_no_lines(p: float) -> None:
    record = value()
    record["lifetime"]["alive"] |= {"frequency": [1], "p_alive": [[p]] * 4}
    drawn(record, "alive").savefig(io.BytesIO())
    record["lifetime"]["alive"] |= {"frequency": [1, 2], "p_alive": [[p, p]] * 4}
    drawn(record, "alive").savefig(io.BytesIO())


def test_the_distribution_has_bars_and_marks() -> None:
    record = value()
    figure = drawn(record, "distribution")
    (axes,) = figure.axes
    (bars,) = [each for each in axes.patches if isinstance(each, StepPatch)]
    values, edges, _ = bars.get_data()
    told = record["lifetime"]["distribution"]
    assert (np.asarray(values).tolist(), np.asarray(edges).tolist()) == (told["counts"], told["edges"])
    assert axes.get_xscale() == "log"
    assert legend(figure) == [f"median {told['quantiles']['0.5']:,.4g}", "mean 17.91", "top 10 %: 57% of all"]


def test_nobody_worth_anything_is_drawn_all_the_same() -> None:
    record = value()
    quantiles = dict.fromkeys(record["lifetime"]["distribution"]["quantiles"], 0.0)
    nothing = {"total": 0.0, "mean": 0.0, "held": {}, "edges": [0.0, 1.0], "counts": [2303], "quantiles": quantiles}
    record["lifetime"]["distribution"] |= nothing
    figure = drawn(record, "distribution")
    figure.savefig(io.BytesIO())
    assert figure.axes[0].get_xscale() == "linear"


def test_the_spread_is_so_far_and_by_month_with_how_far_they_part() -> None:
    record = value()
    told = record["lifetime"]["spread"]
    so_far, by_month = drawn(record, "spread").axes
    for name in told["so_far"]:
        assert lines(so_far)[name] == [0.0, *told["so_far"][name]]
        assert lines(by_month)[name] == told["by_month"][name]
    assert [text.get_text() for text in so_far.texts] == [
        f"±{told['spread'][month - 1] / 2:.0%}" for month in (12, 24, 36, 48, 60)
    ]
    assert legend(drawn(record, "spread")) == ["BG/NBD", "MBG/NBD", "Pareto/NBD"]


def test_one_process_alone_parts_from_none() -> None:
    record = value()
    told = record["lifetime"]["spread"]
    told |= {"spread": [], **{each: {"BG/NBD": told[each]["BG/NBD"]} for each in ("so_far", "by_month")}}
    assert len(drawn(record, "spread").axes[0].texts) == 0
    told |= {"so_far": {}, "by_month": {}}
    assert "spread" not in plots(record)


def test_what_loses_money_is_seen() -> None:
    record = value()
    for each in ("so_far", "by_month"):
        months = record["lifetime"]["spread"][each]
        record["lifetime"]["spread"][each] = {name: [-one for one in of] for name, of in months.items()}
    upper, lower = drawn(record, "spread").axes
    assert upper.get_ylim()[0] < -1000.5 * 60**0.86
    assert lower.get_ylim()[0] < -1000.5


def test_large_numbers_are_written_out() -> None:
    record = value()
    for months in record["lifetime"]["spread"]["so_far"].values():
        months[:] = [1000 * one for one in months]
    figure = drawn(record, "spread")
    figure.savefig(io.BytesIO())
    told = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert any(label.endswith(",000,000") for label in told)
    assert figure.get_tightbbox().x0 >= -0.01

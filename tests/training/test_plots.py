"""Plots: that their lines are what the record says, that what is missing is not drawn, and that they can be read."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from tests.records import ORIGINS, amount, churn, folds, segments, value
from training.plots import plots
from training.plots.style import COLOURS, SHOWN

Points = list[tuple[float, float]]
LIFETIME = ["tracking", "frequencies", "alive", "distribution", "spread"]


def lines(axes: Axes) -> dict[str, Points]:
    """Give the points of each line by its label."""
    return {
        str(line.get_label()): [(float(x), float(y)) for x, y in np.asarray(line.get_xydata())] for line in axes.lines
    }


def only(figure: Figure) -> Axes:
    (axes,) = figure.axes
    return axes


def texts(figure: Figure) -> set[str]:
    """Give all that is written in the figure: titles, axes, legends."""
    found = {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    for axes in figure.axes:
        found |= {axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()}
        found |= {label.get_text() for label in (*axes.get_xticklabels(), *axes.get_yticklabels())}
    return found


@pytest.mark.parametrize(
    ("record", "drawn"),
    [
        (churn, ["calibration", "gains", "metrics", "importance", "profit"]),
        (amount, ["calibration", "gains", "metrics"]),
        (segments, []),
        (folds, ["calibration", "gains", "metrics", "importance"]),
        (value, ["calibration", "gains", "metrics", *LIFETIME]),
    ],
)
def test_what_there_is_is_drawn_and_nothing_else(record: Callable[[], dict[str, Any]], drawn: list[str]) -> None:
    assert list(plots(record())) == drawn


def test_calibration_has_a_line_a_part_and_the_band_of_all() -> None:
    record = churn()
    axes = only(plots(record)["calibration"])
    drawn = lines(axes)
    assert list(drawn) == [*ORIGINS, "all parts", "as predicted"]
    for part, label in [*zip(ORIGINS, ORIGINS, strict=True), ("all", "all parts")]:
        assert drawn[label] == [(row["predicted"], row["observed"]) for row in record["reliability"][part]]
    band = np.asarray(axes.collections[0].get_paths()[0].vertices)
    rows = record["reliability"]["all"]
    for row in rows:
        assert (row["predicted"], row["low"]) in map(tuple, band)
        assert (row["predicted"], row["high"]) in map(tuple, band)
    assert axes.get_aspect() == 1.0
    assert axes.get_xlim() == axes.get_ylim()
    assert drawn["as predicted"][0] == (0.0, 0.0)
    assert [x for x, _ in drawn["as predicted"]] == [y for _, y in drawn["as predicted"]]


def test_all_of_calibration_is_within_the_picture() -> None:
    """Means below zero (a margin) and above one too."""
    record = amount()
    record["reliability"]["all"][0]["predicted"] = -3.5
    record["reliability"]["all"][2]["observed"] = 17.5
    axes = only(plots(record)["calibration"])
    assert axes.get_xlim()[0] < -3.5
    assert axes.get_ylim()[1] > 17.5
    assert not axes.collections
    assert axes.get_ylabel() == "mean observed amount, in the data's currency"


def test_gains_are_those_of_the_record() -> None:
    drawn = lines(only(plots(churn())["gains"]))
    assert set(drawn) == {*ORIGINS, "at random"}
    assert all(drawn[part] == [(0, 0), (0.25, 0.5), (1, 1)] for part in ORIGINS)
    assert drawn["at random"] == [(0, 0), (1, 1)]


def test_later_parts_are_darker() -> None:
    colours = [line.get_color() for line in only(plots(churn())["gains"]).lines[:3]]
    light = [sum(to_rgb(colour)) for colour in colours]
    assert light == sorted(light, reverse=True)
    assert len(set(colours)) == 3


@pytest.mark.parametrize(("count", "entries"), [(SHOWN, SHOWN), (SHOWN + 1, 1)])
def test_many_parts_are_one_entry_of_the_legend(count: int, entries: int) -> None:
    figure = plots(churn(parts=tuple(f"part {number}" for number in range(count))))["gains"]
    assert len(only(figure).lines) == count + 1
    (legend,) = figure.legends
    told = [text.get_text() for text in legend.get_texts()]
    assert len(told) == entries + 1
    assert (f"each of {count} parts" in told) == (entries == 1)


def test_metrics_are_those_of_each_model_and_part() -> None:
    record = churn()
    ranking, off = plots(record)["metrics"].axes
    for axes, metric in ((ranking, "roc_auc"), (off, "ece")):
        assert metric in axes.get_title(loc="left")
        for line, model in zip(axes.lines[:6:2], ("base_rate", "rfm_logistic", "boosted"), strict=True):
            told = [record["models"][model]["metrics"][part][metric]["value"] for part in ORIGINS]
            assert np.asarray(line.get_ydata()).tolist() == told
        for pooled, model in zip(axes.lines[1:6:2], ("base_rate", "rfm_logistic", "boosted"), strict=True):
            assert np.asarray(pooled.get_ydata()).tolist() == [
                record["models"][model]["metrics"]["all"][metric]["value"]
            ]
            assert float(np.asarray(pooled.get_xdata())[0]) == pytest.approx(3, abs=0.2)


def test_the_champion_is_bold_with_its_intervals_and_above_the_others() -> None:
    record = churn()
    ranking = plots(record)["metrics"].axes[0]
    widths = [line.get_linewidth() for line in ranking.lines[:6:2]]
    assert widths[2] > 2 * max(widths[:2])
    (intervals,) = ranking.collections
    told = record["models"]["boosted"]["metrics"]
    for segment, part in zip(_segments(intervals), (*ORIGINS, "all"), strict=True):
        assert [y for _, y in segment] == [told[part]["roc_auc"]["low"], told[part]["roc_auc"]["high"]]


def _segments(collection: Any) -> Iterator[Points]:
    for segment in collection.get_segments():
        yield [(float(x), float(y)) for x, y in segment]


def test_a_model_far_off_is_named_with_its_value_and_does_not_flatten_the_others() -> None:
    record = churn()
    figure = plots(record)["metrics"]
    value = record["models"]["base_rate"]["metrics"]["all"]["roc_auc"]["value"]
    assert f"base_rate (roc_auc {value:.3f}, not shown)" in texts(figure)
    low, high = figure.axes[0].get_ylim()
    assert 0.7 < low < min(_values(record, "rfm_logistic"))
    assert max(_values(record, "boosted")) < high < 0.9
    assert {"boosted", "rfm_logistic"} <= texts(figure)


def _values(record: dict[str, Any], model: str) -> list[float]:
    return [metrics["roc_auc"]["value"] for metrics in record["models"][model]["metrics"].values()]


def test_a_model_without_intervals_or_values_is_no_trouble() -> None:
    record = churn()
    for found in record["models"].values():
        for metrics in found["metrics"].values():
            metrics["roc_auc"] = {"value": 0.75, "low": None, "high": None}
            metrics["ece"] = {"value": None, "low": None, "high": None}
    low, high = plots(record)["metrics"].axes[0].get_ylim()
    assert low < 0.75 < high


def test_no_two_models_look_alike() -> None:
    record = churn()
    found = record["models"]["rfm_logistic"]
    record["models"] |= {f"model {number}": found for number in range(len(COLOURS) + 3)}
    drawn = plots(record)["metrics"].axes[0].lines[:-1:2]
    looks = {(line.get_color(), line.get_marker()) for line in drawn}
    assert len(looks) == len(record["models"])


def test_importance_is_by_concept_the_weightiest_on_top() -> None:
    axes = only(plots(churn())["importance"])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Tenure", "Silence"]
    assert lines(axes)["mean"] == [(0.386, 0), (0.614, 1)]
    (ranges,) = axes.collections
    assert list(_segments(ranges)) == [
        [(0.386 - 0.037, 0), (0.386 + 0.043, 0)],
        [(0.614 - 0.037, 1), (0.614 + 0.043, 1)],
    ]


def test_profit_marks_the_best_cut_and_the_budget() -> None:
    record = churn()
    axes = only(plots(record)["profit"])
    drawn = lines(axes)
    for name in ("expected", "realised"):
        assert drawn[name] == [(row["contacted"], row[name]) for row in record["money"]["curve"]]
    assert {x for x, _ in drawn["best cut: 1,240"]} == {1240}
    assert {x for x, _ in drawn["at the budget: 310"]} == {310}
    record["money"]["at_budget"] = None
    assert not any("budget" in label for label in lines(only(plots(record)["profit"])))


def test_profit_is_seen_where_there_is_some() -> None:
    """The curve falls to −9,000, and rises to 3,509: the picture ends at the first point that lies below −3,509."""
    record = churn()
    axes = only(plots(record)["profit"])
    assert axes.get_ylim()[0] == -3509.15
    assert axes.get_xlim() == (0, 2309)
    record["money"]["curve"] = [
        {**row, "expected": -abs(row["expected"]), "realised": -1.0} for row in record["money"]["curve"]
    ]
    assert only(plots(record)["profit"]).get_ylim()[0] < -9000


def test_names_are_text_and_no_formulas() -> None:
    record = churn()
    record["importance"][0]["title"] = "what $x^2$ costs in $"
    record["models"] = {f"{name}$x_2$": found for name, found in record["models"].items()}
    record["champion"] += "$x_2$"
    for figure in plots(record).values():
        figure.savefig(io.BytesIO(), format="svg")
    assert r"what \$x^2\$ costs in \$" in texts(plots(record)["importance"])


@pytest.mark.parametrize("record", [churn, amount, value])
def test_they_can_be_drawn_and_read(record: Callable[[], dict[str, Any]]) -> None:
    """480 pixels wide at 100 dots to the inch, with titles and labels, and nothing cut off."""
    for name, figure in plots(record()).items():
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        assert buffer.getvalue().startswith(b"\x89PNG")
        assert figure.get_size_inches()[0] * figure.dpi == 480
        box = figure.get_tightbbox()
        assert box.x0 >= -0.01, name
        assert box.x1 <= figure.get_size_inches()[0] + 0.01, name
        titled = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
        assert all(axes.get_title(loc="left") for axes in titled)
        assert titled[-1].get_xlabel() or name == "metrics"
        assert all(axes.get_ylabel() for axes in titled) or name == "importance"

"""How models rank and how far they are off, part by part."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.evaluate import POOLED
from training.grade import RANKED, TRUE
from training.plots.rows import Record, Values, ends, number
from training.plots.style import COLOURS, FAINT, INK, MARKS, SHOWN, WIDTH, short

Ends = tuple[Values, Values, Values]
"""A metric's values at some parts, and the low and high ends of their intervals."""


def metrics(record: Record) -> Figure:
    """Draw how models rank, and how far their numbers are off, part by part and for all parts together.

    The champion is bold, with its intervals. A model far off is named with its value and not drawn.
    """
    kind = record["question"]["kind"]
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    _over_parts(upper, record, RANKED[kind][0], title="How well it ranks")
    _over_parts(lower, record, TRUE[kind][0], title="How far its numbers are off")
    handles, labels = upper.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _over_parts(axes: Axes, record: Record, metric: str, *, title: str) -> None:
    """Draw a metric of each model at each part, and beside them for all parts."""
    parts, champion = [part["name"] for part in record["parts"]], record["champion"]
    told = {model: _measured(found["metrics"], metric, [*parts, POOLED]) for model, found in record["models"].items()}
    span = _span(told, champion)
    drawn = dict(zip(sorted(told, key=lambda model: model == champion), _looks(len(told)), strict=True))
    for model, (colour, mark, aside) in drawn.items():
        value, low, high = told[model]
        shown = bool(((value >= span[0]) & (value <= span[1])).any())
        label = model if shown else f"{model} ({metric} {value[-1]:.3f}, not shown)"
        wide = 2.4 if model == champion else 1.0
        places = np.array([*range(len(parts)), len(parts) + aside])
        for these in (slice(None, -1), slice(-1, None)):
            axes.plot(places[these], value[these], color=colour, marker=mark, ms=2.5 + wide, lw=wide, label=label)
            label = "_"
        if model == champion:
            axes.vlines(places, low, high, color=colour, lw=1.2)
    axes.axvline(len(parts) - 0.5, color=FAINT, lw=1)
    axes.set(title=f"{title}: {metric}", ylabel=metric, ylim=span, xlim=(-0.4, len(parts) + 0.5))
    names = [*map(short, parts), "all"] if len(parts) <= SHOWN else [""] * len(parts) + ["all"]
    axes.set_xticks(range(len(names)), names, rotation=25, ha="right", rotation_mode="anchor")


def _span(told: Mapping[str, Ends], champion: str) -> tuple[float, float]:
    """Say from where to where models are drawn: no farther from the champion than twice its own span."""
    least, most = ends(*told[champion])
    near = 2 * (most - least) or 0.1
    values = np.concatenate([value for value, *_ in told.values()])
    least, most = ends(*told[champion], values[(values >= least - near) & (values <= most + near)])
    margin = 0.06 * (most - least) or 0.05
    return least - margin, most + margin


def _looks(count: int) -> list[tuple[str, str, float]]:
    """Give each of so many models a colour, a mark and a place among the points of all parts; the last is the champion.

    No two are alike.
    """
    asides = [0.07 * (number - (count - 2) / 2) for number in range(count - 1)]
    others = [
        (COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)], aside + (0.07 if aside >= 0 else -0.07))
        for number, aside in enumerate(asides)
    ]
    return [*others, (INK, "o", 0.0)]


def _measured(found: Mapping[str, Any], metric: str, parts: Sequence[str]) -> Ends:
    rows = [found.get(part, {}).get(metric, {}) for part in parts]
    value, low, high = (np.array([number(row.get(end)) for row in rows]) for end in ("value", "low", "high"))
    return value, low, high

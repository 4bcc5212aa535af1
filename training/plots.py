"""Plots of a back-test, made from its record alone: how true and stable it is, what it rests on and what it earns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter
from numpy.typing import NDArray

from training.evaluate import POOLED
from training.grade import RANKED, TRUE

Record = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]
Values = NDArray[np.float64]
Ends = tuple[Values, Values, Values]
"""A metric's values at some parts, and the low and high ends of their intervals."""

WIDTH: Final = 4.8
"""Inches: at 100 dots to the inch, 480 pixels."""
SHOWN: Final = 6
"""Of more parts than these none has a colour or a name of its own."""
CONCEPTS: Final = 12
"""So many concepts are drawn, those that weigh most."""
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Apart for the colour-blind: Okabe & Ito (2008), "Color universal design"."""
MARKS: Final = "sD^vP*X"
INK, GREY, FAINT = "#1d2733", "#7a8794", "#c9d1d9"
STYLE: Final[Any] = {
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6eaee",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.4,
}
CUTS: Final[Mapping[str, Any]] = {
    "at_budget": {"label": "at the budget", "color": COLOURS[2], "lw": 5, "alpha": 0.3},
    "best": {"label": "best cut", "color": INK, "lw": 1.1, "ls": ":"},
}
"""The cuts of a profit curve by their names in the record, and how they look; the later lies above."""
VALUE: Final = {"binary": "probability", "count": "count", "amount": "amount, in the data's currency"}
"""What is predicted of a kind of target, with its unit."""


def plots(record: Record) -> dict[str, Figure]:
    """Draw what a record has data for: of calibration, gains, metrics, importance and profit."""
    drawn: dict[str, Callable[[Record], Figure]] = {
        "calibration": calibration,
        "gains": gains,
        "metrics": metrics,
        "importance": importance,
        "profit": profit,
    }
    there = {
        "calibration": bool(record.get("reliability")),
        "gains": bool(record.get("held")),
        "metrics": record["question"]["kind"] in RANKED,
        "importance": bool(record.get("importance")),
        "profit": bool(record.get("money")),
    }
    with mpl.rc_context(STYLE):
        return {name: draw(record) for name, draw in drawn.items() if there[name]}


def calibration(record: Record) -> Figure:
    """Draw what came against what was predicted, by tenths of the score: a line a part, and that of all with its band.

    The band, where the record has it, is Wilson's 95 % interval of all parts together.
    """
    kind, told = record["question"]["kind"], dict(record["reliability"])
    pooled = told.pop(POOLED, [])
    figure, axes = _empty("Calibration", height=4.6)
    observed = "observed share" if kind == "binary" else f"mean observed {VALUE[kind]}"
    axes.set(xlabel=f"mean predicted {VALUE[kind]}", ylabel=observed, aspect="equal")
    for part, colour, label in _parts(told):
        axes.plot(_of(told[part], "predicted"), _of(told[part], "observed"), color=colour, label=label, lw=1, zorder=2)
    x = _of(pooled, "predicted")
    if pooled and "low" in pooled[0]:
        low, high = _of(pooled, "low"), _of(pooled, "high")
        axes.fill_between(x, low, high, color=INK, alpha=0.13, lw=0, label="95 % band of all", zorder=1)
    axes.plot(x, _of(pooled, "observed"), color=INK, marker="o", ms=4, label="all parts", zorder=3)
    least, most = _ends(
        *(_of(rows, name) for rows in record["reliability"].values() for name in ("predicted", "observed"))
    )
    least = min(least, 0.0)
    axes.plot([least, most], [least, most], color=GREY, lw=1, ls=(0, (4, 3)), label="as predicted", zorder=1)
    margin = 0.04 * (most - least or 1.0)
    axes.set(xlim=(least - margin, most + margin), ylim=(least - margin, most + margin))
    _legend(figure, axes)
    return figure


def gains(record: Record) -> Figure:
    """Draw the share of the target that the best-scored share of rows holds, a line a part."""
    held = record["held"]
    figure, axes = _empty("Gains", height=4.2)
    axes.set(xlabel="best-scored share of rows", ylabel="share of the target that they hold")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    for part, colour, label in _parts(held):
        axes.plot(_of(held[part], "share"), _of(held[part], "held"), color=colour, label=label)
    axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls=(0, (4, 3)), label="at random")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    _legend(figure, axes)
    return figure


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


def importance(record: Record) -> Figure:
    """Draw what concepts weigh in the champion's scores: the mean share, and its range over the models fitted."""
    rows = [row for row in record["importance"] if row["level"] == "concept"][:CONCEPTS][::-1]
    figure, axes = _empty("What the score rests on", height=1.1 + 0.27 * len(rows))
    places = np.arange(len(rows))
    axes.hlines(places, _of(rows, "low"), _of(rows, "high"), color=COLOURS[0], lw=5, alpha=0.3, label="range over fits")
    axes.plot(_of(rows, "mean"), places, "o", color=COLOURS[0], ms=5, label="mean")
    axes.set_yticks(places, [_short(row["title"]) for row in rows])
    axes.set(xlabel="share of all that moves the score", xlim=(0, None), ylim=(-0.6, len(rows) - 0.4))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(visible=False, axis="y")
    axes.legend(loc="lower right")
    return figure


def profit(record: Record) -> Figure:
    """Draw a campaign's profit by customers contacted, expected and realised, with the best cut and the budget's.

    The curve ends where it has fallen as far below nothing as it rose above it.
    """
    money, (figure, axes) = record["money"], _empty("Profit of the campaign", height=4.2)
    curve = money["curve"]
    contacted, curves = _of(curve, "contacted"), {name: _of(curve, name) for name in ("expected", "realised")}
    axes.axhline(0, color=GREY, lw=1)
    for (name, profits), colour, dashes in zip(curves.items(), COLOURS, ("-", (0, (5, 2))), strict=False):
        axes.plot(contacted, profits, color=colour, ls=dashes, label=name)
    for name, look in CUTS.items():
        if money[name] is not None:
            cut = money[name]["contacted"]
            axes.axvline(cut, **{**look, "label": f"{look['label']}: {cut:,}"})
    axes.set(xlabel="customers contacted, the most profitable first", ylabel="profit, in the data's currency")
    _near_the_top(axes, contacted, list(curves.values()))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:,.6g}".replace("-", "−")))
    _legend(figure, axes)
    return figure


def _near_the_top(axes: Axes, contacted: Values, curves: Sequence[Values]) -> None:
    """Show a curve where it earns something; all of it where it never does."""
    top = float(np.nanmax(curves))
    if top <= 0 or float(np.nanmin(curves)) > -top:
        return
    seen = np.flatnonzero(np.max(curves, axis=0) >= -top)
    axes.set(xlim=(0, contacted[min(seen[-1] + 1, len(contacted) - 1)]), ylim=(-top, 1.08 * top))


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
    names = [*map(_short, parts), "all"] if len(parts) <= SHOWN else [""] * len(parts) + ["all"]
    axes.set_xticks(range(len(names)), names, rotation=25, ha="right", rotation_mode="anchor")


def _span(told: Mapping[str, Ends], champion: str) -> tuple[float, float]:
    """Say from where to where models are drawn: no farther from the champion than twice its own span."""
    least, most = _ends(*told[champion])
    near = 2 * (most - least) or 0.1
    values = np.concatenate([value for value, *_ in told.values()])
    least, most = _ends(*told[champion], values[(values >= least - near) & (values <= most + near)])
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
    value, low, high = (np.array([_number(row.get(end)) for row in rows]) for end in ("value", "low", "high"))
    return value, low, high


def _parts(named: Iterable[str]) -> list[tuple[str, str, str]]:
    """Give each part its colour, the later the darker, and its label; many have one look and one label."""
    parts = list(named)
    if len(parts) > SHOWN:
        return [(part, FAINT, "_" if number else f"each of {len(parts)} parts") for number, part in enumerate(parts)]
    shades = mpl.colormaps["Blues"](np.linspace(0.95, 0.4, len(parts))[::-1])
    return [(part, mpl.colors.to_hex(shade), _short(part)) for part, shade in zip(parts, shades, strict=True)]


def _of(rows: Rows, name: str) -> Values:
    return np.array([_number(row[name]) for row in rows])


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _ends(*values: Values) -> tuple[float, float]:
    """Give the least and the greatest of what is finite; 0 and 1 where nothing is."""
    known = np.concatenate([each[np.isfinite(each)] for each in values] or [np.array([])])
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)


def _short(text: str) -> str:
    """Keep a name short enough to be read beside others, and as it is written: no mathematics between dollars."""
    return (text if len(text) <= 26 else f"{text[:25]}…").replace("$", r"\$")


def _empty(title: str, *, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title)
    return figure, axes


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)

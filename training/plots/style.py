"""How all plots look: their width, colours and type, parts in shades, and the legend below."""

from collections.abc import Iterable
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

WIDTH: Final = 4.8
"""Inches: at 100 dots to the inch, 480 pixels."""
SHOWN: Final = 6
"""Of more parts than these none has a colour or a name of its own."""
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
VALUE: Final = {"binary": "probability", "count": "count", "amount": "amount, in the data's currency"}
"""What is predicted of a kind of target, with its unit."""


def shades(named: Iterable[str]) -> list[tuple[str, str, str]]:
    """Give each part its colour, the later the darker, and its label; many have one look and one label."""
    parts = list(named)
    if len(parts) > SHOWN:
        return [(part, FAINT, "_" if number else f"each of {len(parts)} parts") for number, part in enumerate(parts)]
    blues = mpl.colormaps["Blues"](np.linspace(0.95, 0.4, len(parts))[::-1])
    return [(part, mpl.colors.to_hex(shade), short(part)) for part, shade in zip(parts, blues, strict=True)]


def short(text: str) -> str:
    """Keep a name short enough to be read beside others, and as it is written: no mathematics between dollars."""
    return (text if len(text) <= 26 else f"{text[:25]}…").replace("$", r"\$")


def empty(title: str, *, height: float) -> tuple[Figure, Axes]:
    """Make a figure of one plot, so many inches high."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title)
    return figure, axes


def thousands(axis: Axis) -> None:
    """Write an axis' numbers with commas between thousands, and a minus that is one."""
    axis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:,.10g}".replace("-", "−")))


def legend(figure: Figure, axes: Axes) -> None:
    """Put below the figure what its lines are."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)

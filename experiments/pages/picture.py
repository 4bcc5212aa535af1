"""Plots as pictures that a page carries within itself."""

import base64
import io
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.pages.blocks import Picture

CAPTIONS: Final = {
    "calibration": "On the dashed line what was predicted came true; above it more came, below it less. Rows count as "
    "independent in the band, which is too narrow where a customer is there several times.",
    "gains": "How much of the target lies among the rows that are scored best.",
    "metrics": "The champion is bold, with 95 % intervals over customers; right of the line, all parts together.",
    "importance": "Bars reach over the models that were fitted, part by part.",
    "profit": "Expected is what the predictions promise, realised what the outcomes then left.",
    "tracking": "Shaded is what the process had not seen. Where the lines part there, totals are off; waves are "
    "seasons and campaigns, of which it knows nothing.",
    "frequencies": "Rows of all parts. Expected is the mean of what was predicted of the same customers.",
    "alive": "Of customers as old as the oldest. The more often one bought, the sooner silence says they are gone.",
    "distribution": "On a logarithmic scale; the first bar holds all that is less, the last all that is more.",
    "spread": "Processes that fit the past alike part in the long run (shaded; above, half of it as a share of their "
    "mean). Nothing in the data tells which is right.",
}
"""How to read a plot, by its name."""


def picture(name: str, figure: Figure) -> Picture:
    """Draw a plot as lines, which print and zoom well. The same figure gives the same picture, byte for byte."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    uri = f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return Picture(
        uri, "; ".join(_seen(axes) for axes in figure.axes if axes.get_title(loc="left")), CAPTIONS.get(name, "")
    )


def _seen(axes: Axes) -> str:
    """Say what is drawn by what."""
    told = " by ".join(label for label in (axes.get_ylabel(), axes.get_xlabel()) if label)
    return f"{axes.get_title(loc='left')}: {told}"

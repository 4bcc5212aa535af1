"""Who holds the target."""

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from training.plots.rows import Record, column
from training.plots.style import GREY, empty, legend, shades


def gains(record: Record) -> Figure:
    """Draw the share of the target that the best-scored share of rows holds, a line a part."""
    held = record["held"]
    figure, axes = empty("Gains", height=4.2)
    axes.set(xlabel="best-scored share of rows", ylabel="share of the target that they hold")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    for part, colour, label in shades(held):
        axes.plot(column(held[part], "share"), column(held[part], "held"), color=colour, label=label)
    axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls=(0, (4, 3)), label="at random")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    legend(figure, axes)
    return figure

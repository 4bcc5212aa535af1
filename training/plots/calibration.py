"""How true predictions came."""

from matplotlib.figure import Figure

from training.evaluate import POOLED
from training.plots.rows import Record, column, ends
from training.plots.style import GREY, INK, VALUE, empty, legend, shades


def calibration(record: Record) -> Figure:
    """Draw what came against what was predicted, by tenths of the score: a line a part, and that of all with its band.

    The band, where the record has it, is Wilson's 95 % interval of all parts together.
    """
    kind, told = record["question"]["kind"], dict(record["reliability"])
    pooled = told.pop(POOLED, [])
    figure, axes = empty("Calibration", height=4.6)
    observed = "observed share" if kind == "binary" else f"mean observed {VALUE[kind]}"
    axes.set(xlabel=f"mean predicted {VALUE[kind]}", ylabel=observed, aspect="equal")
    for part, colour, label in shades(told):
        axes.plot(
            column(told[part], "predicted"), column(told[part], "observed"), color=colour, label=label, lw=1, zorder=2
        )
    x = column(pooled, "predicted")
    if pooled and "low" in pooled[0]:
        low, high = column(pooled, "low"), column(pooled, "high")
        axes.fill_between(x, low, high, color=INK, alpha=0.13, lw=0, label="95 % band of all", zorder=1)
    axes.plot(x, column(pooled, "observed"), color=INK, marker="o", ms=4, label="all parts", zorder=3)
    least, most = ends(
        *(column(rows, name) for rows in record["reliability"].values() for name in ("predicted", "observed"))
    )
    least = min(least, 0.0)
    axes.plot([least, most], [least, most], color=GREY, lw=1, ls=(0, (4, 3)), label="as predicted", zorder=1)
    margin = 0.04 * (most - least or 1.0)
    axes.set(xlim=(least - margin, most + margin), ylim=(least - margin, most + margin))
    legend(figure, axes)
    return figure

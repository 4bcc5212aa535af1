"""The whale curve, and what customers have brought since they were won against what winning them cost."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from features.ledger import Statement
from features.ledger.cohorts import Cohort
from features.ledger.whale import whale, whale_curve
from training.plots.style import COLOURS, GREY, INK, SHOWN, STYLE, empty, legend, short


def plots(made: Statement, cohorts: Sequence[Cohort]) -> Mapping[str, Figure]:
    """Draw what there is to draw, by name."""
    with mpl.rc_context(STYLE):
        won = [each for each in cohorts if each.won.contributions and each.won.cost is not None]
        return {"whale": _whale(made)} | ({"payback": _payback(made, won)} if won else {})


def _whale(made: Statement) -> Figure:
    """Draw cumulative profit over customers, the most profitable first."""
    profit, unit = made.customers["profit"].to_numpy(), 10**made.sheet.decimals
    curve, told = whale_curve(profit), whale(profit)
    figure, axes = empty("Whale curve", height=3.6)
    axes.set(xlabel="customers, the most profitable first (%)", ylabel=f"cumulative profit{_unit(made)}")
    axes.plot(100 * curve["share"], curve["profit"] / unit, color=INK, label="profit so far")
    axes.axhline(told.total / unit, color=GREY, lw=1, ls=(0, (4, 3)), label="profit of all customers")
    axes.plot([100 * told.peak_at], [told.peak / unit], "o", color=INK, ms=5, label="peak")
    legend(figure, axes)
    return figure


def _payback(made: Statement, cohorts: Sequence[Cohort]) -> Figure:
    """Draw by segment (those that won most customers) what a customer has brought, less what winning them cost."""
    figure, axes = empty("Payback", height=3.6)
    axes.set(xlabel="months since the first purchase", ylabel=f"brought less cost to acquire{_unit(made)}")
    most = sorted(cohorts, key=lambda each: -each.won.count)[:SHOWN]
    for cohort, colour in zip(most, COLOURS, strict=False):
        brought = np.append(0.0, np.cumsum(cohort.won.contributions)) - (cohort.won.cost or 0.0)
        axes.plot(np.arange(len(brought)), brought, color=colour, label=short(cohort.segment))
    axes.axhline(0, color=GREY, lw=1, ls=(0, (4, 3)))
    legend(figure, axes)
    return figure


def _unit(made: Statement) -> str:
    return f" ({made.sheet.currency})" if made.sheet.currency else ""

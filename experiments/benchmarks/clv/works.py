"""What is asked of every system: a fit, or numbers for every customer from parameters that are given."""

from collections.abc import Callable, Mapping
from typing import Final

from experiments.benchmarks.clv.data import Customers, Floats

Answer = Mapping[str, float] | Floats
"""Parameters, or a number a customer."""
Work = Callable[[Customers], Callable[[], Answer]]
"""Takes customers in the form in which a system wants them, and gives what is then measured."""

HORIZON_WEEKS: Final = 52.0
"""Of the purchases that are expected."""
MONTHS, MONTH_WEEKS, MONTHLY_RATE = 12, 4.345, 0.01
"""Of the lifetime value: purchases of each month are discounted from its end on, as lifetimes has it."""


def named(purchases: Callable[[str], Work], *others: Work) -> Mapping[str, Work]:
    """Give a system's works by their names: fits of both processes of purchases, and others, each named as it is."""
    fits = {process: purchases(process) for process in ("bgnbd", "pareto_nbd")}
    return {**fits, **{work.__name__: work for work in others}}

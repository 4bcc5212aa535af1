"""What is asked of whom, how many customers of, and the bars."""

from dataclasses import dataclass
from typing import Any, Final

from experiments.benchmarks.clv.systems import GROUPED, MAP, OURS, PEER
from experiments.benchmarks.features.cases import short

MEMORY: Final = 1 / 3
"""The share of the peer's memory, above what both have loaded, that ours may take."""
ALIKE: Final = 0.01
"""How much less than the peer's our log-likelihood may be."""
MOST, PARETO = 5_000_000, 1_000_000
SHARES: Final = (0.02, 0.06, 0.2, 0.6, 1.0)
"""Of the most customers."""
FITS: Final = (OURS, PEER, GROUPED)
"""Who fits a process of purchases."""


@dataclass(frozen=True)
class Case:
    """A piece of work on customers drawn of a process, with times by the week or the day.

    `times` is how many times cheaper than `PEER` ours must be, in `MEMORY`; None where nothing is promised. `shown`
    ones make the README's table, those that `grows` the picture.
    """

    name: str
    work: str
    customers: int
    systems: tuple[str, ...] = (OURS, PEER)
    process: str = "bgnbd"
    unit: str = "week"
    times: float | None = None
    shown: bool = False
    grows: bool = False

    def told(self) -> dict[str, Any]:
        """Say what is asked, as plain data."""
        kept = ("work", "customers", "process", "unit", "shown", "grows")
        return {"case": self.name, **{name: getattr(self, name) for name in kept}}


def cases(*, most: int = MOST, pareto: int = PARETO) -> list[Case]:
    """List the cases: BG/NBD at five sizes up to the most customers, Pareto/NBD at its own, the rest at a fifth."""
    some = round(most * SHARES[2])
    return [
        *_growing(most, some),
        Case(f"BG/NBD, {short(some)} by the day", "bgnbd", some, unit="day", systems=FITS),
        Case(
            f"Pareto/NBD, {short(pareto)} by the week",
            "pareto_nbd",
            pareto,
            systems=FITS,
            process="pareto_nbd",
            times=50.0,
            shown=True,
        ),
        Case(f"Gamma-Gamma, {short(some)}", "gamma_gamma", some),
        Case(f"P(alive), {short(some)}", "p_alive", some),
        Case(f"purchases of 52 weeks, {short(some)}", "expected", some),
        Case(f"lifetime value of 12 months, {short(some)}", "clv", some, times=20.0, shown=True),
        Case(f"the same, discounted continuously, {short(some)}", "clv_continuous", some),
    ]


def _growing(most: int, some: int) -> list[Case]:
    """List the fits of BG/NBD, with the peer's bars at some customers and at the most."""
    bars = {some: 10.0, most: 40.0}
    return [
        Case(
            f"BG/NBD, {short(size)} by the week",
            "bgnbd",
            size,
            systems=(*FITS, MAP) if size < some else FITS,
            times=bars.get(size),
            shown=size in bars,
            grows=True,
        )
        for size in (round(most * share) for share in SHARES)
    ]

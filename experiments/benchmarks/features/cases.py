"""What is asked of whom: sizes, cutoffs, and what only some can answer."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from experiments.benchmarks.features.data import END, Size
from experiments.benchmarks.features.question import NAMES, RFM
from experiments.benchmarks.features.systems import SYSTEMS

STEP_DAYS: Final = 28
OURS: Final = tuple(name for name, each in SYSTEMS.items() if each.kind == "ours")
BY_HAND: Final = ("polars by hand", "pandas by hand", "DuckDB SQL by hand")
SMALL: Final = Size(3000, 300)
FEATURETOOLS_ROWS: Final = 100_000
"""featuretools takes a minute where others take a second."""


@dataclass(frozen=True)
class Case:
    """One question to several systems. `shown` ones make the README's table, those that `grows` the picture."""

    name: str
    size: Size
    cutoff_count: int
    systems: tuple[str, ...]
    names: tuple[str, ...] = NAMES
    shown: bool = True
    grows: bool = False
    parquet: bool = False

    @property
    def cutoffs(self) -> list[date]:
        """List cutoffs four weeks apart that end with the data."""
        last: date = END.astype("datetime64[D]").item()
        return [last - timedelta(days=STEP_DAYS * back) for back in reversed(range(self.cutoff_count))]

    def told(self) -> dict[str, Any]:
        """Say what is asked, as plain data."""
        return {
            "case": self.name,
            "shown": self.shown,
            "grows": self.grows,
            "lines": self.size.rows,
            "customers": self.size.customers,
            "cutoffs": self.cutoff_count,
            "asked": len(self.names),
        }


def cases(rows: list[int], *, customers: int, cutoffs: list[int], systems: list[str], large: Size | None) -> list[Case]:
    """List the cases, small before large, of some of the systems.

    `customers` is their number at the largest size, and in proportion at the others.
    """
    most = max(rows)
    sizes = {each: Size(each, max(1, customers * each // most)) for each in (*rows, min(FEATURETOOLS_ROWS, most))}
    everyone = ("reading alone", "augury's door", *OURS, *BY_HAND)
    found = [
        _case(sizes[min(FEATURETOOLS_ROWS, most)], 1, (*OURS, *BY_HAND, "featuretools")),
        *[_case(sizes[each], 1, everyone, shown=False, grows=True) for each in sorted(rows) if each < most],
        *[_case(sizes[most], each, everyone, grows=True) for each in sorted(cutoffs)],
        _case(sizes[most], 1, (*OURS, "lifetimes"), note=", RFM alone", names=RFM),
    ]
    if large is not None:
        found.append(_case(large, 1, OURS, note=", to Parquet", parquet=True))
    chosen = [replace(each, systems=tuple(name for name in each.systems if name in systems)) for each in found]
    return [each for each in chosen if each.systems]


def rehearsal(asked: list[Case]) -> Case:
    """Ask all systems of some cases a little: whether they agree, and to compile and load what is done but once."""
    systems = tuple(dict.fromkeys(name for case in asked for name in case.systems))
    return _case(SMALL, 2, systems)


def _case(size: Size, cutoffs: int, systems: tuple[str, ...], *, note: str = "", **more: Any) -> Case:
    name = f"{short(size.rows)} lines, {cutoffs} cutoff{'s' if cutoffs > 1 else ''}{note}"
    return Case(name, size, cutoffs, systems, **more)


def short(count: int) -> str:
    """Write a count as people say it: 10M, 300k, 950."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= unit:
            return f"{count / unit:g}{letter}"
    return str(count)

"""What must hold, and whether it does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from experiments.benchmarks.serving.run import ALONE
from experiments.benchmarks.serving.systems import (
    BARE,
    BARE_OURS,
    BULK_ARROW,
    BULK_JSON,
    COMPUTED,
    COMPUTED_XGBOOST,
    EXPLAIN,
    FOUR,
    MLFLOW,
    MLSERVER,
    NAIVE,
    READ,
    SCORE,
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """A number of the results: of a system and a case at so many connections."""

    system: str
    case: str
    connections: int
    what: str = "per_second"


@dataclass(frozen=True)
class Bar:
    """A number over another (or alone) that must be at least, or at most, so much."""

    name: str
    mine: Cell
    theirs: Cell | None
    how: Literal["at least", "at most"]
    bar: float
    unit: str = "×"

    def told(self, rows: Sequence[Row]) -> Row | None:
        """Say what it is and whether it is met; None where one of the numbers was not measured."""
        mine, theirs = _value(rows, self.mine), _value(rows, self.theirs) if self.theirs else 1.0
        if mine is None or theirs is None:
            return None
        value = mine / theirs
        met = value >= self.bar if self.how == "at least" else value <= self.bar
        told = {"name": self.name, "value": round(value, 3), "bar": self.bar, "how": self.how, "unit": self.unit}
        return {**told, "met": met, "by_cpu": self._by_cpu(rows)}

    def _by_cpu(self, rows: Sequence[Row]) -> float | None:
        """Say how many times less CPU a request takes, of a bar of rates: it depends less on who else is at work."""
        if self.theirs is None or not self.mine.what.endswith("per_second"):
            return None
        mine, theirs = (_value(rows, replace(each, what="cpu_us")) for each in (self.mine, self.theirs))
        return round(theirs / mine, 3) if mine and theirs else None


def _value(rows: Sequence[Row], cell: Cell) -> float | None:
    for row in rows:
        if (row["system"], row["case"], row["connections"]) == (cell.system, cell.case, cell.connections):
            return float(row[cell.what])
    return None


REFERENCE: Final = 4_000 / 4_611
"""Four models by id on the machine of the reference, to one model by a bare server there at one connection."""
AT: Final = 16


def _score(system: str) -> Cell:
    return Cell(system, SCORE, AT)


def _bulk(system: str, case: str, connections: int = 1) -> Cell:
    return Cell(system, case, connections, "rows_per_second")


BARS: Final = (
    Bar("of the bare server, XGBoost in both", _score(COMPUTED_XGBOOST), _score(BARE), "at least", 0.75),
    Bar("of the bare server, our trees in both", _score(COMPUTED), _score(BARE_OURS), "at least", 0.5),
    Bar("read from the batch, of the bare server with XGBoost", _score(READ), _score(BARE), "at least", 0.75),
    Bar("computed, of the bare server with XGBoost", _score(COMPUTED), _score(BARE), "at least", 0.75),
    Bar("of mlflow models serve", _score(COMPUTED), _score(MLFLOW), "at least", 20),
    Bar("of BentoML as in its tutorials", _score(COMPUTED), _score(NAIVE), "at least", 10),
    Bar("of MLServer", _score(COMPUTED), _score(MLSERVER), "at least", 3),
    Bar("p99 of a computed score", Cell(COMPUTED, SCORE, AT, "p99_ms"), None, "at most", 5, "ms"),
    Bar("p99 of a score that is read", Cell(READ, SCORE, AT, "p99_ms"), None, "at most", 5, "ms"),
    Bar(
        "four models computed, of the bare server's one with XGBoost",
        Cell(COMPUTED, FOUR, 1),
        Cell(BARE, SCORE, 1),
        "at least",
        REFERENCE,
    ),
    Bar("bulk in Arrow, of the boosters alone", _bulk(COMPUTED, BULK_ARROW), _bulk(ALONE, BULK_ARROW), "at least", 0.8),
    Bar("bulk in JSON, of the boosters alone", _bulk(COMPUTED, BULK_JSON), _bulk(ALONE, BULK_ARROW), "at least", 0.8),
    Bar(
        "bulk in Arrow by XGBoost, of the boosters alone",
        _bulk(COMPUTED_XGBOOST, BULK_ARROW),
        _bulk(ALONE, BULK_ARROW),
        "at least",
        0.8,
    ),
    Bar(
        "CPU of a score with three reasons, both read, of one without",
        Cell(READ, EXPLAIN, AT, "cpu_us"),
        Cell(READ, SCORE, AT, "cpu_us"),
        "at most",
        2.5,
    ),
    Bar(
        "CPU of a score with three reasons, both computed, of one without",
        Cell(COMPUTED, EXPLAIN, AT, "cpu_us"),
        Cell(COMPUTED, SCORE, AT, "cpu_us"),
        "at most",
        2.5,
    ),
)


def judged(rows: Sequence[Row]) -> list[Row]:
    """Hold results against every bar whose numbers were measured."""
    return [told for bar in BARS if (told := bar.told(rows)) is not None]

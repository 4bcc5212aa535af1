"""`answer`: declarations over a history for everyone asked, as one SQL query on DuckDB."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from features.declaration import Declaration
from features.engine import views
from features.engine.framed import framed
from features.engine.period import Period
from features.engine.session import lend
from features.engine.sql.query import write
from features.history import History
from features.tables import VIEWS

BATCHES = 64
"""Up to so many distinct cutoffs are asked one by one, if customers are asked about at most of them."""
BESIDE = 8
"""Values of a column are counted for so many cutoffs at a time."""
READ = 20_480
"""So many answers are taken at a time, which is less than what fills a processor's cache."""
Parameters = dict[str, Any]


def answer(
    session: duckdb.DuckDBPyConnection,
    history: History,
    spine: pd.DataFrame,
    declarations: Sequence[Declaration],
    *,
    period: Period,
) -> pd.DataFrame:
    """Compute declarations for each row of a spine: one column each, in the spine's order."""
    keys = list(dict.fromkeys(["customer_id", "cutoff", *(each.by for each in declarations if each.by)]))
    lend(session, "spine", spine[keys].assign(row_id=range(len(spine))))
    cutoffs = pd.DatetimeIndex(np.sort(spine["cutoff"].unique()))
    asked = _asked(history, cutoffs, period)
    answered = _Answered(declarations, len(spine))
    for together in _together(session, cutoffs):
        written = _written(tuple(declarations), cutoffs=len(together), **asked)
        for some in written.batches(session, together):
            answered.take(some)
    return answered.frame()


def _asked(history: History, cutoffs: pd.DatetimeIndex, period: Period) -> dict[str, Any]:
    instants = pd.DatetimeIndex([*cutoffs, *([period.known_by] if period.known_by else [])])
    return {
        "period": period,
        "midnight": bool((instants == instants.normalize()).all()),
        "known_views": frozenset(name for name in VIEWS if "known_time" in views.columns(history, name)),
    }


def _together(session: duckdb.DuckDBPyConnection, cutoffs: pd.DatetimeIndex) -> list[pd.DatetimeIndex]:
    """Choose the cutoffs that are asked one by one after preparing once; none where the spine is joined as a whole."""
    few = len(cutoffs) <= BATCHES and len(cutoffs) > 0
    if few and len(cutoffs) > 1:
        counted = session.execute("SELECT count(*), count(DISTINCT customer_id) FROM spine").fetchall()[0]
        few = 2 * counted[0] >= len(cutoffs) * counted[1]
    if not few:
        return [cutoffs[:0]]
    return [cutoffs[first : first + BESIDE] for first in range(0, len(cutoffs), BESIDE)]


def _wide(node: exp.Expr) -> exp.Expr:
    """Square in 38 digits: DuckDB multiplies decimals of 18 digits in 18, which the square of 100,000.0000 passes."""
    if not isinstance(node, exp.Mul) or node.this != node.expression:
        return node
    one = exp.cast(exp.Literal.number(1), "DECIMAL(38, 0)")
    return exp.Mul(this=exp.Mul(this=one, expression=node.this), expression=node.expression)


@dataclass(frozen=True)
class _Text:
    """SQL, and the names of its parameters."""

    sql: str
    names: frozenset[str]

    @classmethod
    def of(cls, query: exp.Expr) -> "_Text":
        names = frozenset(each.name for each in query.find_all(exp.Placeholder))
        return cls(query.transform(_wide).sql(dialect="duckdb"), names)

    def given(self, parameters: Parameters) -> Parameters:
        return {name: value for name, value in parameters.items() if name in self.names}


@dataclass(frozen=True)
class _Written:
    """What is run once, and for each batch."""

    prepare: dict[str, _Text]
    batch: _Text

    def batches(self, session: duckdb.DuckDBPyConnection, cutoffs: pd.DatetimeIndex) -> Iterator[pa.RecordBatch]:
        """Run it for cutoffs one by one, or for the whole spine if there are none."""
        every: Parameters = {f"cutoff_{place}": cutoff for place, cutoff in enumerate(cutoffs)}
        for name, text in self.prepare.items():
            session.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {text.sql}", text.given(every))
        each = [{"cutoff": cutoff, "number": number} for number, cutoff in enumerate(cutoffs)]
        for parameters in each or [{}]:
            yield from session.sql(self.batch.sql, params=self.batch.given(parameters)).to_arrow_reader(READ)
        for name in self.prepare:
            session.execute(f"DROP TABLE {name}")


@lru_cache(maxsize=64)
def _written(declarations: tuple[Declaration, ...], **asked: Any) -> _Written:
    """One customer after the other, a service asks the same few queries, and writing one takes longer than running."""
    query = write(declarations, carried=("row_id",), **asked)
    return _Written({name: _Text.of(table) for name, table in query.prepare.items()}, _Text.of(query.batch))


class _Answered:
    """The answers, as they come: those of a batch go to the rows of the spine that they are of."""

    def __init__(self, declarations: Sequence[Declaration], rows: int) -> None:
        self.declarations = declarations
        self.numbers = np.empty((len(declarations), rows))
        self.texts = {place: np.full(rows, None, object) for place, each in enumerate(declarations) if each.text}

    def take(self, some: pa.RecordBatch) -> None:
        """Put answers into place."""
        rows = some["row_id"].to_numpy()
        for place, each in enumerate(self.declarations):
            if each.text:
                self.texts[place][rows] = np.array(some[each.name].to_pylist(), dtype=object)
            else:
                self.numbers[place, rows] = pc.fill_null(some[each.name], np.nan).to_numpy()

    def frame(self) -> pd.DataFrame:
        """Give a column a declaration."""
        return framed(self.declarations, self.numbers, self.texts)

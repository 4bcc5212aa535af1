"""`answer`: declarations over a history for everyone asked, by the loops."""

from collections.abc import Iterator, Mapping, Sequence

import duckdb
import numpy as np
import pandas as pd

from features.declaration import Declaration
from features.engine import views
from features.engine.framed import framed
from features.engine.kernel import loops
from features.engine.kernel.arithmetic import evaluate
from features.engine.kernel.asked import Asked
from features.engine.kernel.keyed import Keyed
from features.engine.kernel.load import Rows, load
from features.engine.kernel.loops import Array, Bools, Floats
from features.engine.kernel.source import Source, merged
from features.engine.period import Period
from features.expression import Aggregate, Node
from features.history import History


def answer(
    session: duckdb.DuckDBPyConnection,
    history: History,
    spine: pd.DataFrame,
    declarations: Sequence[Declaration],
    *,
    period: Period,
) -> pd.DataFrame:
    """Compute declarations for each row of a spine: one column each, in the spine's order."""
    made = pd.DataFrame(index=spine.index)
    for by in dict.fromkeys(each.by for each in declarations):
        chosen = [each for each in declarations if each.by == by]
        keyed = Keyed.of(spine, by, period)
        aggregates = by_view(chosen)
        sources = {
            view: load(session, rows_of(history, view, by, read, keyed.asked, period), read, keys=keyed.keys)
            for view, read in aggregates.items()
        }
        frame = answered(chosen, sources, keyed)
        made = frame if made.columns.empty else made.join(frame)
    return made[[each.name for each in declarations]] if len(made.columns) else made


def answered(declarations: Sequence[Declaration], sources: Mapping[str, Source], keyed: Keyed) -> pd.DataFrame:
    """Compute declarations of one grain from the sources of their views."""
    numbers = np.empty((len(declarations), keyed.rows))
    texts = {place: np.empty(keyed.rows, object) for place, each in enumerate(declarations) if each.text}
    fill(declarations, sources, keyed, list(numbers), texts)
    return framed(declarations, numbers, texts)


def fill(
    declarations: Sequence[Declaration],
    sources: Mapping[str, Source],
    keyed: Keyed,
    numbers: Sequence[Floats],
    texts: Mapping[int, Array],
) -> None:
    """Compute declarations into columns, those that are texts into theirs, at the rows that take answers."""
    for asked, rows, taken in keyed.blocks():
        block = _Block(sources, asked)
        for place, each in enumerate(declarations):
            if each.text:
                texts[place][rows] = block.text(each.aggregates[0])[taken]
            else:
                loops.put(np.broadcast_to(block.number(each), asked.size), taken, rows, numbers[place])


def by_view(declarations: Sequence[Declaration]) -> dict[str, list[Aggregate]]:
    """List the aggregates of declarations by the view that they read, each once."""
    wanted: dict[str, dict[str, Aggregate]] = {}
    for each in declarations:
        for aggregate in each.aggregates:
            wanted.setdefault(aggregate.view, {})[repr(aggregate)] = aggregate
    return {view: list(aggregates.values()) for view, aggregates in wanted.items()}


def rows_of(
    history: History, view: str, by: str | None, aggregates: Sequence[Aggregate], asked: Asked, period: Period
) -> Rows:
    """Say which rows of a view are read: those that anybody who is asked about may see."""
    known = "known_time" in views.columns(history, view)
    conditions = list(_times(asked, period))
    if known and period.known_by is not None:
        conditions.append(f"coalesce(known_time, time) < TIMESTAMP '{period.known_by}'")
    picks = any(each.kind in ("first", "last") and each.source == "rows" for each in aggregates)
    clock = picks or not asked.midnight
    return Rows(view, " AND ".join(conditions), by, known and period.horizon_days is None, clock)


def _times(asked: Asked, period: Period) -> Iterator[str]:
    """Bound the times of the rows that anybody may see."""
    if not asked.size:
        yield "FALSE"
        return
    first, last = (pd.Timestamp(int(cutoff), unit="us") for cutoff in (asked.cutoff.min(), asked.cutoff.max()))
    if period.horizon_days is not None:
        yield f"time >= TIMESTAMP '{first}'"
    yield f"time < TIMESTAMP '{last + pd.Timedelta(days=period.horizon_days or 0)}'"


class _Block:
    """The answers to a block of rows."""

    def __init__(self, sources: Mapping[str, Source], asked: Asked) -> None:
        self.sources = sources
        self.parts = {view: list(source.parts(asked)) for view, source in sources.items()}

    def number(self, declaration: Declaration) -> Floats:
        """Compute a declaration, and its `empty` where it gives nothing or there are no events."""
        made = evaluate(declaration.node, self._leaf)
        if declaration.empty is None:
            return made
        marked: Bools = np.logical_or.reduce([self._marked(each) for each in declaration.aggregates])
        return np.where(marked & ~np.isnan(made), made, float(declaration.empty))

    def text(self, aggregate: Aggregate) -> Array:
        """Give the text that an aggregate picks."""
        parts = self.parts[aggregate.view]
        name = f"text {aggregate.value!r}"
        return merged(parts, [_labelled(texts[name], answers.number(aggregate)) for _, answers, texts in parts])

    def _leaf(self, node: Node) -> Floats:
        if not isinstance(node, Aggregate):
            raise TypeError("a declaration is made of aggregates: write e['amount'].sum(), not e['amount']")
        parts = self.parts[node.view]
        return merged(parts, [answers.number(node) for _, answers, _ in parts])

    def _marked(self, aggregate: Aggregate) -> Bools:
        parts = self.parts[aggregate.view]
        return merged(parts, [answers.marked(aggregate) for _, answers, _ in parts])


def _labelled(texts: Sequence[str], places: Floats) -> Array:
    labels = np.array([*texts, None], dtype=object)
    return labels[np.nan_to_num(places, nan=-1).astype(np.int64)]

"""`census`: a population and its features, from one reading of the rows."""

from collections.abc import Sequence

import duckdb
import numpy as np
import pandas as pd

from features.declaration import Declaration
from features.engine.kernel.answer import answered, by_view, rows_of
from features.engine.kernel.asked import Asked
from features.engine.kernel.ids import numbered
from features.engine.kernel.keyed import Keyed
from features.engine.kernel.load import fetched, load, ordered
from features.engine.period import Period
from features.expression import Aggregate
from features.history import History


def census(
    session: duckdb.DuckDBPyConnection,
    history: History,
    cutoffs: pd.DatetimeIndex,
    population: Declaration,
    declarations: Sequence[Declaration],
) -> pd.DataFrame:
    """List a population at different cutoffs, by cutoff and customer, with a column each declaration.

    Whoever has a row of the population's view is known, and asked about from then on.
    """
    instants = np.unique(cutoffs.to_numpy().astype("datetime64[us]").astype(np.int64))
    asked = Asked(np.zeros(len(instants), np.int64), instants)
    aggregates = {population.of: list[Aggregate](), **by_view([population, *declarations])}
    rows = {view: rows_of(history, view, None, read, asked, Period()) for view, read in aggregates.items()}
    table = fetched(session, rows[population.of], aggregates[population.of])
    codes, customers = numbered(table["customer_id"])
    sources = {population.of: ordered(table, rows[population.of], codes, len(customers))}
    del table
    for view in aggregates.keys() - sources.keys():
        sources[view] = load(session, rows[view], aggregates[view], keys=[customers])
    keyed = Keyed.everyone(customers, sources[population.of].columns.store.first_seen, instants)
    held = answered([population], sources, keyed)[population.name] == 1
    keyed = keyed.some(held.to_numpy())
    return keyed.spine().join(answered(declarations, sources, keyed))

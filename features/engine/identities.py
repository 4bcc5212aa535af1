"""The map of ids in a session: views show the rows of a merged id as those of the customer that it belongs to."""

from collections.abc import Iterator

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.engine.views import IDENTITIES, MERGED, TABLE
from features.history import History
from features.identity import Identities


def read(opened: duckdb.DuckDBPyConnection, history: History) -> Identities | None:
    """Read the map; None for a history without one. Raises `HistoryError` for a map that cannot be used."""
    if IDENTITIES not in history.tables:
        return None
    known = ", known_time" if "known_time" in history.columns[IDENTITIES] else ""
    table: pa.Table = opened.sql(f'SELECT customer_id, "into", time{known} FROM {TABLE}{IDENTITIES}').to_arrow_table()
    return Identities.of(table.to_pandas())


def show(opened: duckdb.DuckDBPyConnection, merged: pd.DataFrame) -> None:
    """Let the session's views show a map."""
    opened.register(MERGED, pa.Table.from_pandas(merged, preserve_index=False))


def show_at(opened: duckdb.DuckDBPyConnection, history: History, at: pd.Timestamp | None) -> None:
    """Let views show the map at an instant; there need be none for a history without a map."""
    identities = read(opened, history)
    if identities is None:
        return
    if at is None:
        raise ValueError(f"the ids of {history.name} are merged over time: say the instant `at` which to see them")
    show(opened, identities.at(at))


def turns(opened: duckdb.DuckDBPyConnection, history: History, asked: pd.DataFrame) -> Iterator[npt.NDArray[np.intp]]:
    """Give the rows of what is asked (customer_id, cutoff) in turns; views then show the map that is right for these.

    All rows at once where there is no map. Else those whose ids were not merged or parted yet before their cutoff,
    then those for whom it was once, and so on: as many turns as the most changed of those asked about has states,
    however many cutoffs there are. Raises `ValueError` for ids that belong to another customer at their cutoff.
    """
    identities = read(opened, history)
    if identities is None:
        yield np.arange(len(asked))
        return
    states = identities.states(asked)
    for state in np.unique(states) if len(states) else [0]:
        show(opened, identities.in_state(int(state)))
        yield np.flatnonzero(states == state)


def epochs(
    opened: duckdb.DuckDBPyConnection, history: History, cutoffs: pd.DatetimeIndex
) -> Iterator[pd.DatetimeIndex]:
    """Give cutoffs in time order, those between two changes of the map together; views then show it."""
    ordered, identities = cutoffs.sort_values(), read(opened, history)
    if identities is None:
        yield ordered
        return
    epoch = identities.epochs(ordered)
    for number in np.unique(epoch) if len(epoch) else [0]:
        alike = ordered[epoch == number]
        show(opened, identities.at(alike[0] if len(alike) else history.end))
        yield alike


def owned(opened: duckdb.DuckDBPyConnection, history: History, rows: pa.Table) -> pa.Table:
    """Give rows (customer_id, cutoff, …) to the customers that their ids belong to at their cutoffs."""
    identities = read(opened, history)
    if identities is None:
        return rows
    owners = identities.owners(rows.select(["customer_id", "cutoff"]).to_pandas())
    return rows.set_column(0, "customer_id", pa.array(owners, pa.string()))

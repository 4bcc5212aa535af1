"""What a day's rows change: the customers that they touch, some of them new, with all their events."""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.engine.kept.growth import Growth
from features.engine.kept.pieces import Pieces
from features.engine.kernel import alphabet
from features.engine.kernel.ids import places
from features.engine.kernel.load import Rows, fetched, ordered
from features.expression import Aggregate


def grown(
    session: duckdb.DuckDBPyConnection,
    pieces: Pieces,
    aggregates: Mapping[str, Sequence[Aggregate]],
    known: Mapping[str, bool],
) -> Growth:
    """Read the rows of a session's views, and put them together with their customers' earlier ones."""
    rows = {view: Rows(view, "TRUE", None, known[view], clock=True) for view in aggregates}
    tables = {view: fetched(session, each, aggregates[view]) for view, each in rows.items()}
    chunks = [chunk for table in tables.values() for chunk in table["customer_id"].chunks]
    ids = pc.unique(pa.chunked_array(chunks, pa.string()))
    ids = ids.take(pc.array_sort_indices(ids))
    numbers = alphabet.numbers(ids, pieces.listed)
    customers = ids.filter(pa.array(numbers < 0))
    numbers[numbers < 0] = len(pieces.customers) + np.arange(len(customers))
    by_number = np.argsort(numbers)
    touched, ids = numbers[by_number], ids.take(pa.array(by_number))
    new = {
        view: ordered(table, rows[view], places(table["customer_id"], ids), len(ids)) for view, table in tables.items()
    }
    return Growth(customers, touched, pieces.merged(touched, new))


def folded(pieces: Pieces) -> Growth:
    """Make all pieces one, as if all customers were new, in the order of the alphabet."""
    every = alphabet.alphabetical(pieces.listed)
    return Growth(pieces.customers.take(pa.array(every)), np.arange(len(every)), pieces.merged(every, {}))

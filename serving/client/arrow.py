"""Many rows as Arrow, in parts that the service takes at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from serving.client.errors import unreadable
from serving.messages import MAX_ROWS

KIND: Final = "application/vnd.apache.arrow.stream"
_MODELS: Final = "augury.models"
_BYTES: Final = 24 * 2**20
"""Of a part, below the 32 MB that the service takes."""


def table_of(rows: Any) -> pa.Table:
    """Take a table, a data frame (whatever gives Arrow streams), or dictionaries, of which not all need all keys."""
    if isinstance(rows, pa.Table):
        return rows
    if hasattr(rows, "__arrow_c_stream__"):
        return pa.table(rows)
    listed: list[Mapping[str, Any]] = list(rows)
    names = dict.fromkeys(name for row in listed for name in row)
    return pa.table({name: [row.get(name) for row in listed] for name in names})


def parts(table: pa.Table) -> Iterator[pa.Table]:
    """Cut a table into parts of at most as many rows and bytes as the service takes; one part at least."""
    wide = max(1, table.nbytes // max(1, table.num_rows))
    step = max(1, min(MAX_ROWS, _BYTES // wide))
    for start in range(0, max(1, table.num_rows), step):
        yield table.slice(start, step)


def written(table: pa.Table, models: Sequence[str] | None) -> bytes:
    """Write a part with the models that are asked."""
    named = None if models is None else {_MODELS: ",".join(models)}
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.with_metadata(named)) as stream:
        stream.write_table(table.replace_schema_metadata(named))
    written: bytes = sink.getvalue().to_pybytes()
    return written


def read(answer: bytes) -> pa.Table:
    """Read the answer to a part. Raises `Failed` for what is no Arrow."""
    try:
        with pa.ipc.open_stream(answer) as stream:
            return stream.read_all()
    except (pa.ArrowException, OSError) as error:
        raise unreadable() from error


def together(answers: Sequence[pa.Table]) -> pa.Table:
    """Put the answers to the parts one below the other; their ids and times, in order, have commas between."""
    if len(answers) == 1:
        return answers[0]
    whole = pa.concat_tables(answers, promote_options="default").unify_dictionaries()
    told = [each.schema.metadata or {} for each in answers]
    names = dict.fromkeys(name for each in told for name in each)
    return whole.replace_schema_metadata({name: b",".join(each.get(name, b"") for each in told) for name in names})

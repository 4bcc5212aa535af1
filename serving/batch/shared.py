"""The scores of several models as rows of one table."""

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from serving.batch.draft import Draft
from serving.batch.manifest import SCORES
from serving.batch.rows import shaped

_LAST: Final = ("model", "version")
EMPTY: Final = pa.schema(
    [
        ("customer_id", pa.string()),
        ("cutoff", pa.timestamp("us")),
        ("score", pa.float64()),
        ("model", pa.string()),
        ("version", pa.string()),
    ]
)
"""The columns of a batch that scored nobody."""
_AT_A_TIME: Final = 65_536


def shared(drafts: Sequence[Draft]) -> pa.RecordBatchReader:
    """Stream the scores of drafts, one model after the other, with the columns of all; one that has none is null."""
    parts = [part for draft in drafts for part in draft.parts(SCORES)]
    kinds = {field.name: field.type for schema in map(pq.read_schema, parts) for field in schema} or dict(
        zip(EMPTY.names, EMPTY.types, strict=True)
    )
    names = [*(name for name in kinds if name not in _LAST), *_LAST]
    schema = pa.schema([(name, kinds[name]) for name in names])

    def batches() -> Iterator[pa.RecordBatch]:
        for part in parts:
            for batch in pq.ParquetFile(part, pre_buffer=False).iter_batches(_AT_A_TIME):
                yield shaped(batch, schema)

    return pa.RecordBatchReader.from_batches(schema, batches())

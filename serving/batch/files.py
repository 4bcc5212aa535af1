"""Rows that stream into one file; the same rows make the same bytes."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

_GROUP: Final = 131_072


def write_parquet(rows: pa.RecordBatchReader, path: Path) -> int:
    """Write rows as Parquet; gives how many there were."""
    with pq.ParquetWriter(path, rows.schema, use_dictionary=repeated(rows.schema), store_schema=False) as writer:
        return _counted(_groups(rows), writer.write_table)


def repeated(schema: pa.Schema) -> list[str]:
    """Name the columns that Parquet keeps by a dictionary: texts, but ids, which hardly repeat."""
    return [each.name for each in schema if each.name != "customer_id" and not pa.types.is_primitive(each.type)]


def write_csv(rows: pa.RecordBatchReader, path: Path) -> int:
    """Write rows as CSV, by a name that ends in .gz compressed; gives how many there were."""
    with _opened(path) as out, csv.CSVWriter(out, rows.schema) as writer:
        return _counted(rows, writer.write_batch)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open for writing; a compressed file tells neither its name nor its time, so that the bytes are the rows'."""
    with path.open("wb") as plain:
        if path.suffix.lower() != ".gz":
            yield plain
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0, compresslevel=6) as packed:
            yield packed  # type: ignore[misc]  # it is a file of bytes, though typeshed does not say so


def _groups(rows: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Bring rows together in groups."""
    held: list[pa.RecordBatch] = []
    for batch in rows:
        held.append(batch)
        if sum(each.num_rows for each in held) >= _GROUP:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _counted(parts: Any, write: Callable[[Any], None]) -> int:
    count = 0
    for part in parts:
        write(part)
        count += part.num_rows
    return count

"""Rows that are too many for memory, put where they are read block by block: a table as Parquet, rows in order."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from features.engine.admission.incoming import plainly
from features.engine.render import identifier, text
from features.engine.session import session
from features.engine.table_name import table_of
from features.tables import HistoryError

_MEMORY: Final = "1GB"
_GROUP: Final = 131_072


def each_once(files: Sequence[Path], column: str) -> bool:
    """Whether no value of a column comes twice in Parquet files."""
    with _modest() as opened:
        counted = f"SELECT count(*) = count(DISTINCT {identifier(column)}) FROM {_read(files)}"
        return bool(opened.execute(counted).fetchall()[0][0])


def ordered(files: Sequence[Path], order: Sequence[str], *, to: Path) -> None:
    """Write the rows of Parquet files in an order, as one file; more than fits in memory is sorted on disk."""
    with _modest() as opened:
        _copy(opened, f"SELECT * FROM {_read(files)}", order, to)


def from_duckdb(path: Path, table: str, columns: Sequence[str], *, order: Sequence[str], to: Path) -> None:
    """Write those of some columns that a table of a DuckDB file has as Parquet, in an order. Raises `HistoryError`."""
    if not path.is_file():
        raise HistoryError(f"there is no DuckDB file at {path}")
    with _modest() as opened:
        try:
            opened.execute(f"ATTACH {text(str(path))} AS source (READ_ONLY)")
            relation = f"source.{table_of(table).sql}"
            have = [str(row[0]) for row in opened.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]
            taken = ", ".join(identifier(each) for each in have if each in columns) or "*"
            _copy(opened, f"SELECT {taken} FROM {relation}", [each for each in order if each in have], to)
        except duckdb.Error as error:
            raise HistoryError(f"the table {table!r} of {path} cannot be read: {plainly(error)}") from error


def from_arrow(batches: pa.RecordBatchReader, *, order: Sequence[str], to: Path) -> None:
    """Write rows that stream as Parquet, in an order."""
    with _modest() as opened:
        opened.register("streamed", batches)
        _copy(opened, "SELECT * FROM streamed", [each for each in order if each in batches.schema.names], to)


@contextmanager
def _modest() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a session that takes little memory."""
    with session() as opened:
        opened.execute(f"SET memory_limit = '{_MEMORY}'")
        yield opened


def _read(files: Sequence[Path]) -> str:
    listed = ", ".join(text(str(each)) for each in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def _copy(opened: duckdb.DuckDBPyConnection, query: str, order: Sequence[str], to: Path) -> None:
    """Write rows in an order, and by all other columns where that leaves it open: the same rows make the same file.

    What does not fit in memory is spilled beside the file: who removes its folder removes what a killed process left.
    """
    opened.execute(f"SET temp_directory = {text(str(to.with_name('spilled')))}")
    names = [str(row[0]) for row in opened.execute(f"DESCRIBE {query}").fetchall()]
    by = [*order, *(name for name in names if name not in order)]
    ordered_by = f" ORDER BY {', '.join(map(identifier, by))}" if order else ""
    opened.execute(f"COPY ({query}{ordered_by}) TO {text(str(to))} (FORMAT parquet, ROW_GROUP_SIZE {_GROUP})")

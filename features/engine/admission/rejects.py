"""Rows that cannot be used, written beside: as they came, and why they were left out."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from configs.whole import whole_file
from features.engine.admission.incoming import Incoming
from features.engine.admission.rules import Rule, any_of
from features.engine.render import identifier, text
from features.tables import HistoryError

_MARK: Final = {b"augury": b"rejected rows"}
_NOT_IN_PARQUET: Final = ("HUGEINT", "UHUGEINT", "STRUCT")


def path_of(folder: Path, table: str) -> Path:
    """Say where the rejected rows of a table lie."""
    return folder / f"{table}.parquet"


def write(opened: duckdb.DuckDBPyConnection, folder: Path, rejected: Iterable[tuple[Incoming, Sequence[Rule]]]) -> None:
    """Write the rejected rows of each table with their `reason`, all files or none.

    A file of rows rejected earlier is replaced, or taken away where none are now. Raises `HistoryError` where another
    file, such as the data themselves, is in the way, or Parquet has no type for a column.
    """
    rejected = list(rejected)
    for table, _ in rejected:
        _check_place(path_of(folder, table.name))
    with ExitStack() as drafts:
        for table, rules in rejected:
            if rules:
                draft = drafts.enter_context(whole_file(path_of(folder, table.name)))
                _write(opened, table, rules, draft)
    for table, rules in rejected:
        if not rules:
            path_of(folder, table.name).unlink(missing_ok=True)


def _write(opened: duckdb.DuckDBPyConnection, table: Incoming, rules: Sequence[Rule], draft: Path) -> None:
    try:
        opened.execute(_copy(table, rules, draft))
    except duckdb.Error as error:
        raise HistoryError(f"the rejected rows of {table.name} cannot be written: {error}") from error


def _copy(table: Incoming, rules: Sequence[Rule], draft: Path) -> str:
    """Write the rows as they came, and what is wrong with each; a `reason` of their own comes first, ours after it.

    What Parquet has no type for is written as text.
    """
    odd = [identifier(column) for column, type_ in table.types.items() if type_ in _NOT_IN_PARQUET]
    texts = f" REPLACE ({', '.join(f'CAST({column} AS VARCHAR) AS {column}' for column in odd)})" if odd else ""
    told = ", ".join(
        f"CASE WHEN {rule.condition} THEN {text(f'{rule.finding.column} {rule.finding.what}')} END" for rule in rules
    )
    rows = f"SELECT *{texts}, concat_ws('; ', {told}) AS reason FROM {table.raw} WHERE {any_of(rules)}"
    ((name, mark),) = _MARK.items()
    marked = f"KV_METADATA {{{name.decode()}: {text(mark.decode())}}}"
    return f"COPY ({rows}) TO {text(str(draft))} (FORMAT parquet, {marked})"


def _check_place(path: Path) -> None:
    if path.exists() and not _ours(path):
        raise HistoryError(f"{path} is in the way and holds no rejected rows; name another folder for those")


def _ours(path: Path) -> bool:
    try:
        held = pq.read_metadata(path).metadata or {}
    except (pa.ArrowException, OSError):
        return False
    return _MARK.items() <= held.items()

"""Whether columns are what declarations take them for: said before anything is computed."""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Final

import pyarrow as pa

from features.declaration import Declaration
from features.engine.render import identifier, text
from features.engine.session import place, session
from features.history import History
from features.numeric import numbers, texts
from features.tables import TABLES, VIEWS, HistoryError

_NUMBERS: Final = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
_TEXTS: Final = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_dictionary)
_TIMES: Final = (pa.types.is_timestamp, pa.types.is_date, pa.types.is_time)
_NO_NUMBERS: Final = ("VARCHAR", "TIMESTAMP")
_SHOWN: Final = 5


def check_fit(history: History, declaration: Declaration) -> None:
    """Raise `HistoryError` for a column of one's own that is counted with but no number, or compared to no value.

    Numbers and texts that `features.tables` knows were made that at the door.
    """
    for table, column in sorted(
        {each for each in _counted(declaration) if not _known(history, *each, but=_NO_NUMBERS)}
    ):
        type_ = _type(history, table, column)
        if not any(is_(type_) for is_ in (*_NUMBERS, pa.types.is_null)):
            raise HistoryError(_no_number(history, declaration, table, column, type_))
    for table, column, word in sorted({each for each in _compared(declaration) if not _known(history, *each[:2])}):
        type_ = _type(history, table, column)
        if not any(is_(type_) for is_ in _TEXTS) and not _reads(type_, word):
            said = f"{declaration.name} compares {column} of {table} to {word!r}, but it is {_called(type_)}"
            raise HistoryError(f"{said}{_named(_most_frequent(history, table, column))}; ask for a value of it")


def _counted(declaration: Declaration) -> Iterator[tuple[str, str]]:
    for each in declaration.aggregates:
        yield from ((VIEWS[each.view].table, column) for column in numbers(each))


def _compared(declaration: Declaration) -> Iterator[tuple[str, str, str]]:
    for each in declaration.aggregates:
        yield from ((VIEWS[each.view].table, column, word) for column, word in texts(each))


def _known(history: History, table: str, column: str, *, but: Collection[str] = ()) -> bool:
    """Whether a column's type is known: it is made by the engine, or at the door, and not of one of some types."""
    made = TABLES[table].columns.get(column)
    return column not in history.columns[table] or (made is not None and made.type not in but)


def _type(history: History, table: str, column: str) -> pa.DataType:
    held = history.tables[table]
    if isinstance(held, pa.Table):
        return held.schema.field(column).type
    with session() as opened:
        place(opened, {"held": held})
        return opened.sql("SELECT * FROM held LIMIT 0").to_arrow_table().schema.field(column).type


@cache
def _reads(type_: pa.DataType, word: str) -> bool:
    """Whether a text is a value of a type, as SQL compares the two."""
    with session() as opened:
        place(opened, {"held": pa.table({"value": pa.array([], type_)})})
        called = opened.execute("DESCRIBE held").fetchall()[0][1]
        return bool(opened.execute(f"SELECT TRY_CAST({text(word)} AS {called}) IS NOT NULL").fetchall()[0][0])


def _no_number(history: History, declaration: Declaration, table: str, column: str, type_: pa.DataType) -> str:
    values = _most_frequent(history, table, column)
    value = values[0] if values else "VALUE"
    said = f"{declaration.name} takes {column} of {table} as a number, but it is {_called(type_)}{_named(values)}"
    asked = f"customers.{column}={value}" if table == "customers" else f"e[{column!r}] == {value!r}"
    return f"{said}; ask for one of its values, as {asked}, or give numbers"


def _called(type_: pa.DataType) -> str:
    if any(is_(type_) for is_ in _TEXTS):
        return "text"
    if any(is_(type_) for is_ in _NUMBERS):
        return "a truth value" if pa.types.is_boolean(type_) else "a number"
    return "a time" if any(is_(type_) for is_ in _TIMES) else str(type_)


def _named(values: Sequence[str]) -> str:
    return f", most often {', '.join(map(repr, values))}" if values else ""


def _most_frequent(history: History, table: str, column: str) -> list[str]:
    with session() as opened:
        place(opened, {"held": history.tables[table]})
        value = f"CAST({identifier(column)} AS VARCHAR)"
        asked = f"SELECT {value} FROM held WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1"
        return [str(row[0]) for row in opened.execute(f"{asked} LIMIT {_SHOWN}").fetchall()]

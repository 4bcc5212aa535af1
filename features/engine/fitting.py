"""Whether columns are what declarations take them for: said before anything is computed."""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Final

import pyarrow as pa

from features.declaration import Declaration
from features.engine.render import identifier, text
from features.engine.session import place, session
from features.engine.sorts import Types, called, sort_of
from features.history import History
from features.numeric import numbers, texts
from features.tables import TABLES, VIEWS, HistoryError

_NO_NUMBERS: Final = ("VARCHAR", "TIMESTAMP")
_SHOWN: Final = 5


def check_fit(types: Types, declaration: Declaration) -> None:
    """Raise `HistoryError` for a column of one's own that is not of the sort that a declaration takes it for.

    It is counted with but no number, compared to no value, or an attribute that is text and here is none. Numbers and
    texts that `features.tables` knows were made that at the door.
    """
    _check_numbers(types, declaration)
    _check_words(types, declaration)
    if declaration.text and VIEWS[declaration.of].timeless:
        _check_text(types, declaration)


def _check_numbers(types: Types, declaration: Declaration) -> None:
    counted = {each for each in _counted(declaration) if not _known(types.history, *each, but=_NO_NUMBERS)}
    for table, column in sorted(counted):
        type_ = types.of(table)[column]
        if sort_of(type_) not in ("number", "truth"):
            raise HistoryError(_no_number(types.history, declaration, table, column, type_))


def _check_words(types: Types, declaration: Declaration) -> None:
    for table, column, word in sorted(
        {each for each in _compared(declaration) if not _known(types.history, *each[:2])}
    ):
        type_ = types.of(table)[column]
        if sort_of(type_) != "text" and not _reads(type_, word):
            said = f"{declaration.name} compares {column} of {table} to {word!r}, but it is {called(type_)}"
            raise HistoryError(f"{said}{_named(_most_frequent(types.history, table, column))}; ask for a value of it")


def _check_text(types: Types, declaration: Declaration) -> None:
    """Refuse to write numbers as texts: 1, 1.0 and true would be other words than those that a model was taught."""
    table = VIEWS[declaration.of].table
    for column in sorted(declaration.reads[declaration.of]):
        type_ = types.of(table)[column]
        if sort_of(type_) != "text":
            said = f"{declaration.name} takes {column} of {table} as text, but it is {called(type_)}"
            raise HistoryError(f"{said}; give texts, or take it as it is and train anew")


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
    said = f"{declaration.name} takes {column} of {table} as a number, but it is {called(type_)}{_named(values)}"
    asked = f"customers.{column}={value}" if table == "customers" else f"e[{column!r}] == {value!r}"
    return f"{said}; ask for one of its values, as {asked}, or give numbers"


def _named(values: Sequence[str]) -> str:
    return f", most often {', '.join(map(repr, values))}" if values else ""


def _most_frequent(history: History, table: str, column: str) -> list[str]:
    with session() as opened:
        place(opened, {"held": history.tables[table]})
        value = f"CAST({identifier(column)} AS VARCHAR)"
        asked = f"SELECT {value} FROM held WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1"
        return [str(row[0]) for row in opened.execute(f"{asked} LIMIT {_SHOWN}").fetchall()]

"""Which sort of values the columns of a history's table hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import pyarrow as pa

from features.engine.session import place, session
from features.history import History, Scan

Sort = Literal["number", "truth", "text", "time", "other"]
_NUMBERS: Final = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
_TEXTS: Final = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_dictionary)
_TIMES: Final = (pa.types.is_timestamp, pa.types.is_date, pa.types.is_time)
_SORTS: Final[Mapping[Sort, Sequence[Callable[[pa.DataType], bool]]]] = {
    "number": _NUMBERS,
    "truth": (pa.types.is_boolean,),
    "text": _TEXTS,
    "time": _TIMES,
}


@dataclass(frozen=True)
class Types:
    """The types of the columns of a history's tables; each table is looked at once."""

    history: History
    _seen: dict[str, dict[str, pa.DataType]] = field(default_factory=dict)

    def of(self, table: str) -> dict[str, pa.DataType]:
        """Give the type of each column of a table, in their order; of one that stays where it is no row is read."""
        if table not in self._seen:
            self._seen[table] = {each.name: each.type for each in _schema(self.history.tables[table])}
        return self._seen[table]


def sort_of(type_: pa.DataType) -> Sort:
    """Say which sort of values a type has. A column without any value is a number that nobody has."""
    for sort, those in _SORTS.items():
        if any(is_(type_) for is_ in those):
            return sort
    return "other"


def called(type_: pa.DataType) -> str:
    """Say in words what a column of a type is."""
    words = {"number": "a number", "truth": "a truth value", "text": "text", "time": "a time"}
    return words.get(sort_of(type_), str(type_))


def _schema(held: pa.Table | Scan) -> pa.Schema:
    if isinstance(held, pa.Table):
        return held.schema
    with session() as opened:
        place(opened, {"held": held})
        return opened.sql("SELECT * FROM held LIMIT 0").to_arrow_table().schema

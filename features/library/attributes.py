"""What is known of customers themselves: columns of the table `customers`, as features that need no declaring."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Final

import pyarrow as pa

from configs.registry import UnknownName, did_you_mean
from features.declaration import Declaration
from features.engine.sorts import Sort, Types, called, sort_of
from features.expression import COMPUTED, Events
from features.history import History
from features.tables import TABLES, HistoryError

TABLE: Final = "customers"
PREFIX: Final = f"{TABLE}."
EVERY: Final = f"{PREFIX}*"
_TAKEN: Final = COMPUTED | {"time", "known_time"}
"""What the engine makes of a row's time; a column of the table that is called so cannot be asked for."""


def attribute(name: str, *, text: bool = False) -> Declaration:
    """Declare `customers.COLUMN`, the column as it is, or `customers.COLUMN=VALUE`, 1 where it has that value, else 0.

    Where the column is text the feature is that `text`, where it holds numbers a number, and where it holds truth
    values 0 or 1: the history says which (without one, a number). `customers.*` stands for all columns but the key, in
    their order, and `-customers.COLUMN` after it takes one out again. Times are no features: take them out, or give
    numbers. A customer who is not in the table, or has no value there, has none, and 0 for every `VALUE`. The column
    is taken as known at every cutoff: give the table as it was before the first one, or columns that do not change.

    Raises `ValueError` for another name.
    """
    return _declared(name, text)


@cache
def _declared(name: str, text: bool) -> Declaration:
    column, compared, value = name.removeprefix(PREFIX).partition("=")
    if not name.startswith(PREFIX) or not column or column in COMPUTED:
        raise ValueError(f"{name!r} is no attribute; write {PREFIX}COLUMN or {PREFIX}COLUMN=VALUE")
    e = Events(view=TABLE)
    if compared:
        node, meaning = (e.where(e[column] == value).count() > 0).node, f"Whether {column} is {value!r}. Unit: 0 or 1."
    elif text:
        node, meaning = e[column].top().node, f"{column} of the customer. Unit: text."
    else:
        node, meaning = e[column].last().node, f"{column} of the customer. Unit: its own."
    is_text = text and not compared
    return Declaration(name, "attributes", node, of=TABLE, by=None, empty=None, meaning=meaning, text=is_text)


def meanings(name: str) -> list[Declaration]:
    """List all that an attribute's name may stand for: a number, and a text."""
    return [attribute(name), attribute(name, text=True)]


def columns(history: History) -> list[str]:
    """Name the attributes that a history's columns are, but for the key, in their order."""
    history.require(TABLE, set(), by=EVERY)
    return [f"{PREFIX}{column}" for column in history.columns[TABLE] if column != TABLES[TABLE].key]


def features(history: History) -> list[Declaration]:
    """Declare the attributes that a history's columns are; those of which no feature can be made are left out."""
    of = Types(history).of(TABLE)
    return list(declared(history, [name for name in columns(history) if not _unfit(name, of)]).values())


def declared(history: History, names: Collection[str]) -> dict[str, Declaration]:
    """Declare attributes as the sort that a history's columns are, by name.

    Raises `UnknownName` with the near names for a column that there is not, `HistoryError` for one of which no feature
    can be made, and `ValueError` for a name that is none of an attribute.
    """
    if not names:
        return {}
    there, of = columns(history), Types(history).of(TABLE)
    for name in names:
        if name not in there and name.partition("=")[0] not in there:
            raise UnknownName(did_you_mean("attribute", name, there))
    wrong = {name: why for name in names if (why := _unfit(name, of))}
    if wrong:
        told = ", ".join(f"{name} ({why})" for name, why in wrong.items())
        mend = f"leave them out, as {'-' + next(iter(wrong))!r} does after {EVERY!r}, or give numbers or texts"
        raise HistoryError(f"{history.name}: no features can be made of {told}; {mend}")
    return {name: attribute(name, text=_sort(name, of) == "text") for name in names}


def _unfit(name: str, of: Mapping[str, pa.DataType]) -> str:
    """Say why no feature can be made of an attribute; nothing where one can."""
    column = name.removeprefix(PREFIX)
    if column in of and (column in _TAKEN or "=" in column):
        return "a name that means something else: map the column under another"
    return called(of[column]) if _sort(name, of) in ("time", "other") else ""


def _sort(name: str, of: Mapping[str, pa.DataType]) -> Sort:
    """Say what an attribute is: whether it is a value, else what its column is."""
    column = name.removeprefix(PREFIX)
    return sort_of(of[column]) if column in of else "truth"

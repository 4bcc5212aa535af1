"""What is known of the question itself: columns of the row that an anchored population asks at."""

from functools import cache
from typing import Final

from features.declaration import QUESTION, Declaration
from features.expression import Column, Constant, Node, Operation
from features.tables import TABLES

PREFIX: Final = "anchor."
_TEXTS: Final = {name for table in TABLES.values() for name, each in table.columns.items() if each.type == "VARCHAR"}
_TAKEN: Final = frozenset({"customer_id", "cutoff", "time", "known_time"})


@cache
def anchor(name: str) -> Declaration:
    """Declare `anchor.COLUMN`, the column of the row that asks, or `anchor.COLUMN=VALUE`, 1 where it has that value.

    Such as `anchor.channel` of a touch, a text, or `anchor.cost`, a number. A column that the tables do not know is a
    number; of texts ask for `VALUE`s. What the row says is taken as known when it asks: leave out of the table what was
    written into it later, such as how the customer responded. No engine computes it: `features.frame.frame` does.

    Raises `ValueError` for another name.
    """
    column, compared, value = name.removeprefix(PREFIX).partition("=")
    if not name.startswith(PREFIX) or not column or column in _TAKEN:
        raise ValueError(f"{name!r} is no column of a question; write {PREFIX}COLUMN or {PREFIX}COLUMN=VALUE")
    text = column in _TEXTS and not compared
    meaning = f"{column} of the row that asks. Unit: {'text' if text else 'its own'}."
    node: Node = Column(column)
    if compared:
        node, meaning = Operation("=", (node, Constant(value))), f"Whether {column} is {value!r}. Unit: 0 or 1."
    return Declaration(name, "anchor", node, of=QUESTION, by=None, empty=None, meaning=meaning, text=text)

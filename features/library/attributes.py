"""What is known of customers themselves: columns of the table `customers`, as features that need no declaring."""

from functools import cache

from features.declaration import Declaration
from features.expression import COMPUTED, Events

PREFIX = "customers."


@cache
def attribute(name: str) -> Declaration:
    """Declare `customers.COLUMN`, the column as a number, or `customers.COLUMN=VALUE`, 1 where it has that value.

    A customer who is not in the table has no number, and 0 for every value. The column is taken as known at every
    cutoff: give the table as it was before the first one, or columns that do not change.

    Raises `ValueError` for another name.
    """
    column, compared, value = name.removeprefix(PREFIX).partition("=")
    if not name.startswith(PREFIX) or not column or column in COMPUTED:
        raise ValueError(f"{name!r} is no attribute; write {PREFIX}COLUMN or {PREFIX}COLUMN=VALUE")
    e = Events(view="customers")
    number = e.where(e[column] == value).count() > 0 if compared else e[column].last()
    meaning = (
        f"Whether {column} is {value!r}. Unit: 0 or 1." if compared else f"{column} of the customer. Unit: its own."
    )
    return Declaration(name, "attributes", number.node, of="customers", by=None, empty=None, meaning=meaning)

"""The tables of a customer history: their names, columns, types and what must be there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MONEY: Final = "DECIMAL(18, 4)"
"""Money and quantities are exact inside the engine: sums do not depend on the order of rows."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its SQL type, whether it must be there, and the value it takes where it is not."""

    type: str
    required: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Table:
    """A table's columns."""

    columns: Mapping[str, Column]

    @property
    def required(self) -> list[str]:
        """Columns that must be there, without a null."""
        return [name for name, column in self.columns.items() if column.required]


def _must(type_: str) -> Column:
    return Column(type_, required=True)


TABLES: Final[Mapping[str, Table]] = {
    "transactions": Table(
        {
            "customer_id": _must("VARCHAR"),
            "time": _must("TIMESTAMP"),
            "amount": _must(MONEY),
            "order_id": Column("VARCHAR"),
            "product_id": Column("VARCHAR"),
            "category": Column("VARCHAR"),
            "quantity": Column(MONEY),
            "discount": Column(MONEY),
            "cost": Column(MONEY),
            "channel": Column("VARCHAR"),
            "is_return": Column("BOOLEAN", default="FALSE"),
            "known_time": Column("TIMESTAMP"),
        },
    ),
    "events": Table(
        {"customer_id": _must("VARCHAR"), "time": _must("TIMESTAMP"), "kind": _must("VARCHAR")},
    ),
    "touches": Table(
        {
            "customer_id": _must("VARCHAR"),
            "time": _must("TIMESTAMP"),
            "campaign": _must("VARCHAR"),
            "channel": Column("VARCHAR"),
            "treatment": Column("BOOLEAN", default="TRUE"),
            "cost": Column(MONEY),
        },
    ),
    "subscriptions": Table(
        {
            "customer_id": _must("VARCHAR"),
            "plan": _must("VARCHAR"),
            "start": _must("TIMESTAMP"),
            "end": Column("TIMESTAMP"),
            "price": Column(MONEY),
        },
    ),
    "customers": Table({"customer_id": _must("VARCHAR")}),
    "products": Table({"product_id": _must("VARCHAR"), "category": Column("VARCHAR")}),
}


@dataclass(frozen=True)
class View:
    """The rows of a table that declarations speak of."""

    table: str
    where: str = "TRUE"


VIEWS: Final[Mapping[str, View]] = {
    "purchases": View("transactions", "NOT is_return"),
    "returns": View("transactions", "is_return"),
    "events": View("events"),
    "touches": View("touches"),
}


class HistoryError(ValueError):
    """The history handed in is not what a table must be: says what, where, which value, and how to mend it."""

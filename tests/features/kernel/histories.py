"""Small histories with everything that is nasty about time, and who is asked about, drawn from a seed.

They do not come through the door, which would refuse some of it (negative purchases, say) and takes longer than the
engines: the tables are typed as the door types them.
"""

from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Any, Final, NamedTuple

import pandas as pd
import pyarrow as pa

from features.engine.fingerprint import fingerprint
from features.history import History
from features.tables import MONEY, TABLES

MIDNIGHT: Final = pd.Timestamp("2024-03-01")
"""The day after a leap day; every other instant is so many days away from it."""
CLOCKS: Final = [pd.Timedelta(text) for text in ("0h", "0h", "0h", "1us", "13:37:11.5", "23:59:59.999999")]
DAYS: Final = [-366, -61, -31, -30, -29, -8, -7, -6, -1, -1, 0, 0, 1, 6, 7, 8, 29, 30]
ASKED: Final = [-30, -7, -1, 0, 0, 1, 7, 30]
CUSTOMERS: Final = ["a", "b", "c"]
SMALL: Final = ["0", "0.01", "-0.1", "0.1", "0.2", "5", "5", "-19.99", "19.99", "1234.5678", "0.0001"]
HUGE: Final = ["10000000000000", "-10000000000000", "9999999999999.9999", "0.0001", "-3.3", "0"]
DOUBLES: Final = [None, 0.0, 0.1, 0.3, -2.5, 1e-3, 1 / 3]
OWN: Final = {"gift": pa.float64(), "own": pa.bool_(), "age": pa.float64(), "city": pa.string()}
"""Columns that no table has to have, which the door takes as they are."""
_TYPES: Final = {
    "VARCHAR": pa.string(),
    "TIMESTAMP": pa.timestamp("us"),
    "BOOLEAN": pa.bool_(),
    "BIGINT": pa.int64(),
    MONEY: pa.decimal128(18, 4),
}
_SIZES: Final = {"transactions": [90, 60, 60, 30, 10, 1, 0], "customers": [4, 2, 0]}
_FEWER: Final = [40, 40, 20, 8, 1, 0]
_FEW: Final = [20, 20, 10, 1]


class Drawn(NamedTuple):
    """A history, and who is asked about."""

    history: History
    spine: pd.DataFrame


def drawn(seed: int, *, huge: bool = False) -> Drawn:
    """Draw a history and a spine with rows twice, customers and categories that nobody knows, in no order."""
    by_chance = Random(seed)
    tables = {name: _table(by_chance, name, huge=huge) for name in TABLES if name in _ROW}
    names = {name: tuple(table.column_names) for name, table in tables.items()}
    history = History("drawn", tables, names, pd.Timestamp("2030-01-01"), fingerprint)
    midnight = by_chance.random() < 0.5
    rows = [
        (
            by_chance.choice([*CUSTOMERS, "nobody"]),
            instant(by_chance, ASKED, midnight=midnight),
            by_chance.choice(["tea", "tea", "wine", "fish", None]),
        )
        for _ in range(by_chance.choice([16, 16, 12, 8, 1, 0]))
    ]
    spine = pd.DataFrame([*rows, *rows[:3]], columns=["customer_id", "cutoff", "category"])
    return Drawn(history, spine.astype({"customer_id": "str", "cutoff": "datetime64[us]", "category": "str"}))


def instant(by_chance: Random, days: Sequence[int] = DAYS, *, midnight: bool = False) -> pd.Timestamp:
    """Draw an instant; many are the same, or a day or microsecond apart."""
    clock = CLOCKS[0] if midnight else by_chance.choice(CLOCKS)
    return MIDNIGHT + pd.Timedelta(days=by_chance.choice(days)) + clock


_ROW: Final[dict[str, dict[str, list[Any]]]] = {
    "transactions": {
        "amount": SMALL,
        "discount": [*SMALL, None, None],
        "quantity": [None, "1", "3", "0.5"],
        "category": ["tea", "tea", "wine", None],
        "channel": ["web", "Web", "shop", None],
        "is_return": [False, False, False, True],
        "gift": DOUBLES,
        "own": [True, False, None],
    },
    "events": {"kind": ["visit", "open"], "gift": DOUBLES},
    "touches": {"campaign": ["spring", "fall"], "treatment": [True, False], "cost": [*SMALL, None, None]},
    "subscriptions": {"plan": ["basic", "plus"], "price": [*SMALL, None], "term_days": [None, 0, 7, 30]},
    "customers": {"age": [None, 18.0, 31.5], "city": [None, "Ulm", "ulm", "Ärla"]},
}


def _table(by_chance: Random, name: str, *, huge: bool) -> pa.Table:
    """Draw a table; some rows come twice."""
    size = by_chance.choice(_FEW if huge else _SIZES.get(name, _FEWER))
    rows = [_row(by_chance, name, huge=huge) for _ in range(size)]
    rows += rows[:3]
    columns = list(_row(by_chance, name, huge=huge))
    return pa.table({column: pa.array([row[column] for row in rows], _type(name, column)) for column in columns})


def _row(by_chance: Random, name: str, *, huge: bool) -> dict[str, Any]:
    """Draw a row; it became known when it happened, or at any instant."""
    row: dict[str, Any] = {"customer_id": by_chance.choice(CUSTOMERS)}
    row |= {column: by_chance.choice(values) for column, values in _ROW[name].items()}
    if huge and "amount" in row:
        row["amount"] = by_chance.choice(HUGE)
    row |= {column: None if row[column] is None else Decimal(row[column]) for column in row if _is_money(name, column)}
    if name == "customers":
        return row
    row["known_time"] = by_chance.choice([None, None, instant(by_chance)])
    if name == "subscriptions":
        return row | {"start": instant(by_chance), "end": by_chance.choice([None, instant(by_chance)])}
    return row | {"time": instant(by_chance)}


def _type(name: str, column: str) -> pa.DataType:
    if column in OWN:
        return OWN[column]
    expected = TABLES[name].columns.get(column)
    return _TYPES["TIMESTAMP" if expected is None else expected.type]


def _is_money(name: str, column: str) -> bool:
    return bool(pa.types.is_decimal(_type(name, column)))

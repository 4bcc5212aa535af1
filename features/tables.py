"""The tables of a customer history: their names, columns, types and what must be there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from features.finding import Finding

MONEY: Final = "DECIMAL(18, 4)"
"""Money and quantities are exact inside the engine: sums do not depend on the order of rows."""
RATE: Final = "DECIMAL(18, 10)"
"""What a unit of one currency is worth in another."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its SQL type, whether it must be there, and the value it takes where it is not."""

    type: str
    required: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Table:
    """A table's columns, and the one whose values are there once (empty if there is none)."""

    columns: Mapping[str, Column]
    key: str = ""

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
            "coupon": Column(MONEY),
            "cost": Column(MONEY),
            "channel": Column("VARCHAR"),
            "store_id": Column("VARCHAR"),
            "private_label": Column("BOOLEAN"),
            "currency": Column("VARCHAR"),
            "is_return": Column("BOOLEAN", default="FALSE"),
            "known_time": Column("TIMESTAMP"),
        },
    ),
    "events": Table(
        {
            "customer_id": _must("VARCHAR"),
            "time": _must("TIMESTAMP"),
            "kind": _must("VARCHAR"),
            "campaign": Column("VARCHAR"),
            "known_time": Column("TIMESTAMP"),
        },
    ),
    "touches": Table(
        {
            "customer_id": _must("VARCHAR"),
            "time": _must("TIMESTAMP"),
            "campaign": _must("VARCHAR"),
            "channel": Column("VARCHAR"),
            "treatment": Column("BOOLEAN", default="TRUE"),
            "cost": Column(MONEY),
            "known_time": Column("TIMESTAMP"),
        },
    ),
    "subscriptions": Table(
        {
            "customer_id": _must("VARCHAR"),
            "plan": _must("VARCHAR"),
            "start": _must("TIMESTAMP"),
            "end": Column("TIMESTAMP"),
            "price": Column(MONEY),
            "term_days": Column("BIGINT"),
            "known_time": Column("TIMESTAMP"),
        },
    ),
    "customers": Table({"customer_id": _must("VARCHAR")}, key="customer_id"),
    "identities": Table(
        {
            "customer_id": _must("VARCHAR"),
            "into": _must("VARCHAR"),
            "time": _must("TIMESTAMP"),
            "known_time": Column("TIMESTAMP"),
        },
    ),
    "products": Table({"product_id": _must("VARCHAR"), "category": Column("VARCHAR")}, key="product_id"),
}


@dataclass(frozen=True)
class Rows:
    """Rows of a table that become events: at which time, which of them, and, if they are named, as what kind."""

    time: str = "time"
    where: str = "TRUE"
    kind: str = ""


@dataclass(frozen=True)
class View:
    """The rows of a table that declarations speak of. Those of a `timeless` one were always known.

    `needs` names optional columns without which there is no such view, `hides` those that tell of the future. Where the
    rows are not the table's own, `made` is the SQL that makes them of several, and `gives` names their columns.
    """

    table: str
    rows: tuple[Rows, ...] = (Rows(),)
    timeless: bool = False
    needs: frozenset[str] = frozenset()
    hides: frozenset[str] = frozenset()
    made: str = ""
    gives: frozenset[str] = frozenset()


_CONTRACT: Final = frozenset({"start", "end"})
"""When a contract ends is known once it has: both are told as events."""
_TERM: Final = "CAST(term_days AS BIGINT) * INTERVAL 1 DAY"
_RENEWALS: Final = f'unnest(generate_series(start + {_TERM}, least("end", {{end}}), {_TERM}))'
"""Every end of a term while the contract runs, and the one with which it ends; `{end}` is where the history does."""

_BEFORE: Final = "OVER (PARTITION BY customer_id ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND {last})"
_OPEN: Final = "TIMESTAMP '9999-12-31'"
_CONTRACTS: Final = f"""SELECT customer_id, since, CASE WHEN over < since THEN since ELSE over END AS until FROM (
    SELECT customer_id, {{since}} AS since,
    CASE WHEN "end" < {{end}} THEN "end" + INTERVAL {{grace}} DAY ELSE {_OPEN} END AS over FROM ({{rows}}) AS contracts
) AS told WHERE since < {{end}}"""
"""When a contract is first known to run, and how long it lets a membership run; for good if it has not ended yet."""
_REACHED: Final = f"SELECT *, max(until) {_BEFORE.format(last='1 PRECEDING')} AS reached FROM ({_CONTRACTS}) AS each"
_NUMBER: Final = f"sum(CASE WHEN since <= reached THEN 0 ELSE 1 END) {_BEFORE.format(last='CURRENT ROW')} AS number"
_MEMBERSHIPS: Final = f"""SELECT customer_id, min(since) AS since, max(until) AS until
FROM (SELECT *, {_NUMBER} FROM ({_REACHED}) AS next) AS numbered GROUP BY customer_id, number"""
"""Contracts of a customer, one beginning before the others' grace is over, are one membership.

Whether it has lapsed at an instant is decided by what was known before that instant: contracts begun at it or before.
"""

VIEWS: Final[Mapping[str, View]] = {
    "purchases": View("transactions", (Rows(where="NOT is_return"),)),
    "returns": View("transactions", (Rows(where="is_return"),)),
    "transactions": View("transactions"),
    "events": View("events"),
    "touches": View("touches"),
    "subscriptions": View(
        "subscriptions",
        (Rows("start", kind="start"), Rows('"end"', where='"end" IS NOT NULL', kind="end")),
        needs=frozenset({"end"}),
        hides=_CONTRACT,
    ),
    "renewals": View(
        "subscriptions",
        (Rows(_RENEWALS, where="term_days > 0"),),
        needs=frozenset({"end", "term_days"}),
        hides=_CONTRACT,
    ),
    "memberships": View(
        "subscriptions",
        (Rows("since", kind="start"), Rows("until", where="until < {end}", kind="lapse")),
        needs=frozenset({"end"}),
        made=_MEMBERSHIPS,
        gives=frozenset({"customer_id"}),
    ),
    "customers": View("customers", (Rows("TIMESTAMP '1900-01-01'"),), timeless=True),
}


class HistoryError(ValueError):
    """The history handed in is not what a table must be: says what, where, which value, and how to mend it.

    `findings` are the same as data, where checks of the door found them.
    """

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)

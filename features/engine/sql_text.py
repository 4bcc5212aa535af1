"""SQL that a declaration brings along: it may aggregate the rows it is given, and look at nothing else."""

from functools import lru_cache

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError

from features.engine.instants import AGE

_NOW = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentDatetime, exp.Localtime, exp.Localtimestamp)
_CHANCE = (exp.Rand, exp.Randn, exp.Uuid)
_UNKNOWN = (exp.Anonymous, exp.Columns)
"""What only DuckDB knows: among it are functions of files, settings and the clock, and columns by pattern."""
_TIMES = frozenset({"time", "known_time", "start", "end", "at", "known", "cutoff"})


@lru_cache(maxsize=256)
def parsed(text: str) -> exp.Expr:
    """Parse an aggregate of DuckDB's SQL; `age_days` becomes the age of a row.

    Raises `ValueError` for what could look past the rows: a subquery, another table, the clock, chance, or time itself.
    """
    try:
        tree = parse_one(text, dialect="duckdb")
    except ParseError as error:
        raise ValueError(f"{text!r} is not an SQL expression: {error}") from error
    looks = next((found for found in tree.walk() if _looks_past(found)), None)
    if looks is not None:
        raise ValueError(
            f"{text!r}: {looks.sql()!r} may look past the rows it is given; use their columns and age_days"
        )
    if tree.find(exp.AggFunc) is None:
        raise ValueError(f"{text!r} must aggregate the rows, as in median(amount)")
    return tree.transform(_of_the_rows)


def columns_of(text: str) -> set[str]:
    """Name the columns that an SQL aggregate reads."""
    return {column.name for column in parsed(text).find_all(exp.Column)} - {"at", "cutoff"}


def _of_the_rows(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Column) or node.table:
        return node
    return AGE.copy() if node.name == "age_days" else exp.column(node.name, "d", quoted=True)


def _looks_past(node: exp.Expr) -> bool:
    if isinstance(node, exp.Column):
        return bool(node.table) or node.name.lower() in _TIMES
    if isinstance(node, exp.Star):
        return not isinstance(node.parent, exp.Count)
    return isinstance(node, (exp.Query, exp.Table, exp.Window, *_NOW, *_CHANCE, *_UNKNOWN))

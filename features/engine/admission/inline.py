"""A few rows as SQL text, so that a query over tables that lie elsewhere needs nothing but itself."""

import json
from collections.abc import Mapping, Sequence

from features.engine.render import identifier, text


def inlined(rows: Sequence[Sequence[str | None]], columns: Mapping[str, str]) -> str:
    """Write a query that gives rows of texts as columns of the types named (JSON: 60 times as fast as VALUES)."""
    taken = ", ".join(
        f"CAST(r[{place}] AS {type_}) AS {identifier(name)}" for place, (name, type_) in enumerate(columns.items(), 1)
    )
    held = text(json.dumps([list(row) for row in rows], ensure_ascii=False))
    return f"""SELECT {taken} FROM (SELECT unnest(from_json({held}, '[["VARCHAR"]]')) AS r)"""

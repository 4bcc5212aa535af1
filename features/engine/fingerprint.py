"""The fingerprint of a history: a hash of every value of every table, and of the grace that memberships have."""

import hashlib

from features.engine.render import identifier
from features.engine.session import place, session
from features.history import History


def fingerprint(history: History) -> str:
    """Hash every value; rows may come in any order, since what is added up is one number a row."""
    parts = []
    with session() as opened:
        place(opened, history.tables)
        for table, columns in sorted(history.columns.items()):
            texts = [f"coalesce(CAST({identifier(column)} AS VARCHAR), '\\0')" for column in sorted(columns)]
            row = f"('0x' || substr(md5(concat_ws('\\1', {', '.join(texts)})), 1, 15))::BIGINT"
            total = opened.execute(f"SELECT count(*), sum({row}::HUGEINT) FROM {table}").fetchall()
            parts.append(f"{table} {sorted(columns)} {total}")
    parts += [f"grace_days {history.grace_days}"] if history.grace_days else []
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()

"""The door: a table comes in as what `features.tables` says it is, or an error says what is wrong with it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from features.engine.admission import rejects
from features.engine.admission.category import with_category
from features.engine.admission.incoming import Incoming, reading, take_in
from features.engine.admission.judge import Judged, judge, refuse
from features.engine.admission.policies import applied
from features.engine.admission.rates import read_rates
from features.engine.admission.ready import Ready
from features.engine.fingerprint import fingerprint
from features.engine.session import place, session
from features.engine.zones import check_zone, local_end
from features.finding import Finding
from features.history import DATED, SAY_END, UNDATED, History, Scan, Source, dated, undated
from features.policy import AS_IT_IS, OF_TRANSACTIONS, Policy
from features.tables import TABLES, HistoryError


def admit(
    name: str,
    tables: Mapping[str, Source],
    *,
    end: pd.Timestamp | None = None,
    formats: Mapping[str, str] | None = None,
    zone: str = "UTC",
    policy: Policy = AS_IT_IS,
    rejected: Path | None = None,
) -> History:
    """Check tables and make them a history.

    Any table of `features.history.DATED` makes a history. Customers may come alone: everything is then known of them
    at any time, and nothing happens.
    `end` is the first instant of which nothing is known; by default the midnight after the last transaction, and of
    customers alone `features.history.UNDATED`. Without transactions it must be said: a contract may end in the future.
    `formats` gives strptime formats of time columns that are text in no ISO form or integers, by table.column.
    `zone` is an IANA name: inside, every time is naive local time of it. Times with an offset are converted to it,
    naive ones are taken as its; `features.engine.zones` says why.
    `policy` says what is done about returns, discounts, duplicates, currencies and unusable rows; those that it keeps
    are written to TABLE.parquet in the folder `rejected`. What it touched is told by the history's `findings`.
    Transactions with a product but no category take it from the products.

    Raises `HistoryError` that lists every table, column, count and example that is wrong, with what to do.
    """
    _check_tables(name, tables, end)
    _check_policy(name, tables, policy, rejected)
    with session() as opened:
        check_zone(opened, zone)
        taken = [_taken(opened, table, source, formats or {}, zone) for table, source in tables.items()]
        judged = {each.name: judge(opened, each, policy) for each in taken}
        ready, touched = _ready(opened, name, judged, policy=policy, zone=zone)
        left_out = [told for each in judged.values() for told in each.warnings(rejected)] if rejected else []
        admitted = {table: each.admitted(opened) for table, each in ready.items()}
        history = History(
            name=name,
            tables=admitted,
            columns={table: each.columns for table, each in ready.items()},
            end=_end(opened, admitted, judged) if end is None else local_end(opened, end, zone),
            hashed=fingerprint,
            zone=zone,
            findings=(*left_out, *touched),
            grace_days=policy.grace_days,
        )
        if rejected is not None and policy.rejects == "keep":
            rejects.write(opened, rejected, [(each.table, each.rules) for each in judged.values()])
        return history


def _check_tables(name: str, tables: Mapping[str, Source], end: pd.Timestamp | None) -> None:
    unknown = sorted(set(tables) - set(TABLES))
    if unknown:
        advice = f"a history is made of {', '.join(TABLES)}"
        told = [Finding("table", "error", table, "", 0, "is no table of a history", "", advice) for table in unknown]
        raise HistoryError(f"{name}: unknown tables {unknown}; {advice}", told)
    if not dated(tables) and not undated(tables):
        raise HistoryError(f"{name}: no table of what happens; give one of {', '.join(DATED)}, or customers alone")
    if end is None and "transactions" not in tables and not undated(tables):
        raise HistoryError(f"{name}: without transactions nothing tells where the history ends; {SAY_END}")


def _check_policy(name: str, tables: Mapping[str, Source], policy: Policy, rejected: Path | None) -> None:
    if policy.rejects == "keep" and rejected is None:
        raise HistoryError(f"{name}: the policy keeps rows that cannot be used; name a folder `rejected` for them")
    said = [word for word in OF_TRANSACTIONS if getattr(policy, word) != getattr(AS_IT_IS, word)]
    if said and "transactions" not in tables:
        raise HistoryError(f"{name}: the policy {', '.join(said)} is about transactions, of which there are none")


def _taken(
    opened: duckdb.DuckDBPyConnection, table: str, source: Source, formats: Mapping[str, str], zone: str
) -> Incoming:
    prefix = f"{table}."
    own = {key.removeprefix(prefix): each for key, each in formats.items() if key.startswith(prefix)}
    return take_in(opened, table, source, schema=TABLES[table], formats=own, zone=zone)


def _ready(
    opened: duckdb.DuckDBPyConnection, name: str, judged: Mapping[str, Judged], *, policy: Policy, zone: str
) -> tuple[dict[str, Ready], list[Finding]]:
    """Write each table's query, with policies and categories; give what policies touch. Raises `HistoryError`."""
    rates, wrong = read_rates(opened, policy.currency, zone)
    refuse(name, [*(error for each in judged.values() for error in each.errors(policy)), *wrong])
    ready = {table: each.ready() for table, each in judged.items()}
    if "transactions" not in ready:
        return ready, []
    sales = ready["transactions"]
    with reading("transactions"):
        query, touched = applied(opened, sales.query, sales.columns, policy=policy, rates=rates)
    refuse(name, touched)
    ready["transactions"] = with_category(opened, replace(sales, query=query), ready.get("products"))
    return ready, touched


def _end(
    opened: duckdb.DuckDBPyConnection, admitted: Mapping[str, pa.Table | Scan], judged: Mapping[str, Judged]
) -> pd.Timestamp:
    if undated(admitted):
        return UNDATED
    place(opened, {"admitted": admitted["transactions"]})
    last = opened.execute("SELECT max(time) FROM admitted").fetchall()[0][0]
    if last is None:
        unusable = [finding for _, finding in judged["transactions"].unusable]
        told = "".join(f"\n- {finding.line()}" for finding in unusable)
        raise HistoryError(f"transactions has no rows; a history needs at least one purchase{told}", unusable)
    if last.date() == date.max:
        raise HistoryError(
            f"transactions.time goes up to {last}, and no midnight follows that a history could end at; mend or drop "
            "such rows (systems write that day where they know none), or say the history's `end`"
        )
    return pd.Timestamp(datetime.combine(last, time()) + timedelta(days=1))

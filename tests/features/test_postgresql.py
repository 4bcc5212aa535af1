"""Tables of a real PostgreSQL server."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from adbc_driver_postgresql import dbapi

from features.cutoffs import spine
from features.datasets.own import from_file
from features.engine.door import admit
from features.engine.postgresql import fetch_table
from features.engine.run import observe
from features.engine.session import connect
from features.library import POPULATIONS, available
from features.tables import HistoryError
from tests import postgresql_server
from tests.postgresql_server import QUOTED

Execute = Callable[..., None]
Fetch = Callable[..., pa.Table]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Run a server until the tests of this file end; gives its port."""
    with postgresql_server.server() as port:
        yield port


@pytest.fixture(scope="module")
def uri(port: int) -> str:
    return postgresql_server.uri(port)


@pytest.fixture(scope="module")
def execute(uri: str) -> Execute:
    """Run statements; with a table, that table is there under the name staged."""

    def executed(*statements: str, staged: pa.Table | None = None) -> None:
        with dbapi.connect(uri) as connection, connection.cursor() as cursor:
            if staged is not None:
                cursor.adbc_ingest("staged", staged, mode="replace")
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    return executed


@pytest.fixture
def fetch(uri: str) -> Fetch:
    def fetched(table: str, **columns: str) -> pa.Table:
        return fetch_table("transactions", uri, table, columns)

    return fetched


SALES = """CREATE TABLE "Kasse".verkauf AS SELECT customer_id AS kunde, time AT TIME ZONE 'UTC' AS am,
    amount::numeric(12, 4) AS "Betrag €", category AS art, discount::numeric AS rabatt, is_return, known_time,
    channel, order_id, product_id, quantity, cost, store_id, coupon, private_label
    FROM staged"""
FILE = """[tables.transactions]
postgresql = "$AUGURY_TEST_URI"
table = '"Kasse".verkauf'
columns.customer_id = "kunde"
columns.time = "am"
columns.amount = "Betrag €"
columns.category = "art"
columns.discount = "rabatt"
"""


def test_a_table_of_postgresql_is_the_same_history(
    purchases: pd.DataFrame,
    midnights: pd.DatetimeIndex,
    uri: str,
    execute: Execute,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    execute('CREATE SCHEMA "Kasse"', SALES, staged=pa.Table.from_pandas(purchases, preserve_index=False))
    monkeypatch.setenv("AUGURY_TEST_URI", uri)
    (tmp_path / "bakery.toml").write_text(FILE, encoding="utf-8")
    own, history = from_file(str(tmp_path / "bakery.toml")), admit("drawn", {"transactions": purchases})
    assert (own.end, own.fingerprint) == (history.end, history.fingerprint)
    asked = spine(own, POPULATIONS["known"], midnights)
    features = [each for each in available(own) if not each.by]
    pd.testing.assert_frame_equal(observe(own, asked, features), observe(history, asked, features), check_exact=True)


TYPES: dict[str, tuple[str, str, str]] = {
    "integer ids": ("customer_id", "47::integer", "47"),
    "bigint ids": ("customer_id", "9007199254740993::bigint", "9007199254740993"),
    "smallint ids": ("customer_id", "7::smallint", "7"),
    "text ids": ("customer_id", "'O''Brien 客户'::text", "O'Brien 客户"),
    "varchar ids": ("customer_id", "'a'::varchar(9)", "a"),
    "uuid ids": (
        "customer_id",
        "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ),
    "numeric ids": ("customer_id", "12345678901234567890::numeric", "12345678901234567890"),
    "timestamp": ("time", "'2025-03-30 02:30:00.123456'::timestamp", "2025-03-30 02:30:00.123456"),
    "timestamptz": ("time", "'2025-03-30 02:30:00+05:30'::timestamptz", "2025-03-29 21:00:00"),
    "timestamptz of the server's zone": ("time", "'2025-01-01 09:00:00'::timestamptz", "2025-01-01 00:00:00"),
    "date": ("time", "'2025-02-28'::date", "2025-02-28 00:00:00"),
    "ISO text as time": ("time", "'2025-02-28T10:00:00'::text", "2025-02-28 10:00:00"),
    "numeric(12, 2)": ("amount", "1234567890.05::numeric(12, 2)", "1234567890.0500"),
    "numeric of any digits": ("amount", "0.1::numeric + 0.2", "0.3000"),
    "numeric beyond doubles": ("amount", "90071992547409.9301::numeric", "90071992547409.9301"),
    "money": ("amount", "'1234.5'::money", "1234.5000"),
    "integer amounts": ("amount", "12::integer", "12.0000"),
    "double amounts": ("amount", "12.25::float8", "12.2500"),
    "real amounts": ("amount", "0.5::real", "0.5000"),
    "text amounts": ("amount", "'3.1'::text", "3.1000"),
    "an enum": ("category", "'Käse'::goods", "Käse"),
    "a null enum": ("category", "NULL::goods", "NULL"),
    "a type without a name in Arrow": ("category", "'10.0.0.0/8'::cidr", "10.0.0.0/8"),
    "null as text": ("category", "NULL::text", "NULL"),
    "null as numeric": ("discount", "NULL::numeric", "NULL"),
    "null as timestamptz": ("known_time", "NULL::timestamptz", "NULL"),
    "boolean": ("is_return", "true", "true"),
    "null as boolean": ("is_return", "NULL::boolean", "false"),
}


@pytest.fixture(scope="module")
def server(execute: Execute) -> None:
    """Let the server live in Tokyo, and know a type of its own."""
    execute("ALTER ROLE augury SET timezone = 'Asia/Tokyo'", "CREATE TYPE goods AS ENUM ('Käse', 'Tee')")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(("column", "value", "expected"), TYPES.values(), ids=TYPES)
def test_a_type_comes_in_exactly(column: str, value: str, expected: str, execute: Execute, fetch: Fetch) -> None:
    row = {"customer_id": "'a'::text", "time": "'2025-01-01'::date", "amount": "1::numeric", column: value}
    selected = ", ".join(f"{value} AS {name}" for name, value in row.items())
    execute("DROP TABLE IF EXISTS typed", f"CREATE TABLE typed AS SELECT {selected}")
    with connect(admit("server", {"transactions": fetch("typed")})) as session:
        found = session.execute(f"SELECT coalesce({column}::VARCHAR, 'NULL') FROM transactions").fetchall()
    assert found == [(expected,)]


def test_what_nobody_reads_does_no_harm(execute: Execute, fetch: Fetch) -> None:
    execute(
        """CREATE TABLE odd AS SELECT 1 AS customer_id, now() AS time, 1 AS amount, '::1'::inet AS i, '{}'::json AS j,
        '{}'::jsonb AS k, point(1, 2) AS p, '1 day'::interval AS d, B'1' AS b, ARRAY[1.5] AS n, '\\xff'::bytea AS y"""
    )
    assert admit("server", {"transactions": fetch("odd")}).columns["transactions"][:3] == (
        "customer_id",
        "time",
        "amount",
    )


def test_tables_schemas_and_views_by_their_names(execute: Execute, fetch: Fetch) -> None:
    execute(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.sales AS SELECT 1 AS client, 2 AS customer_id, now() AS time, 1.5 AS amount",
        'CREATE VIEW "Sales 2025" AS SELECT * FROM shop.sales',
    )
    for table in ("shop.sales", "postgres.shop.sales", '"Sales 2025"', 'public."Sales 2025"'):
        fetched = fetch(table, customer_id="client", order_id="client")
        assert fetched.column_names == ["customer_id", "order_id", "time", "amount"]
        assert fetched["customer_id"].to_pylist() == [1]


def test_an_empty_table_is_refused_by_the_door(execute: Execute, fetch: Fetch) -> None:
    execute("CREATE TABLE empty (customer_id integer, time timestamptz, amount numeric)")
    with pytest.raises(HistoryError, match="transactions has no rows"):
        admit("server", {"transactions": fetch("empty")})


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("NULL::integer, now(), 1.5", "transactions.customer_id is empty: 1 rows"),
        ("1, now(), 'NaN'::numeric", "transactions.amount is not a finite number below 1e14: 1 rows"),
        ("1, now(), 1e15::numeric", "transactions.amount is not a finite number below 1e14: 1 rows"),
        ("1, now(), -1.5::numeric", "transactions.amount is negative but not marked as a return"),
        ("1, 20250101, 1.5", "a number is no time; give times, or say the format"),
        ("1.5::float8, now(), 1.5", "transactions.customer_id is DOUBLE"),
    ],
)
def test_rows_are_checked_like_any(row: str, told: str, execute: Execute, fetch: Fetch) -> None:
    execute("DROP TABLE IF EXISTS wrong", f"CREATE TABLE wrong (customer_id, time, amount) AS SELECT {row}")
    with pytest.raises(HistoryError, match=re.escape(told)):
        admit("server", {"transactions": fetch("wrong")})


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("sale", 'relation "sale" does not exist'),
        ("nowhere.sales", 'relation "nowhere.sales" does not exist'),
        ("Sales 2025", "syntax error"),
        ("pg_authid; DROP TABLE typed", "syntax error"),
        ("", "syntax error"),
    ],
)
def test_a_table_that_is_none_is_told(table: str, told: str, fetch: Fetch) -> None:
    with pytest.raises(HistoryError) as caught:
        fetch(table)
    assert str(caught.value).startswith(f"transactions cannot be read from the PostgreSQL table {table!r}: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mapped_column_that_is_not_there_is_told(execute: Execute, fetch: Fetch) -> None:
    execute("CREATE TABLE mapped (id integer, at timestamptz)")
    with pytest.raises(HistoryError, match=r"transactions: the dataset file maps the columns \['day'\], but there are"):
        fetch("mapped", customer_id="id", time="day")


UNDERSTOOD = "its URI is not understood, or no such host is known; write postgresql://user:password@host:5432/database"
UNREACHED = {
    "wrong password": ("postgresql://augury:{secret}@127.0.0.1:{port}/postgres", "password authentication failed"),
    "wrong user": ("postgresql://nobody:{secret}@127.0.0.1:{port}/postgres", "password authentication failed"),
    "no password": ("postgresql://augury@127.0.0.1:{port}/postgres", "no password supplied"),
    "wrong database": ("postgresql://augury:{good}@127.0.0.1:{port}/nothing", 'database "nothing" does not exist'),
    "wrong port": ("postgresql://augury:{secret}@127.0.0.1:1/postgres", "Connection refused"),
    "wrong host": ("postgresql://augury:{secret}@no.such.host.invalid/postgres", UNDERSTOOD),
    "a raw % in the password": ("postgresql://augury:%{secret}@127.0.0.1:{port}/postgres", UNDERSTOOD),
    "a raw @ in the password": ("postgresql://augury:x@{secret}@127.0.0.1:{port}/postgres", UNDERSTOOD),
    "a raw / in the password": ("postgresql://augury:{secret}/x@127.0.0.1:{port}/postgres", UNDERSTOOD),
    "a space in the password": ("postgresql://augury:{secret} x@127.0.0.1:{port}/postgres", UNDERSTOOD),
    "a password that is cut": ("postgresql://augury@127.0.0.1:{port}/postgres?password={secret}%2", UNDERSTOOD),
    "a word of another library": ("postgresql+psycopg://augury:{secret}@127.0.0.1:{port}/postgres", UNDERSTOOD),
    "another database's URI": ("mysql://augury:{secret}@127.0.0.1/x", UNDERSTOOD),
    "words": ("host=127.0.0.1 port={port} user=augury password={secret}", "password authentication failed"),
    "a password alone": ("{secret}", UNDERSTOOD),
    "nothing": ("", UNDERSTOOD),
}


@pytest.mark.parametrize(("said", "told"), UNREACHED.values(), ids=UNREACHED)
def test_a_server_that_is_not_reached_is_told_without_the_password(said: str, told: str, port: int) -> None:
    with pytest.raises(HistoryError) as caught:
        fetch_table("transactions", said.format(secret="hunter2", good=QUOTED, port=port), "sales", {})
    text = str(caught.value)
    assert text.startswith("transactions: PostgreSQL cannot be reached: ")
    assert told in text
    assert "hunter2" not in text
    assert QUOTED not in text
    assert caught.value.__suppress_context__

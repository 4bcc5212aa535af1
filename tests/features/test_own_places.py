"""A dataset file's globs, partitions, URLs, time zone and policies."""

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from configs.toml import ConfigError
from features.datasets import load
from features.datasets.own import own_data
from features.engine.scan import scan_files
from features.engine.session import connect
from features.history import Scan
from features.tables import HistoryError

Write = Callable[[str], str]
SALES = pd.DataFrame(
    {
        "customer_id": list("abcd"),
        "time": ["2024-01-01", "2024-01-02", "2024-02-01", "2024-02-02"],
        "amount": [1.0, 2.0, 3.0, 4.0],
        "channel": ["web", "shop", "web", None],
        "store": ["007", "007", "8", "8"],
    }
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> str:
        (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
        return str(tmp_path / "shop.toml")

    return written


def _partitioned(folder: Path, kind: str) -> None:
    """Lay the rows in folders of store and channel, by DuckDB's own writer."""
    with duckdb.connect() as connection:
        connection.register("sales", SALES)
        options = f"FORMAT {kind}, PARTITION_BY (store, channel){', HEADER' if kind == 'csv' else ''}"
        connection.execute(f"COPY sales TO '{folder}/sales' ({options})")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_folders_that_are_called_like_a_value_are_columns(kind: str, write: Write, tmp_path: Path) -> None:
    """Also one of ours; text stays text, so that store 007 is not store 7."""
    _partitioned(tmp_path, kind)
    history = load(write(f'[tables.transactions]\n{kind} = "sales/**/*.{kind}"\ncolumns.shop = "store"\n'))
    with connect(history) as session:
        rows = session.execute("SELECT customer_id, amount, channel, shop FROM transactions ORDER BY 1").fetchall()
    assert [(name, float(amount), channel, shop) for name, amount, channel, shop in rows] == [
        ("a", 1.0, "web", "007"),
        ("b", 2.0, "shop", "007"),
        ("c", 3.0, "web", "8"),
        ("d", 4.0, None, "8"),
    ]


@pytest.mark.parametrize(
    ("glob", "names"),
    [
        ("sales/**/*.parquet", "abcd"),
        ("sales/store=007/**/*.parquet", "ab"),
        ("sales/store=*/channel=web/*.parquet", "ac"),
        ("sales/store=8/**/*.parquet", "cd"),
        ("sales/*/channel=shop/*.parquet", "b"),
    ],
)
def test_a_glob_takes_the_files_that_it_matches(glob: str, names: str, write: Write, tmp_path: Path) -> None:
    _partitioned(tmp_path, "parquet")
    history = load(write(f'[tables.transactions]\nparquet = "{glob}"\ncolumns.place = "store"\n'))
    with connect(history) as session:
        rows = session.execute("SELECT customer_id, typeof(place) FROM transactions ORDER BY 1").fetchall()
    assert rows == [(name, "VARCHAR") for name in names]


URLS = [
    ("csv", "s3://bucket/sales/*.csv", "httpfs"),
    ("parquet", "https://example.org/sales.parquet", "httpfs"),
    ("parquet", "gs://bucket/sales.parquet", "httpfs"),
    ("parquet", "az://container/sales.parquet", "azure"),
]


@pytest.mark.parametrize(("kind", "url", "extension"), URLS)
def test_a_url_without_its_extension_says_how_to_install_it(
    kind: str, url: str, extension: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB looks for extensions in the home folder, where there are none now."""
    monkeypatch.setenv("HOME", str(tmp_path))
    told = (
        f"transactions: {url} is read by DuckDB's extension {extension}, which is not installed here; install it once, "
        f"where the network allows it: python -c \"import duckdb; duckdb.sql('INSTALL {extension}')\""
    )
    with pytest.raises(HistoryError, match=f"^{re.escape(told)}$"):
        load(write(f'[tables.transactions]\n{kind} = "{url}"\n'))
    assert [path.name for path in tmp_path.rglob("*")] == ["shop.toml"]


def test_a_scheme_that_nobody_knows_is_passed_on_unchanged() -> None:
    with pytest.raises(HistoryError, match=re.escape("transactions cannot be read from read_csv('tape://reel/7.csv'")):
        scan_files("transactions", "read_csv", "tape://reel/7.csv", {})


def test_a_file_url_is_read(tmp_path: Path, write: Write) -> None:
    SALES.to_parquet(tmp_path / "sales.parquet")
    history = load(write(f'[tables.transactions]\nparquet = "file://{tmp_path}/sales.parquet"\n'))
    assert history.end == pd.Timestamp("2024-02-03")


CSV = '[tables.transactions]\ncsv = "sales.csv"\n'


def test_the_zone_is_that_of_times_and_end(write: Write, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("customer_id,time,amount\na,2024-07-01T22:30:00Z,1\n", encoding="utf-8")
    history = load(write(f'zone = "Europe/Berlin"\nend = 2024-07-31T22:00:00Z\n{CSV}'))
    assert (history.zone, history.end) == ("Europe/Berlin", pd.Timestamp("2024-08-01"))
    with connect(history) as session:
        assert session.execute("SELECT time::VARCHAR FROM transactions").fetchall() == [("2024-07-02 00:30:00",)]
    with pytest.raises(HistoryError, match="unknown time zone 'Europe/Berln'; did you mean 'Europe/Berlin'"):
        load(write(f'zone = "Europe/Berln"\n{CSV}'))


def test_policies_are_said_in_the_file(write: Write, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(
        "customer_id,time,amount,discount,order_id,currency\n"
        "a,2024-01-01,10,1,o1,EUR\n"
        "a,2024-01-01,10,1,o1,EUR\n"
        "b,2024-01-02,-20,,o2,USD\n"
        ",2024-01-03,30,,o3,EUR\n",
        encoding="utf-8",
    )
    (tmp_path / "rates.csv").write_text("currency,rate,from\nUSD,0.5,2024-01-01\n", encoding="utf-8")
    policy = (
        'rejected = "left out"\n[policy]\nreturns = "net"\ndiscounts = "out"\nduplicates = "drop"\nrejects = "keep"\n'
    )
    history = load(write(f'{policy}[policy.currency]\nbase = "EUR"\nrates = "rates.csv"\n{CSV}'))
    with connect(history) as session:
        rows = session.execute("SELECT customer_id, amount::VARCHAR, is_return FROM transactions ORDER BY 1").fetchall()
    assert rows == [("a", "9.0000", False), ("b", "-10.0000", True)]
    assert [(each.check, each.rows) for each in history.findings] == [
        ("rejects", 1),
        ("currency", 1),
        ("discounts", 2),
        ("returns", 1),
        ("duplicates", 1),
    ]
    assert len(pd.read_parquet(tmp_path / "left out" / "transactions.parquet")) == 1


def test_rates_may_be_parquet(write: Write, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("customer_id,time,amount,currency\na,2024-01-01,10,USD\n", encoding="utf-8")
    pd.DataFrame({"currency": ["USD"], "rate": [0.25]}).to_parquet(tmp_path / "rates.parquet")
    history = load(write(f'{CSV}[policy.currency]\nbase = "EUR"\nrates = "rates.parquet"\n'))
    with connect(history) as session:
        assert session.execute("SELECT amount::VARCHAR, currency FROM transactions").fetchall() == [("2.5000", "EUR")]


REFUSED = {
    "a word": (f'{CSV}[policy]\nreturns = "nett"\n', ConfigError, "policy.returns = 'nett': "),
    "a key": (f'{CSV}[policy]\nreturn = "net"\n', ConfigError, "unknown key 'policy.return'; did you mean 'policy.ret"),
    "no rates": (f'{CSV}[policy.currency]\nbase = "EUR"\n', ConfigError, "the key 'policy.currency.rates' is missing"),
    "no folder": (f'{CSV}[policy]\nrejects = "keep"\n', ConfigError, 'rejected = "FOLDER" go together: say both'),
    "a folder alone": (f'rejected = "left out"\n{CSV}', ConfigError, 'rejected = "FOLDER" go together: say both'),
    "no file of rates": (
        f'{CSV}[policy.currency]\nbase = "EUR"\nrates = "rates.csv"\n',
        HistoryError,
        "rates cannot be read from read_csv('",
    ),
}


@pytest.mark.parametrize(("text", "error", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_told(text: str, error: type[Exception], told: str, write: Write, tmp_path: Path) -> None:
    SALES.to_csv(tmp_path / "sales.csv", index=False)
    with pytest.raises(error, match=re.escape(told)):
        load(write(text))


def test_what_a_file_points_to_can_be_had_unchecked(write: Write, tmp_path: Path) -> None:
    """Rows that no history would take."""
    (tmp_path / "sales.csv").write_text("client,time\n,soon\n", encoding="utf-8")
    data = own_data(write(f'zone = "Asia/Tokyo"\n{CSV}columns.customer_id = "client"\nformats.time = "%d"\n'))
    assert (data.name, data.zone, data.end, data.formats) == ("shop", "Asia/Tokyo", None, {"transactions.time": "%d"})
    source = data.tables["transactions"]
    assert isinstance(source, Scan)
    with duckdb.connect() as connection:
        assert connection.execute(source.query).fetchall() == [(None, "soon")]
    with pytest.raises(HistoryError, match="shop cannot be used"):
        data.admitted()


def test_a_file_that_breaks_midway_is_told_with_its_table(write: Write, tmp_path: Path) -> None:
    """Row 30,000 has a column too many: the heading was fine."""
    rows = "a,2024-01-01,1\n" * 30_000
    (tmp_path / "sales.csv").write_text(f"customer_id,time,amount\n{rows}a,2024-01-01,1,1,1\n", encoding="utf-8")
    with pytest.raises(HistoryError, match=r"transactions cannot be read: .*[Ee]rror"):
        load(write(CSV))

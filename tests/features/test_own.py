"""Your own data by a dataset file: files and databases whose columns are called otherwise, and every refusal."""

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from configs.registry import UnknownName
from configs.settings import SILENCE, Settings
from configs.toml import ConfigError
from experiments.cli import main
from features.cutoffs import spine
from features.datasets import load
from features.datasets.own import from_file
from features.engine.door import admit
from features.engine.run import observe
from features.engine.session import connect
from features.history import History
from features.library import POPULATIONS, available, chosen
from features.tables import HistoryError
from models.registry import ModelRegistry

GERMAN = {
    "customer_id": "Kunde",
    "time": "Kaufdatum",
    "amount": "Betrag",
    "category": "Warengruppe",
    "discount": "Rabatt",
    "is_return": "Retoure",
    "known_time": "gebucht am",
}
COLUMNS = "\n".join(f'columns.{ours} = "{theirs}"' for ours, theirs in GERMAN.items())
DAYS = "%d.%m.%Y %H:%M:%S.%f"
Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a dataset file called bakery; gives its path."""

    def written(text: str) -> str:
        (tmp_path / "bakery.toml").write_text(text, encoding="utf-8")
        return str(tmp_path / "bakery.toml")

    return written


@pytest.fixture(scope="module")
def history(purchases: pd.DataFrame) -> History:
    """Admit the drawn purchases alone."""
    return admit("drawn", {"transactions": purchases})


@pytest.fixture
def german(purchases: pd.DataFrame) -> pd.DataFrame:
    return purchases.rename(columns=GERMAN)


def _csv(german: pd.DataFrame, folder: Path) -> str:
    told = german.assign(
        **{name: german[name].dt.strftime(DAYS) for name in ("Kaufdatum", "gebucht am")},
        Retoure=german["Retoure"].map({True: "true", False: "false"}),
    )
    (folder / "Kasse").mkdir()
    for number, part in enumerate(np.array_split(np.arange(len(told)), 3)):
        told.iloc[part].to_csv(folder / "Kasse" / f"2025-{number}.csv", index=False)
    return f'csv = "Kasse/2025-*.csv"\nformats.time = "{DAYS}"\nformats.known_time = "{DAYS}"\n'


def _parquet(german: pd.DataFrame, folder: Path) -> str:
    for number, part in enumerate(np.array_split(np.arange(len(german)), 4)):
        german.iloc[part].to_parquet(folder / f"it's-{number}.parquet")
    return f'parquet = "{folder}/it\'s-*.parquet"\n'


def _duckdb(german: pd.DataFrame, folder: Path) -> str:
    with duckdb.connect(str(folder / "shop.db")) as connection:
        connection.register("drawn", pa.Table.from_pandas(german, preserve_index=False))
        connection.execute('CREATE SCHEMA "Kasse 1"; CREATE TABLE "Kasse 1".sales AS SELECT * FROM drawn')
    return 'duckdb = "shop.db"\ntable = \'"Kasse 1".sales\'\n'


@pytest.mark.parametrize("lay", [_csv, _parquet, _duckdb])
def test_data_that_lie_elsewhere_are_the_same_history(
    lay: Callable[[pd.DataFrame, Path], str],
    german: pd.DataFrame,
    history: History,
    midnights: pd.DatetimeIndex,
    write: Write,
    tmp_path: Path,
) -> None:
    own = load(write(f"[tables.transactions]\n{lay(german, tmp_path)}{COLUMNS}\n"))
    assert (own.name, own.end, own.fingerprint) == ("bakery", history.end, history.fingerprint)
    asked = spine(own, POPULATIONS["known"], midnights)
    pd.testing.assert_frame_equal(asked, spine(history, POPULATIONS["known"], midnights))
    features = [each for each in available(own) if not each.by]
    pd.testing.assert_frame_equal(observe(own, asked, features), observe(history, asked, features), check_exact=True)


def test_several_tables_make_a_history(write: Write, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("customer_id,time,amount,product_id\n7,2025-01-01,1.5,p\n", encoding="utf-8")
    (tmp_path / "goods.csv").write_text("product,category\np,tea\n", encoding="utf-8")
    own = from_file(
        write(
            'end = 2025-02-01\n[tables.transactions]\ncsv = "sales.csv"\n'
            '[tables.products]\ncsv = "goods.csv"\ncolumns.product_id = "product"\n'
        )
    )
    assert own.end == pd.Timestamp("2025-02-01")
    with connect(own) as session:
        assert session.execute("SELECT customer_id, category FROM transactions").fetchall() == [("7", "tea")]


@pytest.mark.parametrize(
    "end",
    ["2025-02-01", "2025-02-01T00:00:00Z", "2025-02-01T05:30:00+05:30", '"2025-02-01"', '"2025-01-31T23:00-01:00"'],
)
def test_the_end_may_have_an_offset(end: str, write: Write, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("customer_id,time,amount\na,2025-01-01,1\n", encoding="utf-8")
    own = from_file(write(f'end = {end}\n[tables.transactions]\ncsv = "sales.csv"\n'))
    assert own.end == pd.Timestamp("2025-02-01")
    assert len(spine(own, POPULATIONS["known"], [own.end])) == 1


def test_a_column_may_serve_twice_and_others_pass_through(write: Write, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("id,day,amount,time,mood\na,2025-01-01,1,noon,good\n", encoding="utf-8")
    columns = 'columns.customer_id = "id"\ncolumns.order_id = "id"\ncolumns.time = "day"\n'
    own = from_file(write(f'[tables.transactions]\ncsv = "sales.csv"\n{columns}'))
    with connect(own) as session:
        rows = session.execute("FROM transactions SELECT customer_id, order_id, time::VARCHAR, mood").fetchall()
    assert rows == [("a", "a", "2025-01-01 00:00:00", "good")]
    assert set(own.columns["transactions"]) == {"customer_id", "order_id", "time", "amount", "mood", "is_return"}


def test_a_file_that_is_edited_is_another_history(write: Write, tmp_path: Path) -> None:
    told = []
    for amount in ("1.00", "1.0", "1.01"):
        (tmp_path / "sales.csv").write_text(f"customer_id,time,amount\na,2025-01-01,{amount}\n", encoding="utf-8")
        told.append(from_file(write('[tables.transactions]\ncsv = "sales.csv"\n')).fingerprint)
    assert told[0] == told[1] != told[2]


CSV = '[tables.transactions]\ncsv = "sales.csv"\n'
REFUSED: Mapping[str, tuple[str, type[Exception], str]] = {
    "two sources": (
        f'{CSV}parquet = "sales.parquet"\n',
        ConfigError,
        "say exactly one of csv, parquet, duckdb, postgresql, not ['csv', 'parquet']",
    ),
    "no source": (
        "[tables.transactions]\n",
        ConfigError,
        "say exactly one of csv, parquet, duckdb, postgresql, not none",
    ),
    "a database without table": (
        '[tables.transactions]\nduckdb = "shop.db"\n',
        ConfigError,
        "duckdb and postgresql need the name of a table; files have none",
    ),
    "a file with a table": (f'{CSV}table = "sales"\n', ConfigError, "need the name of a table; files have none"),
    "an unknown key": (f"{CSV}colums.time = 'day'\n", ConfigError, "unknown key 'tables.transactions.colums'"),
    "an unknown key above": ('ende = "2025-01-01"\n' + CSV, ConfigError, "unknown key 'ende'; did you mean 'end'?"),
    "a number as path": ("[tables.transactions]\ncsv = 3\n", ConfigError, "tables.transactions.csv = 3: "),
    "no tables": (
        "[tables]\n",
        ConfigError,
        "say either [tables.NAME], a history, or [table], customers without dates, not none",
    ),
    "nothing": ("", ConfigError, "say either [tables.NAME], a history, or [table], customers without dates, not none"),
    "no TOML": ("[tables.transactions\n", ConfigError, "bakery.toml is not TOML: "),
    "no end": (f'end = "soon"\n{CSV}', ConfigError, "end = 'soon': "),
    "an unknown table": (
        '[tables.sales]\ncsv = "sales.csv"\n',
        HistoryError,
        "bakery: unknown tables ['sales']; a history is made of transactions, events, touches,",
    ),
    "table and tables": (f'{CSV}[table]\ncsv = "sales.csv"\n', ConfigError, "customers without dates, not both"),
    "nothing that happens": (
        '[tables.products]\ncsv = "sales.csv"\n',
        HistoryError,
        "bakery: no table of what happens",
    ),
    "no transactions and no end": (
        '[tables.events]\ncsv = "sales.csv"\n',
        HistoryError,
        "bakery: without transactions nothing tells where the history ends; say the `end`",
    ),
    "a mapped column that is not there": (
        f'{CSV}columns.customer_id = "Kunde"\ncolumns.category = "art"\n',
        HistoryError,
        "transactions: the dataset file maps the columns ['Kunde', 'art'], but there are ['customer_id', 'time', 'amou",
    ),
    "a file that is not there": (
        '[tables.transactions]\ncsv = "sale.csv"\n',
        HistoryError,
        "transactions cannot be read from read_csv('",
    ),
    "files that are not there": (
        '[tables.transactions]\nparquet = "2025-*.parquet"\n',
        HistoryError,
        "transactions cannot be read from read_parquet('",
    ),
    "a database that is not there": (
        '[tables.transactions]\nduckdb = "shop.db"\ntable = "sales"\n',
        HistoryError,
        "transactions: there is no DuckDB file at ",
    ),
    "a file that is no database": (
        '[tables.transactions]\nduckdb = "sales.csv"\ntable = "sales"\n',
        HistoryError,
        "transactions cannot be read from source.sales: ",
    ),
    "a file that is no Parquet": (
        '[tables.transactions]\nparquet = "sales.csv"\n',
        HistoryError,
        "transactions cannot be read from read_parquet('",
    ),
    "no environment variable": (
        '[tables.transactions]\npostgresql = "$AUGURY_NO_SUCH_URI"\ntable = "sales"\n',
        HistoryError,
        "the environment variable 'AUGURY_NO_SUCH_URI', which says where a table lies, is not set",
    ),
    "no environment variable for a path": (
        '[tables.transactions]\ncsv = "$AUGURY_NO_SUCH_PATH"\n',
        HistoryError,
        "the environment variable 'AUGURY_NO_SUCH_PATH', which says where a table lies, is not set",
    ),
    "times in another form": (
        f'{CSV}formats.time = "%d.%m.%Y"\n',
        HistoryError,
        "transactions.time is not a time of the format '%d.%m.%Y': 1 rows, such as {'customer_id': 'a', 'time': '2025-",
    ),
}


def test_a_path_may_be_held_by_an_environment_variable(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere.csv").write_text("customer_id,time,amount\na,2025-01-01,1\n", encoding="utf-8")
    monkeypatch.setenv("AUGURY_SALES", str(tmp_path / "elsewhere.csv"))
    assert load(write('[tables.transactions]\ncsv = "$AUGURY_SALES"\n')).end == pd.Timestamp("2025-01-02")


def test_columns_of_one_s_own_are_read_in_the_format_that_is_said(write: Write, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("customer_id,time,amount\na,2025-01-01,1\n", encoding="utf-8")
    (tmp_path / "people.csv").write_text("customer_id,age,zip,since\na,041.5,04109,31.12.2024\n", encoding="utf-8")
    text = f'{CSV}[tables.customers]\ncsv = "people.csv"\nformats.age = "number"\nformats.since = "%d.%m.%Y"\n'
    history = load(write(text))
    asked = pd.DataFrame({"customer_id": ["a"], "cutoff": pd.Timestamp("2025-02-01")})
    names = ["customers.age", "customers.zip=04109", "customers.since=2024-12-31"]
    assert observe(history, asked, chosen(names))[names].to_numpy().tolist() == [[41.5, 1, 1]]
    (tmp_path / "people.csv").write_text("customer_id,age,since\na,old,31.12.2024\n", encoding="utf-8")
    with pytest.raises(HistoryError, match=r"customers.age is not a number: 1 rows, such as .*'age': 'old'"):
        load(write(text))


@pytest.mark.parametrize(("text", "error", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_told(text: str, error: type[Exception], told: str, write: Write, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("customer_id,time,amount\na,2025-01-01,1\n", encoding="utf-8")
    with pytest.raises(error) as caught:
        load(write(text))
    assert told in str(caught.value)


def test_an_unknown_dataset_is_refused_with_the_near_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown dataset 'cdnwo'; did you mean 'cdnow'"):
        load("cdnwo")
    with pytest.raises(UnknownName, match=r"unknown dataset .*nowhere\.toml"):
        load(str(tmp_path / "nowhere.toml"))


STUDY = """title = "Bakery"
dataset = "{dataset}"
population = "known"
features = ["rfm", "discount"]
champion = "segments"

[cutoffs]
first = 2024-05-01
step_days = 28
test = [2024-12-01]

[models.segments]
"""


def test_it_is_trained_and_scored_through_the_command_line(
    purchases: pd.DataFrame,
    german: pd.DataFrame,
    history: History,
    write: Write,
    store_uri: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten shops of the drawn one's customers: sixty would be too few to make a model of."""
    many = [german.assign(Kunde=german["Kunde"] + f"-{shop}") for shop in range(10)]
    dataset = write(f"[tables.transactions]\n{_csv(pd.concat(many, ignore_index=True), tmp_path)}{COLUMNS}\n")
    sold = [purchases.assign(customer_id=purchases["customer_id"] + f"-{shop}") for shop in range(10)]
    known = pd.concat(sold, ignore_index=True)[list(GERMAN)]
    study, var = tmp_path / "bakery_segments.toml", tmp_path / "var"
    study.write_text(STUDY.format(dataset=dataset), encoding="utf-8")
    var.mkdir()
    shutil.copy(store_uri.removeprefix("sqlite:///"), var / "mlflow.db")
    for name, value in {**SILENCE, "AUGURY_VAR": str(var)}.items():
        monkeypatch.setenv(name, value)
    for command in (["train", str(study)], ["score", "bakery_segments", "--dataset", dataset]):
        monkeypatch.setattr(sys, "argv", ["augury", *command])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
    scores = pd.read_parquet(var / "scored" / "bakery_segments" / "scores.parquet")
    pd.testing.assert_frame_equal(scores, _scored(admit("bakery", {"transactions": known}, end=history.end), var))


def _scored(history: History, var: Path) -> pd.DataFrame:
    """Score the same history from memory by the same champion."""
    registered = ModelRegistry(Settings.read({"AUGURY_VAR": str(var)}).mlflow).load("bakery_segments")
    asked = spine(history, POPULATIONS["known"], [history.end])
    features: list[Any] = [each for each in available(history) if each.name in registered.artifact.features]
    return registered.artifact.score(observe(history, asked, features), version=registered.version)


def test_in_memory_and_in_a_file_is_the_same_door(write: Write, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("customer_id,time,amount\na,2025-01-01,1\nb,x,-2\n", encoding="utf-8")
    table = pd.DataFrame({"customer_id": ["a", "b"], "time": ["2025-01-01", "x"], "amount": ["1", "-2"]})
    with pytest.raises(HistoryError) as filed:
        from_file(write(CSV))
    with pytest.raises(HistoryError) as held:
        admit("bakery", {"transactions": table})
    assert str(filed.value) == str(held.value)
    assert "transactions.time is not an ISO time" in str(held.value)
    assert "transactions.amount is negative" in str(held.value)

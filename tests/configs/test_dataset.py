"""Dataset files: what they may say, and what is taken where they say nothing."""

from pathlib import Path

import pytest

from configs.dataset import CurrencyFile, DatasetFile, read_dataset
from configs.toml import ConfigError

TABLES = '[tables.transactions]\ncsv = "sales.csv"\n'


def _read(folder: Path, text: str) -> DatasetFile:
    (folder / "shop.toml").write_text(text, encoding="utf-8")
    file, found = read_dataset(str(folder / "shop.toml"))
    assert found == folder
    return file


def test_a_file_that_says_little_is_in_utc_without_policies(tmp_path: Path) -> None:
    file = _read(tmp_path, TABLES)
    assert (file.zone, file.end, file.rejected) == ("UTC", None, None)
    assert file.policy.model_dump(exclude_unset=True) == {}


def test_policies_are_read_as_they_are_written(tmp_path: Path) -> None:
    policy = '[policy]\nreturns = "drop"\n[policy.currency]\nbase = "EUR"\nrates = "r.csv"\n'
    file = _read(tmp_path, f'zone = "Europe/Berlin"\n{TABLES}{policy}')
    assert file.zone == "Europe/Berlin"
    assert file.policy.model_dump(exclude_unset=True, exclude={"currency"}) == {"returns": "drop"}
    assert file.policy.currency == CurrencyFile(base="EUR", rates="r.csv")


@pytest.mark.parametrize("policy", ["returns", "discounts", "duplicates", "rejects"])
def test_a_policy_is_one_of_its_words(policy: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"policy.{policy} = 'maybe': input should be '"):
        _read(tmp_path, f'{TABLES}[policy]\n{policy} = "maybe"\n')


@pytest.mark.parametrize(
    "said", ['rejected = "x"\n{}', '{}[policy]\nrejects = "keep"\n', 'rejected = "x"\n{}[policy]\nrejects = "stop"\n']
)
def test_rejects_are_kept_in_a_folder_and_a_folder_is_for_them(said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="go together: say both, or neither"):
        _read(tmp_path, said.format(TABLES))


def test_rejects_may_be_kept(tmp_path: Path) -> None:
    file = _read(tmp_path, f'rejected = "x"\n{TABLES}[policy]\nrejects = "keep"\n')
    assert (file.rejected, file.policy.rejects) == ("x", "keep")


def test_a_table_without_a_name_is_that_of_customers(tmp_path: Path) -> None:
    file = _read(tmp_path, '[table]\nparquet = "telco.parquet"\ncolumns.customer_id = "customerID"\n')
    assert file.tables == {}
    assert {name: each.parquet for name, each in file.named.items()} == {"customers": "telco.parquet"}
    assert file.named["customers"].columns == {"customer_id": "customerID"}
    assert list(_read(tmp_path, TABLES).named) == ["transactions"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f'{TABLES}[table]\ncsv = "x.csv"\n', "say either .tables.NAME., a history, or .table., .*, not both"),
        ("", "say either .tables.NAME., a history, or .table., customers without dates, not none"),
        ("[tables]\n", "customers without dates, not none"),
        ('[table]\ncsv = "x.csv"\nparquet = "y.parquet"\n', "table: say exactly one of csv, parquet, duckdb, postgre"),
        ('[table]\nduckdb = "x.db"\n', "table: duckdb and postgresql need the name of a table; files have none"),
        ("[table]\n", "table: say exactly one of csv, parquet, duckdb, postgresql, not none"),
        ('[table]\ncvs = "x.csv"\n', "unknown key 'table.cvs'"),
        ('[tabel]\ncsv = "x.csv"\n', "unknown key 'tabel'; did you mean 'table' or 'tables'"),
    ],
)
def test_a_table_and_tables_exclude_each_other(said: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told):
        _read(tmp_path, said)

"""Ready rows: what they must have, what is copied, and that a customer's are together."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.registry import Registered
from serving.batch.destinations import Folders
from serving.batch.groups import of_rows
from serving.batch.manifest import Manifest
from serving.batch.place import Place
from serving.batch.question import Asked
from serving.batch.rows import Part, Rows, shaped
from serving.batch.run import run
from tests.serving.batch.conftest import Clock


@pytest.fixture
def scored(clock: Clock, tmp_path: Path) -> Any:
    def made(said: str, *models: Registered, size: int = 30) -> list[Manifest]:
        groups = of_rows(Place.read(said), models, folder=_work(tmp_path, models[0]), keeps_frame=False)
        return run(groups, Asked(size=size), to=Folders(lambda name: tmp_path / "out" / name), clock=clock)

    return made


def _work(tmp_path: Path, first: Registered) -> Path:
    return tmp_path / "out" / f".{first.artifact.name}.batch" / "copied"


def _found(tmp_path: Path, name: str) -> pd.DataFrame:
    keys = ["customer_id", "cutoff", "category"]
    found = pd.read_parquet(tmp_path / "out" / name / "scores.parquet")
    return found.sort_values([key for key in keys if key in found], ignore_index=True)


def test_several_files_by_a_glob_or_a_folder(
    scored: Any, churn: Registered, frames: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    rows = frames["shop_churn"]
    for number in range(3):
        (tmp_path / "in" / f"n={number}").mkdir(parents=True)
        part = rows.iloc[50 * number : 50 * (number + 1)]
        part.to_parquet(tmp_path / "in" / f"n={number}" / "rows.parquet", index=False)
    for said in (f"{tmp_path}/in/n=*/rows.parquet", f"{tmp_path}/in"):
        (told,) = scored(said, churn)
        pd.testing.assert_frame_equal(_found(tmp_path, "shop_churn"), expected["shop_churn"], check_exact=True)
        assert told["rows"] == len(rows)
        assert told["dataset"] == f"{tmp_path}/in/n=*/rows.parquet", "the same rows are not scored again"


def test_other_types_of_the_same_numbers_are_the_same(
    scored: Any, churn: Registered, frames: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    table = pa.Table.from_pandas(frames["shop_churn"], preserve_index=False)
    kinds = {"customer_id": pa.large_string(), "cutoff": pa.timestamp("ns"), "purchase_days": pa.int32()}
    kinds |= {"purchase_days_28d": pa.decimal128(18, 3), "orders": pa.float32()}
    schema = pa.schema([(each.name, kinds.get(each.name, each.type)) for each in table.schema])
    pq.write_table(table.cast(schema), tmp_path / "rows.parquet")
    scored(f"{tmp_path}/rows.parquet", churn)
    pd.testing.assert_frame_equal(_found(tmp_path, "shop_churn"), expected["shop_churn"], check_exact=True)


@pytest.mark.parametrize("once", [True, False])
def test_rows_in_any_order_are_scored(
    once: bool,
    scored: Any,
    champions: dict[str, Registered],
    frames: dict[str, pd.DataFrame],
    expected: dict[str, pd.DataFrame],
    tmp_path: Path,
) -> None:
    """Customers that come once stay where they are; those of pairs are sorted, for they are needed together."""
    name = "shop_churn" if once else "shop_cross_sell"
    mixed = frames[name].sample(frac=1, random_state=1)
    mixed.to_parquet(tmp_path / "rows.parquet", index=False)
    scored(f"{tmp_path}/rows.parquet", champions[name])
    pd.testing.assert_frame_equal(_found(tmp_path, name), expected[name], check_exact=True)
    order = pd.read_parquet(tmp_path / "out" / name / "scores.parquet")["customer_id"].tolist()
    assert (order == mixed["customer_id"].tolist()) is once


def test_a_table_of_duckdb(
    scored: Any, churn: Registered, frames: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    with duckdb.connect(str(tmp_path / "crm.db")) as opened:
        opened.register("made", pa.Table.from_pandas(frames["shop_churn"].assign(more="x"), preserve_index=False))
        opened.execute('CREATE SCHEMA "My CRM"; CREATE TABLE "My CRM".rows AS SELECT * FROM made ORDER BY random()')
    said = f'duckdb:{tmp_path}/crm.db#"My CRM".rows'
    (told,) = scored(said, churn)
    pd.testing.assert_frame_equal(_found(tmp_path, "shop_churn"), expected["shop_churn"], check_exact=True)
    assert scored(said, churn) == [told]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["shop_churn"]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a feature": ({"gap_mean": None}, "shop_churn needs the columns ['gap_mean']"),
    "the cutoff": ({"cutoff": None}, "every row needs the columns ['cutoff']"),
    "a text": ({"gap_mean": "3"}, "shop_churn needs gap_mean as numbers, and it is string"),
    "a day": ({"gap_mean": pd.Timestamp(0)}, "shop_churn needs gap_mean as numbers, and it is timestamp"),
    "ids of floats": ({"customer_id": 1.5}, "customer_id is double; ids are text or whole numbers"),
    "offsets": ({"cutoff": pd.Timestamp(0, tz="UTC")}, "cutoff is timestamp[ns, tz=UTC]; cutoffs are days or times"),
    "cutoffs of text": ({"cutoff": "2025-10-01"}, "cutoff is large_string; cutoffs are days or times without an"),
}


@pytest.mark.parametrize(("change", "told"), WRONG.values(), ids=WRONG)
def test_what_is_missing_or_wrong_is_told_before_anything_is_scored(
    change: dict[str, Any], told: str, scored: Any, churn: Registered, frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    (name, value) = next(iter(change.items()))
    rows = frames["shop_churn"]
    made = rows.drop(columns=name) if value is None else rows.assign(**{name: value})
    made.to_parquet(tmp_path / "rows.parquet", index=False)
    with pytest.raises(ValueError, match=re.escape(told)):
        scored(f"{tmp_path}/rows.parquet", churn)
    assert not list((tmp_path / "out").glob("*"))


def test_all_that_is_missing_is_told_at_once(scored: Any, churn: Registered, tmp_path: Path) -> None:
    pq.write_table(pa.table({"customer_id": ["a"], "cutoff": [pd.Timestamp(0)]}), tmp_path / "rows.parquet")
    twin = replace(churn, artifact=replace(churn.artifact, name="twin"))
    with pytest.raises(ValueError, match="cannot be scored") as caught:
        scored(f"{tmp_path}/rows.parquet", churn, twin)
    assert [line.split(" needs")[0] for line in str(caught.value).splitlines()[1:]] == ["- shop_churn", "- twin"]


@pytest.mark.parametrize("name", ["customer_id", "cutoff"])
def test_empty_keys_are_counted(
    name: str, scored: Any, churn: Registered, frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    rows = frames["shop_churn"].copy()
    rows.loc[[3, 5], name] = None
    rows.to_parquet(tmp_path / "rows.parquet", index=False)
    with pytest.raises(ValueError, match=f"{name} is empty in 2 rows"):
        scored(f"{tmp_path}/rows.parquet", churn)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("nowhere-*.parquet", "there is no Parquet file at nowhere-*.parquet"),
        ("rows.csv", "a CSV says no types: write it as Parquet"),
        ("duckdb:nowhere.db#x", "there is no DuckDB file at nowhere.db"),
    ],
)
def test_rows_that_are_not_there_are_told(said: str, told: str, scored: Any, churn: Registered) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        scored(said, churn)


def test_a_column_of_two_types_is_told(tmp_path: Path) -> None:
    keys = {"customer_id": ["a"], "cutoff": [pd.Timestamp(0)]}
    pq.write_table(pa.table({**keys, "x": ["1"]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({**keys, "x": [1]}), tmp_path / "b.parquet")
    with pytest.raises(ValueError, match="column 'x' is double and string in different files; make it one"):
        Rows.of([Part(tmp_path / "a.parquet"), Part(tmp_path / "b.parquet")])


def test_a_column_of_nulls_is_what_the_other_files_say(tmp_path: Path) -> None:
    keys = {"customer_id": ["a"], "cutoff": [pd.Timestamp(0)]}
    for name, value in {"a": None, "b": 2, "c": None}.items():
        pq.write_table(pa.table({**keys, "x": [value], "y": pa.nulls(1)}), tmp_path / f"{name}.parquet")
    rows = Rows.of([Part(path) for path in sorted(tmp_path.glob("*.parquet"))], texts=frozenset({"y"}))
    (block,) = rows.blocks()
    assert np.isnan(block.matrix(["x"])[:, 0]).tolist() == [True, False, True]
    assert block.table["y"].type == pa.string()


def test_no_row_at_all_is_told(scored: Any, churn: Registered, frames: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    rows = pa.Table.from_pandas(frames["shop_churn"], preserve_index=False).slice(0, 0)
    pq.write_table(rows, tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match=r"the rows of .*rows\.parquet cannot be scored:\n- there is no row"):
        scored(f"{tmp_path}/rows.parquet", churn)


def test_values_that_are_none_of_a_column_s_type_are_told_by_its_name(tmp_path: Path) -> None:
    batch = pa.record_batch({"customer_id": ["a"], "spend": ["gehe@x.de"]})
    schema = pa.schema([("customer_id", pa.string()), ("spend", pa.float64())])
    with pytest.raises(ValueError, match="column 'spend' is string, and some of its values cannot be read as") as said:
        shaped(batch, schema)
    assert "gehe" not in str(said.value)

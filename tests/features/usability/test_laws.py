"""What holds of every report: whatever the order of rows, wherever the tables lie, and beside what the door says."""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.engine.scan import scan_duckdb, scan_files
from features.history import Source
from features.tables import HistoryError
from features.usability import Report, examine
from features.usability.checks import ROW_CHECKS, WHOLE_CHECKS
from tests.features.usability import test_keys, test_tables, test_values
from tests.features.usability.breaks import Tables, places

SEEDED = {**test_values.SEEDED, **test_keys.SEEDED, **test_tables.SEEDED}


def _ill(shop: Tables, *names: str) -> Tables:
    for name in names:
        SEEDED[name].broken(shop)
    return shop


@pytest.fixture
def ill(shop: Tables) -> Tables:
    """Break a shop in ten ways at once."""
    return _ill(
        shop,
        *("no customer", "blanks around a customer", "a word for nobody", "capitals", "a negative amount"),
        *("1970", "a customer three times", "two days loaded twice, and a row beside", "a column that stops"),
        "a fortnight with a tenth of the rows",
    )


def test_every_check_is_seeded() -> None:
    told = {one.check for each in SEEDED.values() for one in (each.told, *each.also)}
    assert told | {"extra_column"} == {*ROW_CHECKS, *WHOLE_CHECKS}
    assert len(SEEDED) >= 80


def test_no_two_checks_have_one_name() -> None:
    assert set(ROW_CHECKS) & set(WHOLE_CHECKS) == set()
    assert all(check.__doc__ for check in (*ROW_CHECKS.values(), *WHOLE_CHECKS.values()))


def test_several_defects_are_told_together(ill: Tables) -> None:
    report = examine("ill", ill)
    assert {each[1] for each in places(report, "error", "warning")} == {
        *("null_value", "padded_id", "stand_in_id", "id_capitals", "negative_amount", "placeholder_time"),
        *("duplicate_key", "day_loaded_twice", "equal_rows", "stopped_filling", "volume_fall"),
    }


def test_the_order_of_rows_changes_nothing(ill: Tables) -> None:
    rng = np.random.default_rng(5)
    shuffled = {name: table.iloc[rng.permutation(len(table))] for name, table in ill.items()}
    assert examine("ill", shuffled).plain() == examine("ill", ill).plain()


def test_the_order_of_tables_changes_nothing(ill: Tables) -> None:
    backwards = dict(reversed(ill.items()))
    assert examine("ill", backwards).plain() == examine("ill", ill).plain()


def _findings(report: Report) -> list[dict[str, Any]]:
    return [each.plain() for each in report.findings]


def test_arrow_tables_are_told_the_same_of(ill: Tables) -> None:
    arrow: dict[str, Source] = {name: pa.Table.from_pandas(table, preserve_index=False) for name, table in ill.items()}
    assert _findings(examine("ill", arrow)) == _findings(examine("ill", ill))


def test_files_are_told_the_same_of_where_they_lie(ill: Tables, tmp_path: Path) -> None:
    scans: dict[str, Source] = {}
    for name, table in ill.items():
        table.to_parquet(tmp_path / f"{name}.parquet", index=False)
        scans[name] = scan_files(name, "read_parquet", str(tmp_path / f"{name}.parquet"), {})
    assert _findings(examine("ill", scans)) == _findings(examine("ill", ill))


def test_texts_of_a_csv_are_told_the_same_of(ill: Tables, tmp_path: Path) -> None:
    """A CSV knows no empty text, so the padded and nameless ids of the shop are its only ids there."""
    scans: dict[str, Source] = {}
    for name, table in ill.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        scans[name] = scan_files(name, "read_csv", str(tmp_path / f"{name}.csv"), {})
    assert sorted(places(examine("ill", scans), "error", "warning")) == sorted(
        places(examine("ill", ill), "error", "warning")
    )


def test_tables_of_a_duckdb_file_that_cannot_be_read_do_not_hide_the_others(shop: Tables, tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("customer_id,time,kind\nC0000001,2024-01-01,visit\n")
    scan = scan_files("events", "read_csv", str(path), {})
    path.unlink()
    shop["customers"] = pd.concat([shop["customers"], shop["customers"].head(2)])
    report = examine("shop", {**shop, "events": scan})
    assert [each[1:4] for each in places(report, "error")] == [
        ("unreadable_table", "events", ""),
        ("duplicate_key", "customers", "customer_id"),
    ]


def test_a_file_that_breaks_on_the_way_is_told(shop: Tables, tmp_path: Path) -> None:
    """Its first rows are sound; a later one has too many fields."""
    path = tmp_path / "events.csv"
    rows = ["C0000001,2024-01-01,visit"] * 30_000 + ["C0000001,2024-01-01,visit,too,many"]
    path.write_text("\n".join(["customer_id,time,kind", *rows]))
    scan = scan_files("events", "read_csv", str(path), {})
    report = examine("shop", {**shop, "events": scan})
    assert [each[1:4] for each in places(report, "error", "warning")] == [("unreadable_table", "events", "")]


def test_a_file_whose_pages_are_damaged_is_told(shop: Tables, tmp_path: Path) -> None:
    """Its footer is sound, so that it opens and tells its number of rows."""
    path = tmp_path / "events.parquet"
    shop["events"].to_parquet(path, index=False)
    damaged = bytearray(path.read_bytes())
    damaged[200:4200] = bytes(4000)
    path.write_bytes(bytes(damaged))
    scan = scan_files("events", "read_parquet", str(path), {})
    report = examine("shop", {**shop, "events": scan})
    assert [each[1:4] for each in places(report, "error", "warning")] == [("unreadable_table", "events", "")]


def test_what_is_examined_stays_as_it_is(ill: Tables) -> None:
    before = {name: table.copy() for name, table in ill.items()}
    examine("ill", ill)
    for name, table in before.items():
        pd.testing.assert_frame_equal(ill[name], table)


def test_nothing_at_all_lacks_what_happens() -> None:
    assert [each.check for each in examine("nothing", {}).findings] == ["missing_table"]


def test_an_unknown_zone_is_refused(sound: Tables) -> None:
    with pytest.raises(HistoryError, match=r"unknown time zone 'Europe/Berlim'; did you mean 'Europe/Berlin'"):
        examine("shop", sound, zone="Europe/Berlim")


def test_tables_lie_in_one_duckdb_file_or_are_told(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as file:
            file.execute(
                "CREATE TABLE events AS SELECT 'a' AS customer_id, TIMESTAMP '2024-01-01' AS time, 'v' AS kind"
            )
    sources: dict[str, Source] = {
        "events": scan_duckdb("events", tmp_path / "one.duckdb", "events", {}),
        "touches": scan_duckdb("touches", tmp_path / "two.duckdb", "events", {}),
    }
    findings = examine("files", sources).findings
    assert [(each.check, each.table) for each in findings if each.severity == "error"] == [
        ("missing_end", "events"),
        ("unreadable_table", "touches"),
    ]

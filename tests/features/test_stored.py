"""Frames as Parquet: folders and files, and how they are read back."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.engine.stored import Writer, stored

CUTOFFS = ["2024-03-01 13:37:11.500000", "2024-03-01 13:37:11", "2023-12-31"]


def part(*customers: str, **columns: Any) -> pd.DataFrame:
    """Make rows of each customer at each cutoff."""
    cutoffs = pd.DataFrame({"cutoff": pd.to_datetime(CUTOFFS, format="ISO8601")})
    rows = pd.DataFrame({"customer_id": list(customers)}, dtype="str").merge(cutoffs, how="cross")
    return rows.assign(row=range(len(rows)), **columns)


def write(folder: Path, *parts: pd.DataFrame) -> pd.DataFrame:
    with Writer.at(folder) as writer:
        for each in parts:
            writer.write(each)
    return stored(folder)


def test_a_part_has_a_file_in_the_folder_of_each_cutoff(tmp_path: Path) -> None:
    write(tmp_path / "frame", part("a", "b"), part("c")[:1])
    files = sorted(str(path.relative_to(tmp_path / "frame")) for path in (tmp_path / "frame").rglob("*.parquet"))
    assert files == [
        "cutoff=2023-12-31T00:00:00/part-0000.parquet",
        "cutoff=2024-03-01T13:37:11.500000/part-0000.parquet",
        "cutoff=2024-03-01T13:37:11.500000/part-0001.parquet",
        "cutoff=2024-03-01T13:37:11/part-0000.parquet",
    ]
    assert "cutoff" not in pd.read_parquet(tmp_path / "frame" / files[0], partitioning=None)


def test_rows_come_back_by_cutoff_part_and_their_order(tmp_path: Path) -> None:
    """A cutoff with a fraction of a second comes after the one without."""
    parts = [part("b", "a"), part("d", "c").assign(row=lambda rows: rows["row"] + 10)]
    expected = pd.concat(parts).sort_values("cutoff", kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(write(tmp_path / "frame", *parts), expected, check_exact=True)


def test_columns_keep_their_types_and_values(tmp_path: Path) -> None:
    frame = part(
        "a",
        amount=[0.1, np.nan, -1e300],
        text=pd.array(["tea", None, ""], dtype="str"),
        treatment=[True, False, True],
        whole=[2**62, 0, -1],
        instant=pd.to_datetime(["2024-01-01", "NaT", "2024-01-02 03:04:05.000006"], format="ISO8601").as_unit("us"),
    )
    expected = frame.sort_values("cutoff", ignore_index=True)
    pd.testing.assert_frame_equal(write(tmp_path / "frame", frame), expected, check_exact=True)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("value", ["tea", True, 7.5])
def test_a_part_in_which_a_column_has_no_value_is_of_the_others_type(tmp_path: Path, order: int, value: Any) -> None:
    nothing = part("a").assign(note=pd.Series([None] * 3, dtype=object))
    some = part("b").assign(note=pd.Series([value, None, value], dtype=object))
    found = write(tmp_path / "frame", *[nothing, some][::order]).sort_values(["customer_id", "row"])
    assert [None if pd.isna(each) else each for each in found["note"]] == [None, None, None, value, None, value]


@pytest.mark.parametrize("name", ["plain", "with space", "a[b]", "a*b?", "it's", "year=2024", "cutoff=now", "ümlaut"])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    """One that looks like a partition is none."""
    frame = part("a")
    found = write(tmp_path / name / "frame", frame)
    pd.testing.assert_frame_equal(found, frame.sort_values("cutoff", ignore_index=True))


def test_no_rows_are_no_frame(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no rows of a frame are stored in .*frame"):
        write(tmp_path / "frame", part("a").iloc[:0])
    assert (tmp_path / "frame").is_dir()
    with pytest.raises(ValueError, match=r"no rows of a frame are stored in .*nowhere"):
        stored(tmp_path / "nowhere")


def test_what_fails_midway_is_not_there(tmp_path: Path) -> None:
    def broken() -> None:
        with Writer.at(tmp_path / "frame") as writer:
            writer.write(part("a"))
            assert any(path.rglob("*.parquet") for path in tmp_path.iterdir())
            writer.write(part("b").drop(columns="cutoff"))

    with pytest.raises(KeyError, match="cutoff"):
        broken()
    assert list(tmp_path.iterdir()) == []
    older = write(tmp_path / "frame", part("c"))
    with pytest.raises(KeyError, match="cutoff"):
        broken()
    pd.testing.assert_frame_equal(stored(tmp_path / "frame"), older)
    assert [path.name for path in tmp_path.iterdir()] == ["frame"]


def test_a_new_frame_leaves_nothing_of_the_older(tmp_path: Path) -> None:
    write(tmp_path / "frame", part("a"), part("b"))
    found = write(tmp_path / "frame", part("c")[:1])
    assert found["customer_id"].tolist() == ["c"]

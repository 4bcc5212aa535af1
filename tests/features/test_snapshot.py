"""What decides a frame, and that everything that does is in the snapshot."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features import snapshot as module
from features.declaration import Declaration
from features.engine.door import admit
from features.history import History
from features.library import POPULATIONS, chosen
from features.snapshot import Asked, code, snapshot, snapshot_id

ROWS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b"],
        "time": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-02-03"]),
        "amount": [1.0, 2.0, 3.0],
        "category": ["tea", "tea", "wine"],
    }
)
END = pd.Timestamp("2024-06-01")
ASKED = Asked(POPULATIONS["known"], chosen(["rfm", "decay"]), [pd.Timestamp("2024-03-01"), pd.Timestamp("2024-04-01")])


def shop(rows: pd.DataFrame = ROWS, *, name: str = "shop", end: pd.Timestamp = END, **options: Any) -> History:
    return admit(name, {"transactions": rows}, end=end, **options)


def test_the_same_question_of_the_same_rows_has_the_same_id() -> None:
    """However the history is called, and in whatever order its rows come."""
    expected = snapshot_id(shop(), ASKED)
    assert len(expected) == 64
    assert snapshot_id(shop(), replace(ASKED)) == expected
    assert snapshot_id(shop(ROWS.iloc[::-1]), ASKED) == expected
    assert snapshot_id(shop(name="other"), ASKED) == expected


CHANGED: dict[str, Callable[[], tuple[History, Asked]]] = {
    "an amount": lambda: (shop(ROWS.assign(amount=[1.0, 2.0, 3.01])), ASKED),
    "a row more": lambda: (shop(pd.concat([ROWS, ROWS[:1]])), ASKED),
    "a column more": lambda: (shop(ROWS.assign(channel="web")), ASKED),
    "the end": lambda: (shop(end=pd.Timestamp("2024-06-02")), ASKED),
    "the zone": lambda: (shop(zone="Europe/Berlin"), ASKED),
    "the population": lambda: (shop(), replace(ASKED, population=POPULATIONS["active_365d"])),
    "a feature less": lambda: (shop(), replace(ASKED, features=ASKED.features[1:])),
    "the order of features": lambda: (shop(), replace(ASKED, features=ASKED.features[::-1])),
    "a feature's name": lambda: (shop(), replace(ASKED, features=renamed(ASKED.features))),
    "a feature's empty value": lambda: (shop(), replace(ASKED, features=emptied(ASKED.features))),
    "a cutoff": lambda: (shop(), replace(ASKED, cutoffs=[pd.Timestamp("2024-03-01 00:00:01"), ASKED.cutoffs[1]])),
    "a cutoff less": lambda: (shop(), replace(ASKED, cutoffs=ASKED.cutoffs[:1])),
    "the categories": lambda: (shop(), replace(ASKED, categories=["tea"])),
    "the engine": lambda: (shop(), replace(ASKED, engine="duckdb")),
}


def renamed(features: Any) -> list[Declaration]:
    return [replace(features[0], name="x"), *features[1:]]


def emptied(features: Any) -> list[Declaration]:
    return [replace(features[0], empty=7.0), *features[1:]]


def test_whatever_decides_a_number_changes_the_id() -> None:
    ids = {what: snapshot_id(*made()) for what, made in CHANGED.items()}
    assert len({snapshot_id(shop(), ASKED), *ids.values()}) == 1 + len(CHANGED)


def test_versions_and_code_change_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(shop(), ASKED)
    assert set(before.versions) == {"duckdb", "numba", "numpy", "pandas", "pyarrow", "sqlglot"}
    assert before.versions["pandas"] == pd.__version__
    monkeypatch.setattr(module, "version", lambda name: "9.9" if name == "duckdb" else before.versions[name])
    later = snapshot(shop(), ASKED)
    assert later.id != before.id
    assert before.differences(later) == [f"versions duckdb was {before.versions['duckdb']}, is 9.9 now"]
    monkeypatch.undo()
    monkeypatch.setattr(module, "code", lambda: "another")
    edited = snapshot(shop(), ASKED)
    assert edited.id != before.id
    assert before.differences(edited) == ["code: the files of features/ that compute frames have changed"]


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("an amount", ["data fingerprint was "]),
        ("the end", ["data end was 2024-06-01T00:00:00, is 2024-06-02T00:00:00 now"]),
        ("the zone", ["data zone was UTC, is Europe/Berlin now"]),
        (
            "the population",
            ["definitions: population known was 3b96", "definitions: population active_365d was not there, is 47a3"],
        ),
        ("a feature less", ["definitions: feature frequency was d95d33c6c1d653a8, is not there now"]),
        ("the order of features", ["definitions: the features come in another order"]),
        ("a feature's empty value", ["definitions: feature frequency was d95d33c6c1d653a8, is "]),
        (
            "a cutoff less",
            ["question cutoffs was 2024-03-01T00:00:00, 2024-04-01T00:00:00, is 2024-03-01T00:00:00 now"],
        ),
        ("the categories", ["question categories was not there, is tea now"]),
        ("the engine", ["question engine was kernel, is duckdb now"]),
    ],
)
def test_a_difference_is_said(what: str, told: list[str]) -> None:
    lines = snapshot(shop(), ASKED).differences(snapshot(*CHANGED[what]()))
    assert len(lines) == len(told)
    assert all(line.startswith(start) for line, start in zip(lines, told, strict=True))
    assert snapshot(shop(), ASKED).differences(snapshot(shop(), ASKED)) == []


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Copy the folder of the package."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(Path(module.__file__).parent, tmp_path / "features", ignore=ignored))


@pytest.mark.parametrize("name", ["expression.py", "cutoffs.py", "engine/run.py", "engine/kernel/loops.py"])
def test_the_code_is_the_content_of_the_files_that_compute(name: str, sources: Path) -> None:
    before = code(sources)
    assert before == code()
    (sources / name).write_text((sources / name).read_text() + "\n")
    assert code(sources) != before


@pytest.mark.parametrize("name", ["library/rfm.py", "datasets/cdnow.py", "usability/report.py", "explain.py"])
def test_files_that_make_data_definitions_or_texts_are_not_code(name: str, sources: Path) -> None:
    """Data and definitions have their own fingerprints."""
    before = code(sources)
    (sources / name).write_text((sources / name).read_text() + "\n")
    assert code(sources) == before


def test_a_file_that_moves_is_other_code(sources: Path) -> None:
    before = code(sources)
    (sources / "engine" / "render.py").rename(sources / "engine" / "renders.py")
    moved = code(sources)
    assert moved != before
    (sources / "more.py").write_text("")
    assert code(sources) != moved


PRINTED = """
import pandas as pd
from features.datasets import load
from features.library import POPULATIONS, chosen
from features.snapshot import Asked, snapshot_id
asked = Asked(POPULATIONS["known"], chosen(["rfm", "variety"]), [pd.Timestamp("1998-01-01")])
print(snapshot_id(load("cdnow_sample"), asked))
"""


def test_the_id_is_the_same_in_another_process() -> None:
    """Whatever seed Python's own hashes have, and whatever the time zone."""
    said = set()
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        done = subprocess.run([sys.executable, "-c", PRINTED], env=env, capture_output=True, text=True, check=True)
        said.add(done.stdout)
    assert len(said) == 1

"""The benchmark of features at a tiny size: every system that is measured computes the same."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.benchmarks.features import agree as agreeing
from experiments.benchmarks.features.agree import Answer, agree
from experiments.benchmarks.features.cases import BY_HAND, cases, rehearsal, short
from experiments.benchmarks.features.data import Size, generate
from experiments.benchmarks.features.digest import digest
from experiments.benchmarks.features.question import NAMES, RFM, Question
from experiments.benchmarks.features.run import run
from experiments.benchmarks.features.systems import SYSTEMS
from features.library import FEATURES

pytest.importorskip("polars", reason="NO PEERS HERE: install them with make extras")

SIZE = Size(rows=4000, customers=500, seed=3)
CUTOFFS = cases([SIZE.rows], customers=SIZE.customers, cutoffs=[4], systems=["polars by hand"], large=None)[1].cutoffs
HERE = [name for name, system in SYSTEMS.items() if system.kind == "ours" or name in BY_HAND]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate 4,000 lines of 500 customers."""
    return generate(SIZE, tmp_path_factory.mktemp("benchmarks"))


def _answer(name: str, question: Question, sample: Path) -> Answer:
    system = SYSTEMS[name]
    prepare = import_module(f"experiments.benchmarks.features.{system.module}").prepare
    frame = prepare(question, **system.options)()
    return Answer(name, **digest(question.to or frame, customers=SIZE.customers, sample=sample), sample=sample)


@pytest.fixture(scope="module")
def first(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """Ask one of the systems."""
    return _answer(
        "polars by hand", Question(folder, tuple(CUTOFFS)), tmp_path_factory.mktemp("first") / "sample.parquet"
    )


@pytest.mark.parametrize("name", HERE)
def test_every_system_computes_the_same(name: str, first: Answer, folder: Path, tmp_path: Path) -> None:
    answer = _answer(name, Question(folder, tuple(CUTOFFS)), tmp_path / "sample.parquet")
    assert set(answer.columns) == set(NAMES)
    assert len(pd.read_parquet(answer.sample)) == answer.frame_rows > 3 * SIZE.customers
    agree(first, answer)


def test_lifetimes_in_a_process_of_its_own_computes_augurys_rfm(tmp_path: Path) -> None:
    asked = cases([4000], customers=500, cutoffs=[1], systems=["augury sql", "lifetimes"], large=None)[-1]
    rows = run([asked], var=tmp_path)
    assert [(row["system"], row["features"], row["frame_rows"]) for row in rows] == [
        ("augury sql", len(RFM), 500),
        ("lifetimes", len(RFM), 500),
    ]


def test_augury_writes_to_parquet_what_it_gives_in_memory(first: Answer, folder: Path, tmp_path: Path) -> None:
    question = Question(folder, tuple(CUTOFFS), to=tmp_path / "frame")
    agree(first, _answer("augury sql", question, tmp_path / "sample.parquet"))


def test_the_tiny_data_has_what_the_systems_could_differ_on(first: Answer) -> None:
    nulls = {name: int(counted) for name, (counted, *_) in first.columns.items()}
    some = {"category_entropy", "gap_std", "gap_mean", "spend_trend", "line_amount_std"}
    assert all(0 < nulls[name] < first.frame_rows for name in some), nulls
    sample = pd.read_parquet(first.sample)
    assert (sample["spend_28d"] == 0).any()
    assert (sample["categories_ever"] == 0).any()


def test_the_features_are_augurys_and_each_asked_once() -> None:
    assert set(NAMES) <= set(FEATURES)
    assert len(set(NAMES)) == len(NAMES) == 41


def _changed(answer: Answer, path: Path, **columns: pd.Series) -> Answer:
    """Digest the sample again, which holds every customer here, with columns changed."""
    sample = pd.read_parquet(answer.sample).assign(**columns)
    keys: dict[str, Any] = {
        "customer_id": [f"C{number:07d}" for number in sample.pop("number")],
        "cutoff": pd.to_datetime(sample.pop("day"), unit="D"),
    }
    return Answer("other", **digest(sample.assign(**keys), customers=SIZE.customers, sample=path), sample=path)


def test_a_frame_agrees_with_itself_digested_again(first: Answer, tmp_path: Path) -> None:
    agree(first, _changed(first, tmp_path / "other.parquet"))


@pytest.mark.parametrize(
    "change",
    [
        lambda spend: spend * (1 + 1e-5),
        lambda spend: spend.where(spend.index != 7),
        lambda spend: pd.Series(spend.to_numpy()[::-1]),
    ],
    ids=["values", "a null", "rows changed about"],
)
def test_what_differs_is_named(change: Callable[[pd.Series], pd.Series], first: Answer, tmp_path: Path) -> None:
    spend = change(pd.read_parquet(first.sample)["spend"])
    with pytest.raises(ValueError, match=r"checksums of spend .*polars by hand.*other"):
        agree(first, _changed(first, tmp_path / "other.parquet", spend=spend))


def test_a_value_that_hides_in_a_sum_is_found_in_the_sample(first: Answer, tmp_path: Path) -> None:
    sample = pd.read_parquet(first.sample)
    customer = int(sample["number"].iloc[5])
    changed = sample["items"].where(sample.index != 5, sample["items"] + 1)
    sample.assign(items=changed).to_parquet(tmp_path / "other.parquet")
    other = Answer("other", first.frame_rows, first.columns, tmp_path / "other.parquet")
    with pytest.raises(ValueError, match=f"items of customer {customer} differs: polars by hand"):
        agree(first, other)


def test_other_rows_or_nothing_in_common_do_not_agree(first: Answer) -> None:
    with pytest.raises(ValueError, match=f"polars by hand gives {first.frame_rows} rows and other 3"):
        agree(first, Answer("other", 3, first.columns, first.sample))
    with pytest.raises(ValueError, match="no feature in common"):
        agree(first, Answer("other", first.frame_rows, {"age": [0, 0, 0]}, first.sample))


def test_a_case_whose_systems_differ_by_more_than_the_tolerance_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreeing, "RELATIVE", 0)
    monkeypatch.setattr(agreeing, "ABSOLUTE", -1)
    asked = cases([3000], customers=300, cutoffs=[1], systems=["polars by hand", "pandas by hand"], large=None)[:1]
    with pytest.raises(ValueError, match=r"checksums of .* differ: polars by hand .* pandas by hand"):
        run(asked, var=tmp_path)


def test_cases_grow_by_lines_and_by_cutoffs_and_customers_in_proportion() -> None:
    asked = cases([300, 1_000_000], customers=10_000, cutoffs=[6, 1], systems=list(SYSTEMS), large=Size(7_000_000, 50))
    assert [(case.name, case.size.customers, case.shown, case.grows) for case in asked] == [
        ("100k lines, 1 cutoff", 1000, True, False),
        ("300 lines, 1 cutoff", 3, False, True),
        ("1M lines, 1 cutoff", 10_000, True, True),
        ("1M lines, 6 cutoffs", 10_000, True, True),
        ("1M lines, 1 cutoff, RFM alone", 10_000, True, False),
        ("7M lines, 1 cutoff, to Parquet", 50, True, False),
    ]
    assert [f"{each}" for each in asked[3].cutoffs[-2:]] == ["2025-12-04", "2026-01-01"]
    assert len(asked[3].cutoffs) == 6
    assert asked[0].systems[-1] == "featuretools"
    assert set(BY_HAND) <= set(asked[2].systems)
    assert set(rehearsal(asked).systems) == set(SYSTEMS)
    assert [short(count) for count in (950, 300_000, 10_000_000)] == ["950", "300k", "10M"]


def test_the_command_measures_each_system_in_a_process_and_writes_numbers_and_picture(tmp_path: Path) -> None:
    systems = ["reading alone", "pandas by hand", "polars by hand"]
    flags = [
        "--rows",
        "3000",
        "--customers",
        "300",
        "--cutoffs",
        "1",
        "2",
        "--repeats",
        "2",
        "--to",
        str(tmp_path / "out"),
    ]
    command = [sys.executable, "-m", "experiments.benchmarks.features", *flags, "--systems", *systems]
    environment = {**os.environ, "AUGURY_VAR": str(tmp_path / "var")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "features.json").read_text())
    grown = [(row["cutoffs"], row["system"], row["features"]) for row in found["rows"] if row["grows"]]
    assert grown == [
        (count, name, 41 * (name != "reading alone")) for count in (1, 2) for name in sorted(systems)[::-1]
    ]
    assert {(row["system"], row["kind"]) for row in found["rows"]} == {
        ("reading alone", "limit"),
        ("pandas by hand", "peer"),
        ("polars by hand", "peer"),
    }
    assert all(row["cpu_s"] == min(row["cpu_of_runs"]) and len(row["cpu_of_runs"]) == 2 for row in found["rows"])
    assert all(row["cpu_s"] > 0 and row["peak_mb"] > 50 for row in found["rows"])
    assert {"machine", "versions", "commit"} < set(found)
    assert {"polars", "duckdb"} < set(found["versions"])
    assert (tmp_path / "out" / "features.png").read_bytes().startswith(b"\x89PNG")

"""What executors do, without Spark: batches of whole customers, one artifact a worker, and little to import."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.artifact import Artifact, ArtifactError
from models.calibration import Calibration
from models.estimators import create
from models.profile import profile
from serving.spark import executor
from serving.spark.executor import Job, files_of, of_whole_customers, restored, score_batches

SCHEMA = pa.schema({"customer_id": pa.string(), "row": pa.int64()})


@st.composite
def cut(draw: st.DrawFn) -> list[pa.RecordBatch]:
    """Draw customers with some rows each, one after the other, cut anywhere, with empty batches among them."""
    sizes = draw(st.lists(st.integers(1, 6), max_size=8))
    ids = [f"c{number}" for number, size in enumerate(sizes) for _ in range(size)]
    places = sorted(draw(st.lists(st.integers(0, len(ids)), max_size=10)))
    table = pa.record_batch({"customer_id": ids, "row": list(range(len(ids)))}, schema=SCHEMA)
    return [table.slice(a, b - a) for a, b in zip([0, *places], [*places, len(ids)], strict=True)]


def _column(batches: list[pa.RecordBatch], name: str) -> list[list[Any]]:
    return [each[name].to_pylist() for each in batches]


@given(cut())
def test_batches_are_of_whole_customers_and_lose_nothing(batches: list[pa.RecordBatch]) -> None:
    made = list(of_whole_customers(batches))
    assert list(chain.from_iterable(_column(made, "row"))) == list(chain.from_iterable(_column(batches, "row")))
    owners = [set(each) for each in _column(made, "customer_id")]
    assert all(owners)
    assert sum(map(len, owners)) == len(set().union(*owners))


def test_no_more_is_held_than_the_last_customer() -> None:
    """By hand: what is whole is given before the next batch is read."""
    read: list[int] = []

    def told() -> Iterator[pa.RecordBatch]:
        for number, ids in enumerate([["a", "b"], ["b"], ["c", "d"]]):
            read.append(number)
            yield pa.record_batch({"customer_id": ids, "row": [number] * len(ids)}, schema=SCHEMA)

    made = of_whole_customers(told())
    assert (next(made)["customer_id"].to_pylist(), read) == (["a"], [0])
    assert (next(made)["customer_id"].to_pylist(), read) == (["b", "b", "c"], [0, 1, 2])
    assert _column(list(made), "customer_id") == [["d"]]


class Lent:
    """What Spark broadcasts, counting how often it is asked for."""

    def __init__(self, value: Any) -> None:
        self.held, self.asked = value, 0

    @property
    def value(self) -> Any:
        self.asked += 1
        return self.held


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    X = pd.DataFrame({"customer_id": list("abcd"), "cutoff": pd.Timestamp("2025-07-01"), "spend": [1.0, 2.0, 3.0, 4.0]})
    model = create("base_rate").fit(X, pd.Series([0.0, 1.0, 0.0, 1.0]))
    return Artifact(
        name="drawn",
        dataset="drawn",
        population="known",
        population_fingerprint="-",
        target="churned",
        kind="binary",
        horizon_days=91,
        lead_days=0,
        features={"spend": "-"},
        categories=[],
        trained_to=pd.Timestamp("2025-07-01"),
        model_name="base_rate",
        model=model,
        calibration=Calibration(),
        profile=profile(X[["spend"]].assign(score=0.5)),
    )


def _batch(ids: list[str]) -> pa.RecordBatch:
    rows = {"customer_id": ids, "cutoff": [pd.Timestamp("2025-07-01")] * len(ids), "spend": np.arange(len(ids)) * 1.0}
    return pa.RecordBatch.from_pandas(pd.DataFrame(rows), preserve_index=False)


def _job(artifact: Artifact, files: Lent) -> Job:
    names = {"customer_id": pa.string(), "cutoff": pa.timestamp("us"), "score": pa.float64()}
    return Job(
        id=artifact.id,
        version="3",
        files=cast(Any, files),  # what is asked of a broadcast
        suppressed=None,
        mark=None,
        whole=False,
        schema=pa.schema({**names, "model": pa.string(), "version": pa.string()}),
    )


def test_an_artifact_is_restored_once_a_worker(artifact: Artifact) -> None:
    executor._restored.cache_clear()
    files, again = Lent(files_of(artifact)), Lent(files_of(artifact))
    first = list(score_batches(_job(artifact, files), [_batch(["a", "b"]), _batch(["c"])]))
    second = list(score_batches(_job(artifact, again), [_batch(["d"])]))
    assert (files.asked, again.asked) == (1, 0)
    assert _column([*first, *second], "customer_id") == [["a", "b"], ["c"], ["d"]]
    assert _column(first, "version") == [["3", "3"], ["3"]]


def test_files_are_those_that_save_writes_and_a_changed_one_is_told_of(artifact: Artifact, tmp_path: Path) -> None:
    artifact.save(tmp_path / "saved")
    files = files_of(artifact)
    assert files == {each.name: each.read_bytes() for each in (tmp_path / "saved").iterdir()}
    assert restored(files).id == artifact.id
    changed = {**files, "artifact.json": files["artifact.json"].replace(b'"churned"', b'"stayed"')}
    with pytest.raises(ArtifactError, match="is not what was saved"):
        restored(changed)


def test_an_executor_needs_no_engine_no_registry_and_no_server() -> None:
    heavy = ("mlflow", "duckdb", "sqlglot", "bentoml", "features", "experiments", "optuna", "pyspark")
    asked = f"import sys, serving.spark.executor; print([each for each in {heavy} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"

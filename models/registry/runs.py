"""Runs in MLflow: written as one piece, and read only when they are whole.

A run is FINISHED when all of it is there, FAILED where writing it ended in an error. One whose process was killed stays
RUNNING, until the next run of its experiment marks it as KILLED.
"""

import json
import math
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import mlflow
import pandas as pd
from matplotlib.figure import Figure
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

from configs.process import gone, owner
from models.registry.store import ModelRegistry, quiet_mlflow

RECORD: Final = "record.json"
SCORED: Final = "scored.parquet"
OWNER: Final = "owner"
_PARENT: Final = "mlflow.parentRunId"
_BATCH: Final = 1000
"""Metrics that MLflow takes at once."""


class NotWhole(LookupError):
    """A run that is not there, or that did not come to its end; the message says which."""


class Run:
    """A run that is being written."""

    def __init__(self, registry: ModelRegistry, run_id: str) -> None:
        self.registry, self.id = registry, run_id

    def params(self, params: Mapping[str, Any]) -> None:
        """Write parameters, as text."""
        self.registry.client.log_batch(self.id, params=[Param(key, str(value)) for key, value in params.items()])

    def metrics(self, metrics: Mapping[str, float], *, step: int = 0) -> None:
        """Write metrics; those that are undefined are left out."""
        now = int(time.time() * 1000)
        told = [Metric(key, float(value), now, step) for key, value in metrics.items() if math.isfinite(value)]
        for start in range(0, len(told), _BATCH):
            self.registry.client.log_batch(self.id, metrics=told[start : start + _BATCH])

    def json(self, value: Any, path: str) -> None:
        """Write plain data as a file of JSON."""
        text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
        with quiet_mlflow(self.registry.uri):
            self.registry.client.log_text(self.id, text, path)

    def table(self, table: pd.DataFrame, path: str) -> None:
        """Write a table as a file of Parquet."""
        with tempfile.TemporaryDirectory() as scratch, quiet_mlflow(self.registry.uri):
            local = Path(scratch) / path
            table.to_parquet(local, index=False)
            self.registry.client.log_artifact(self.id, str(local))

    def figure(self, figure: Figure, path: str) -> None:
        """Write a plot as a picture."""
        with quiet_mlflow(self.registry.uri):
            self.registry.client.log_figure(self.id, figure, path)


@contextmanager
def recording(
    registry: ModelRegistry,
    experiment: str,
    *,
    name: str,
    tags: Mapping[str, object],
    parent: Run | None = None,
) -> Iterator[Run]:
    """Write a run of an experiment: FINISHED at the end of the block, FAILED where it ends in an error."""
    client = registry.client
    told = {OWNER: owner(), **tags, **({_PARENT: parent.id} if parent else {})}
    made = client.create_run(experiment, run_name=name, tags={key: str(value) for key, value in told.items()})
    run_id = str(made.info.run_id)
    try:
        yield Run(registry, run_id)
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")


def experiment_of(registry: ModelRegistry, name: str, *, artifacts: Path | None) -> str:
    """Find or make an experiment, and mark what killed processes left in it.

    `artifacts` is where the files of a new one go when the store is a database file of our own.
    """
    found = registry.client.get_experiment_by_name(name)
    if found is None:
        location = None if artifacts is None else (artifacts / name).as_uri()
        return str(registry.client.create_experiment(name, artifact_location=location))
    for run in registry.client.search_runs([found.experiment_id], "attributes.status = 'RUNNING'"):
        if gone(run.data.tags.get(OWNER, "")):
            registry.client.set_terminated(run.info.run_id, "KILLED")
    return str(found.experiment_id)


def read_record(registry: ModelRegistry, run_id: str) -> dict[str, Any]:
    """Read what a run recorded. Raises `NotWhole` where there is no such run, or it did not come to its end."""
    with _file(registry, run_id, RECORD) as path:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def read_scored(registry: ModelRegistry, run_id: str) -> pd.DataFrame:
    """Read the test rows of a run with score and outcome. Raises `NotWhole`."""
    with _file(registry, run_id, SCORED) as path:
        return pd.read_parquet(path)


@contextmanager
def _file(registry: ModelRegistry, run_id: str, path: str) -> Iterator[Path]:
    try:
        run = registry.client.get_run(run_id)
    except MlflowException as error:
        raise NotWhole(f"there is no run {run_id!r}") from error
    if run.info.status != "FINISHED":
        raise NotWhole(f"run {run_id} did not come to its end ({run.info.status.lower()}): train anew")
    with quiet_mlflow(registry.uri), tempfile.TemporaryDirectory() as scratch:
        try:
            local = mlflow.artifacts.download_artifacts(
                artifact_uri=f"{run.info.artifact_uri}/{path}", dst_path=scratch, tracking_uri=registry.uri
            )
        except (MlflowException, OSError) as error:
            raise NotWhole(f"run {run_id} has no {path}; it is no back-test of Augury's") from error
        yield Path(local)

"""The registry on a real MLflow store: versions, aliases, what is missing, and MLflow's own way to load."""

import json
import logging
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlflow
import pandas as pd
import pytest

import models
from models.artifact import Artifact
from models.registry import ALIASES, ModelRegistry, NotRegistered, quiet_mlflow
from training.backtest import Backtested, backtest
from training.splits import Split, Splits
from training.task import Examples, Task

NewRun = Callable[[], str]


@pytest.fixture(scope="module")
def sold(pairs: Task, pairs_splits: Splits) -> Artifact:
    """Train a model of pairs."""
    return backtest("sold", pairs, pairs_splits, model="cross_sell", params={"rounds": 20}).artifact


@pytest.fixture(scope="module")
def stored(registry: ModelRegistry, trained: Backtested, sold: Artifact, new_run: NewRun) -> ModelRegistry:
    """Store two versions of a customers' model and one of a pairs' model."""
    first, second = (replace(trained.artifact, provenance={"commit": commit}) for commit in ("one", "two"))
    assert registry.add(first, run_id=new_run(), alias="champion") == "1"
    assert registry.add(second, run_id=new_run(), alias="challenger") == "2"
    assert registry.add(sold, run_id=new_run(), alias="champion") == "1"
    return registry


def test_an_alias_leads_to_its_version(stored: ModelRegistry, trained: Backtested, churn_data: Split) -> None:
    for alias, version, commit in (("champion", "1", "one"), ("challenger", "2", "two")):
        found = stored.load(trained.artifact.name, alias)  # type: ignore[arg-type]  # both are aliases
        made = replace(trained.artifact, provenance={"commit": commit})
        assert (found.version, found.artifact.id) == (version, made.id)
        pd.testing.assert_frame_equal(
            found.artifact.score(churn_data.test.X, version="v"), made.score(churn_data.test.X, version="v")
        )
    assert stored.load(trained.artifact.name).version == "1"
    assert ALIASES == ("champion", "challenger")


def test_a_version_says_which_artifact_and_run_it_is(stored: ModelRegistry, trained: Backtested) -> None:
    found = stored.client.get_model_version(trained.artifact.name, "2")
    assert found.tags["artifact_id"] == stored.load(trained.artifact.name, "challenger").artifact.id
    assert stored.client.get_run(str(found.run_id)).info.run_id == found.run_id


def test_nothing_stored_is_pickled(stored: ModelRegistry, tmp_path: Path) -> None:
    with quiet_mlflow(stored.uri):
        mlflow.artifacts.download_artifacts(artifact_uri="models:/sold/1", dst_path=str(tmp_path))
    files = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {"", ".json", ".py", ".txt", ".ubj", ".yaml"}
    assert sorted(str(path) for path in files if path.suffix == "") == ["MLmodel", "registered_model_meta"]  # YAML
    assert {path.parts[2] for path in files if path.parts[:2] == ("artifacts", "code")} == {"configs", "models"}


def test_an_alias_moves(stored: ModelRegistry, trained: Backtested, new_run: NewRun) -> None:
    named = replace(trained.artifact, name="moving")
    for version in ("1", "2"):
        assert stored.add(named, run_id=new_run(), alias="champion") == version
        assert stored.load("moving").version == version
    assert stored.add(named, run_id=new_run()) == "3"
    assert stored.load("moving").version == "2"


def test_what_is_not_there_is_told_with_what_is(stored: ModelRegistry) -> None:
    with pytest.raises(NotRegistered, match=r"unknown registered model 'small_chrun'; did you mean 'small_churn'\?"):
        stored.load("small_chrun")
    with pytest.raises(NotRegistered, match="model 'sold' has no challenger; train one, or set the alias"):
        stored.load("sold", "challenger")


def test_an_empty_store_has_nothing(own_store: str) -> None:
    empty = ModelRegistry(own_store)
    assert (empty.names(), empty.champions()) == ([], [])
    with pytest.raises(NotRegistered, match="unknown registered model 'churn' Known: none"):
        empty.load("churn")


def test_champions_are_those_of_a_dataset(own_store: str, tmp_path: Path, trained: Backtested) -> None:
    registry = ModelRegistry(own_store)
    experiment = registry.client.create_experiment("own", artifact_location=(tmp_path / "files").as_uri())
    for name, dataset, alias in (("b", "shop", "champion"), ("a", "bank", "champion"), ("c", "shop", "challenger")):
        run_id = registry.client.create_run(experiment).info.run_id
        registry.add(replace(trained.artifact, name=name, dataset=dataset), run_id=run_id, alias=alias)  # type: ignore[arg-type]
    assert registry.names() == ["a", "b", "c"]
    assert [found.artifact.name for found in registry.champions()] == ["a", "b"]
    assert [found.artifact.name for found in registry.champions("shop")] == ["b"]
    assert registry.champions("school") == []


def test_mlflow_is_left_as_it_was(stored: ModelRegistry, trained: Backtested, new_run: NewRun, tmp_path: Path) -> None:
    """Tracking URI, logger level, warning filters, active run, working directory, import path."""

    def now() -> list[object]:
        filters, path = list(warnings.filters), list(sys.path)
        level = logging.getLogger("mlflow").level
        return [mlflow.get_tracking_uri(), level, filters, mlflow.active_run(), sorted(os.listdir()), path]

    before = now()
    stored.add(replace(trained.artifact, name="quiet"), run_id=new_run(), alias="champion")
    stored.load("quiet")
    assert now() == before
    with pytest.raises(ZeroDivisionError), quiet_mlflow("sqlite:///elsewhere.db"):
        1 / (mlflow.get_tracking_uri() != "sqlite:///elsewhere.db")
    assert now() == before


@pytest.mark.parametrize("name", ["small_churn", "sold"])
def test_mlflow_itself_loads_the_very_same_model(
    name: str, stored: ModelRegistry, churn_data: Split, pairs_data: Split
) -> None:
    frame = (pairs_data if name == "sold" else churn_data).test.X
    with quiet_mlflow(stored.uri):
        scores = mlflow.pyfunc.load_model(f"models:/{name}@champion").predict(frame)
    artifact = stored.load(name).artifact
    expected = artifact.score(frame, version=artifact.id).astype({"cutoff": scores["cutoff"].dtype})
    pd.testing.assert_frame_equal(scores, expected, check_exact=True)


def test_mlflow_loads_a_model_of_texts(registry: ModelRegistry, churn: Task, new_run: NewRun) -> None:
    """Its signature says which features are texts; nulls and texts that were never there are scored too."""
    number = pd.Series(range(400))
    texts = pd.DataFrame({"plan": number.map(lambda n: ["big", "small", None][n % 3]), "age": number % 71 + 0.5})
    X = pd.DataFrame({"customer_id": number.astype(str), "cutoff": pd.Timestamp("2025-01-05"), **texts})
    data = Examples(X, pd.Series((number % 3 == 0).astype(float)))
    split = Split("all", data, data, None)
    named = backtest("texts", churn, Splits((split,), split), model="boosted", params={"rounds": 5}).artifact
    artifact = replace(named, features={"plan": "0", "age": "1"})
    registry.add(artifact, run_id=new_run(), alias="champion")
    asked = X.head(9)
    asked = asked.assign(plan=asked["plan"].where(asked.index < 7, "new"))
    with quiet_mlflow(registry.uri):
        model = mlflow.pyfunc.load_model("models:/texts@champion")
        assert {each.name: each.type.name for each in model.metadata.signature.inputs.inputs[2:]} == {
            "plan": "string",
            "age": "double",
        }
        scores = model.predict(asked)
    assert scores["score"].tolist() == artifact.score(asked, version="1")["score"].tolist()
    assert len(set(scores["score"])) > 1


ELSEWHERE = """
import importlib.util, json, sys, warnings
uri, checkout, frame = sys.argv[1:]
sys.path[:] = [path for path in sys.path if path != checkout]
for name in ("configs", "features", "models", "training", "serving", "experiments"):
    assert importlib.util.find_spec(name) is None, name
import mlflow, pandas as pd
mlflow.set_tracking_uri(uri)
scores = mlflow.pyfunc.load_model("models:/sold@champion").predict(pd.read_parquet(frame))
import configs, models
json.dump({"scores": scores["score"].tolist(), "models": models.__file__, "configs": configs.__file__}, sys.stdout)
"""


def test_where_augury_is_not_installed_the_code_beside_the_model_is_run(
    stored: ModelRegistry, sold: Artifact, pairs_data: Split, tmp_path: Path
) -> None:
    pairs_data.test.X.to_parquet(tmp_path / "frame.parquet")
    checkout = Path(models.__path__[0]).parent
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, stored.uri, str(checkout), "frame.parquet"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["scores"] == sold.score(pairs_data.test.X, version="v")["score"].tolist()
    for package in ("models", "configs"):
        assert Path(said[package]).parts[-4:-1] == ("artifacts", "code", package)
        assert not Path(said[package]).is_relative_to(checkout)


def test_a_store_whose_making_was_killed_is_not_there(tmp_path: Path) -> None:
    """Its tables are made beside it, in some seconds; the draft that stays behind is nothing to anyone."""
    path = tmp_path / "var" / "mlflow.db"
    code = f"from models.registry import ModelRegistry; ModelRegistry('sqlite:///{path}')"
    made = subprocess.Popen([sys.executable, "-c", code])
    try:
        drafts = path.parent
        while not (drafts.is_dir() and any(draft.stat().st_size for draft in drafts.iterdir())):
            assert made.poll() is None
            time.sleep(0.01)
    finally:
        made.kill()
        made.wait()
    assert not path.exists()
    assert ModelRegistry(f"sqlite:///{path}").names() == []
    assert path.exists()

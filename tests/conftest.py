"""What the tests of several floors share: a model store, a simulated history, its examples, a trained artifact."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from configs.settings import SILENCE
from features.datasets.simulator import simulate
from features.engine.candidates import top_categories
from features.engine.door import admit
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from tests.spark_session import spark as spark

if TYPE_CHECKING:
    from models.registry import ModelRegistry
    from training.backtest import Backtested
    from training.splits import Split, Splits
    from training.task import Task

FIRST, TEST = pd.Timestamp("2024-08-18"), pd.Timestamp("2025-01-05")
ORIGINS = [pd.Timestamp("2024-11-10"), pd.Timestamp("2024-12-08"), TEST]


def pytest_configure() -> None:
    """Silence MLflow before anything imports it, as the command line does."""
    os.environ.update({key: os.environ.get(key, value) for key, value in SILENCE.items()})


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the SQLite file of an MLflow store once, its tables included: that takes seconds, a copy takes none."""
    from models.registry import ModelRegistry

    path = tmp_path_factory.mktemp("store") / "empty.db"
    ModelRegistry(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def store_uri(empty_store: Path) -> str:
    """Give an MLflow store that tests may share: each uses names of its own."""
    return f"sqlite:///{shutil.copy(empty_store, empty_store.with_name('mlflow.db'))}"


@pytest.fixture
def own_store(empty_store: Path, tmp_path: Path) -> str:
    """Give an empty MLflow store to one test."""
    return f"sqlite:///{shutil.copy(empty_store, tmp_path / 'own.db')}"


@pytest.fixture(scope="session")
def registry(store_uri: str) -> "ModelRegistry":
    """Open the shared store."""
    from models.registry import ModelRegistry

    return ModelRegistry(store_uri)


@pytest.fixture(scope="session")
def simulated() -> History:
    """Simulate 300 customers from 2024-01-01 to 2025-02-24."""
    return admit("small", dict(simulate(300, days=420).tables))


@pytest.fixture(scope="session")
def churn(simulated: History) -> "Task":
    """Ask who of all customers buys nothing within 28 days."""
    from training.task import Task

    features = chosen(["rfm", "windows", "gaps"])
    return Task(simulated, POPULATIONS["known"], features, TARGETS["churned"], horizon_days=28)


@pytest.fixture(scope="session")
def churn_splits(churn: "Task") -> "Splits":
    """Give three origins 28 days apart, with three, four and five training cutoffs."""
    from training.splits import rolling

    return rolling(churn, first=FIRST, step_days=28, tests=ORIGINS)


@pytest.fixture(scope="session")
def churn_data(churn_splits: "Splits") -> "Split":
    """Give five training cutoffs and the test cutoff 2025-01-05."""
    return churn_splits.final


@pytest.fixture(scope="session")
def pairs(simulated: History) -> "Task":
    """Ask who buys one of six categories, not bought for 91 days, within 28 days."""
    from training.task import Task

    features = chosen(["frequency", "recency_days", "affinity"])
    asked, target = POPULATIONS["new_category_91d"], TARGETS["bought_category"]
    categories = top_categories(simulated, before=FIRST, count=6)
    return Task(simulated, asked, features, target, horizon_days=28, categories=categories)


@pytest.fixture(scope="session")
def pairs_splits(pairs: "Task") -> "Splits":
    """Give one origin."""
    from training.splits import rolling

    return rolling(pairs, first=pd.Timestamp("2024-10-13"), step_days=28, tests=[TEST])


@pytest.fixture(scope="session")
def pairs_data(pairs_splits: "Splits") -> "Split":
    """Give three training cutoffs and the test cutoff 2025-01-05."""
    return pairs_splits.final


@pytest.fixture(scope="session")
def trained(churn: "Task", churn_splits: "Splits") -> "Backtested":
    """Back-test a few trees on the question of `churn`."""
    from training.backtest import backtest

    return backtest("small_churn", churn, churn_splits, model="boosted", params={"rounds": 25})


@pytest.fixture(scope="session")
def new_run(registry: "ModelRegistry", tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Make runs in the shared store, with their files in a folder of their own."""
    folder = tmp_path_factory.mktemp("artifacts")
    experiment = registry.client.create_experiment("shared", artifact_location=folder.as_uri())
    return lambda: str(registry.client.create_run(experiment).info.run_id)

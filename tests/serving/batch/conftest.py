"""Champions of the shop, what they are asked about, and what all rows at once are scored."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from experiments.runs import Deployment
from features.history import History
from models.registry import Registered
from serving.batch import batch_frame

CUTOFF = pd.Timestamp("2025-10-01")
Clock = Callable[[], datetime]


@pytest.fixture(scope="session")
def champions(deployment: Deployment) -> dict[str, Registered]:
    """Load the four champions: churn by trees, value with details, pairs, and segments."""
    return {each.artifact.name: each for each in deployment.registry.champions("shop")}


@pytest.fixture(scope="session")
def churn(champions: dict[str, Registered]) -> Registered:
    return champions["shop_churn"]


@pytest.fixture(scope="session")
def cross_sell(champions: dict[str, Registered]) -> Registered:
    return champions["shop_cross_sell"]


@pytest.fixture(scope="session")
def frames(champions: dict[str, Registered], history: History) -> dict[str, pd.DataFrame]:
    """Give each champion's frame at the cutoff, all rows at once."""
    return {name: batch_frame(history, each, cutoff=CUTOFF) for name, each in champions.items()}


@pytest.fixture(scope="session")
def expected(champions: dict[str, Registered], frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Score all rows at once."""
    return {name: each.artifact.score(frames[name], version=each.version) for name, each in champions.items()}


@pytest.fixture
def clock() -> Clock:
    """Give the same time whenever asked."""
    return lambda: datetime(2025, 10, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
def ready(frames: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the rows of three champions of customers as one Parquet file: the columns of any."""
    path = tmp_path_factory.mktemp("ready") / "rows.parquet"
    made = frames["shop_churn"]
    for name in ("shop_clv", "shop_segments"):
        new = [column for column in frames[name] if column not in made]
        made = made.join(frames[name][new])
    made.to_parquet(path, index=False)
    return path

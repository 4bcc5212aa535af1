"""A service with API keys, and a server that answers what a test says."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from configs.service import ServiceSettings
from experiments.runs import Deployment
from experiments.server import free_port, running
from serving.client import Client
from serving.safety.issue import add_key


@dataclass(frozen=True)
class Keyed:
    """A service at a URL that wants a key: one may do all, one little, one seldom, two a few rows a second."""

    url: str
    all: str
    little: str
    seldom: str
    slow: str
    slower: str


@pytest.fixture(scope="session")
def keyed(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """Run the service with keys."""
    folder, at = tmp_path_factory.mktemp("keyed"), datetime.now(UTC)
    path = folder / "keys.json"
    made = (
        add_key(path, "all", at=at, rate=1e5, burst=1e5),
        add_key(path, "little", at=at, models=["shop_churn"], actions=["score"]),
        add_key(path, "seldom", at=at, rate=0.5, burst=1),
        add_key(path, "slow", at=at, rate=40, burst=1),
        add_key(path, "slower", at=at, rate=2, burst=1),
    )
    settings = replace(deployment.settings, named_keys=path)
    with running(settings, ServiceSettings(dataset="shop"), port=free_port(), log=folder / "log") as url:
        yield Keyed(url, *made)


@pytest.fixture(scope="session")
def asking(keyed: Keyed) -> Iterator[Client]:
    """Speak with it by the key that may do all."""
    with Client(keyed.url, keyed.all, timeout=60) as client:
        yield client

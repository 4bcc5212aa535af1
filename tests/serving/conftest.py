"""A small deployment: four champions of a simulated shop, scored into the store, and one service process over it."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from configs.service import ServiceSettings
from configs.settings import Settings
from configs.study import Study
from experiments.runs import Deployment
from experiments.server import free_port, running
from experiments.study import prepare
from features.datasets.simulator import simulate
from features.engine.door import admit
from features.history import History
from serving.live.snapshot import Snapshot
from serving.live.source import FromRegistry
from serving.live.watch import Watch
from serving.scorer import Scorer
from serving.store.lmdb_store import LmdbStore
from serving.suppression import Suppressions, write_suppressed

CUSTOMERS = 150
OPTED_OUT, ERASED = "C0000149", "C0000150"
"""Who is on the list of those that must not be scored; the batches hold them all the same."""
TIMEOUT = 5.0
"""Seconds within which the service wants a request whole and answered."""
FAMILIES = ["rfm", "windows", "decay", "gaps", "breadth", "discount"]
CHURN = {"target": "churned", "champion": "boosted", "models": {"boosted": {"rounds": 30}}}
CLV = {"target": "future_spend", "champion": "clv", "models": {"clv": {}}}
CROSS_SELL = {
    "population": "new_category_182d",
    "target": "bought_category",
    "categories": 12,
    "features": ["rfm", "windows", "breadth", "affinity"],
    "cutoffs": {"first": "2024-10-01", "step_days": 28, "test": ["2025-09-30"]},
    "champion": "cross_sell",
    "models": {"cross_sell": {"rounds": 30}},
}
SEGMENTS = {
    "features": ["days_since_last", "purchase_days", "spend"],
    "champion": "segments",
    "models": {"segments": {"k": 4}},
}
STUDIES: dict[str, dict[str, Any]] = {
    "shop_churn": CHURN,
    "shop_clv": CLV,
    "shop_cross_sell": CROSS_SELL,
    "shop_segments": SEGMENTS,
}
SENT = ["time", "amount", "order_id", "product_id", "category", "quantity", "discount", "channel", "is_return"]


@pytest.fixture(scope="session")
def sales() -> pd.DataFrame:
    """Simulate the shop's transactions: two years up to 2025-12-31, 12 categories, returns among them."""
    return simulate(CUSTOMERS, seed=7).tables["transactions"]


@pytest.fixture(scope="session")
def history(sales: pd.DataFrame) -> History:
    return admit("shop", {"transactions": sales})


@pytest.fixture(scope="session")
def deployment(store_uri: str, history: History, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Train, register and score the four champions in a var folder, a model store and a feature store of their own."""
    var = tmp_path_factory.mktemp("var")
    shutil.copy(store_uri.removeprefix("sqlite:///"), var / "mlflow.db")
    made = Deployment.open(Settings(var, f"sqlite:///{var / 'mlflow.db'}"))
    for name, said in STUDIES.items():
        _champion(made, name, _study(**said), history)
    write_suppressed(LmdbStore(var / "store"), Suppressions({OPTED_OUT: "opted_out", ERASED: "erased"}))
    return made


def _study(**said: Any) -> Study:
    cutoffs = {"first": "2025-03-01", "step_days": 28, "test": ["2025-09-30"]}
    horizon = {"horizon_days": 91} if "target" in said else {}
    known = {"title": "Shop", "dataset": "shop", "population": "known", "features": FAMILIES, "cutoffs": cutoffs}
    return Study.model_validate({**known, **horizon, **said})


def _champion(made: Deployment, name: str, study: Study, history: History) -> None:
    prepared = prepare(name, study, step=lambda what: None, history=history)
    made.record(prepared, prepared.judge(step=lambda what: None))
    made.score(made.registry.load(name), history)


@pytest.fixture(scope="session")
def watch(deployment: Deployment) -> Watch:
    """Look once, as a worker does when it starts."""
    settings, noted = deployment.settings, list[tuple[str, str]]()
    made = Watch(
        FromRegistry(settings.mlflow, dataset="shop"),
        LmdbStore(settings.var / "store"),
        lambda snapshot: None,
        counted=lambda what, name: noted.append((what, name)),
    )
    asyncio.run(made.refresh())
    assert not noted
    return made


@pytest.fixture(scope="session")
def snapshot(watch: Watch) -> Snapshot:
    return watch.snapshot


@pytest.fixture(scope="session")
def scorer(snapshot: Snapshot) -> Scorer:
    """Answer from what a worker would."""
    return Scorer(snapshot)


@pytest.fixture(scope="session")
def ids(sales: pd.DataFrame) -> list[str]:
    """Give everybody who may be scored, in order."""
    return sorted(set(sales["customer_id"]) - {OPTED_OUT, ERASED})


@pytest.fixture(scope="session")
def log(deployment: Deployment) -> Path:
    """Where the service writes its log."""
    return deployment.settings.var / "service.log"


@pytest.fixture(scope="session")
def client(deployment: Deployment, log: Path) -> Iterator[httpx.Client]:
    """Run the service as a process of its own and speak HTTP to it."""
    service = ServiceSettings(dataset="shop", timeout_seconds=TIMEOUT, poll_seconds=0.5)
    with (
        running(deployment.settings, service, port=free_port(), log=log) as url,
        httpx.Client(base_url=url, timeout=60) as speaking,
    ):
        yield speaking


@pytest.fixture(scope="session")
def payload(sales: pd.DataFrame, history: History) -> Callable[[str], dict[str, Any]]:
    """Make the request that sends a customer's whole history."""

    def made(customer_id: str) -> dict[str, Any]:
        rows = sales.loc[sales["customer_id"] == customer_id, SENT].to_json(orient="records", date_format="iso")
        return {"customer_id": customer_id, "cutoff": history.end.isoformat(), "transactions": json.loads(rows)}

    return made

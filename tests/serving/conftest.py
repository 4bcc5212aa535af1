"""A small deployment: four champions of a simulated shop, scored, and one service process over it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from configs.settings import Settings
from configs.study import Study
from experiments.runs import Deployment
from experiments.server import free_port, running
from experiments.study import prepare
from features.datasets.simulator import simulate
from features.engine.door import admit
from features.history import History
from serving.lookup import Lookup
from serving.scorer import Scorer, Served

CUSTOMERS = 150
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
    """Train, register and score the four champions in a var folder and a model store of their own."""
    var = tmp_path_factory.mktemp("var")
    shutil.copy(store_uri.removeprefix("sqlite:///"), var / "mlflow.db")
    made = Deployment.open(Settings(var, f"sqlite:///{var / 'mlflow.db'}"))
    for name, said in STUDIES.items():
        _champion(made, name, _study(**said), history)
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
def scorer(deployment: Deployment) -> Scorer:
    """Load what the service loads."""
    settings, champions = deployment.settings, deployment.registry.champions("shop")
    return Scorer(Served(each, Lookup.read(settings.scored(each.artifact.name), each.artifact)) for each in champions)


@pytest.fixture(scope="session")
def log(deployment: Deployment) -> Path:
    """Where the service writes its log."""
    return deployment.settings.var / "service.log"


@pytest.fixture(scope="session")
def client(deployment: Deployment, log: Path) -> Iterator[httpx.Client]:
    """Run the service as a process of its own and speak HTTP to it."""
    with (
        running(deployment.settings, dataset="shop", port=free_port(), log=log) as url,
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

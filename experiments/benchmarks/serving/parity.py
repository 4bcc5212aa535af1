"""One score whichever way it is asked for: `python -m experiments.benchmarks.serving.parity`, about ten minutes.

Every customer of a simulated shop and four champions. What a model says of a frame that is observed anew (training's
way) and what the service says by id, in bulk and of a whole history is held against what the batch wrote. Requests and
answers are JSON or Arrow as clients send and get them; they pass the service's application without a server around it.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.table import Table

from configs.settings import SILENCE, Settings
from configs.study import Study
from experiments.benchmarks.record import write
from experiments.progress import steps
from experiments.runs import Deployment
from experiments.study import prepare
from features.datasets.simulator import simulate
from features.engine.door import admit
from features.history import History
from serving.api.app import Api
from serving.api.asgi import Message
from serving.api.bulk import ARROW
from serving.api.guard import Guard
from serving.api.routes import JSON
from serving.batch import FRAME, SCORES, batch_frame
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.live.source import FromRegistry
from serving.live.watch import Watch
from serving.metrics import Metrics
from serving.safety.rate import Limits
from serving.scorer import Scorer
from serving.store.opened import store_of

HERE: Final = Path(__file__).parent
CUSTOMERS: Final = 10_000
FEATURES: Final = ["rfm", "windows", "decay", "gaps", "breadth", "discount"]
CUTOFFS: Final = {"first": "2025-03-01", "step_days": 28, "test": ["2025-09-30"]}
ASKED: Final = {"title": "Shop", "dataset": "shop", "population": "known", "features": FEATURES, "cutoffs": CUTOFFS}
STUDIES: Final[dict[str, dict[str, Any]]] = {
    "churn": {
        "target": "churned",
        "horizon_days": 91,
        "plausible_auc": 0.97,  # the simulator leaves little to chance
        "champion": "boosted",
        "models": {"boosted": {"rounds": 100}},
    },
    "value": {"target": "future_spend", "horizon_days": 91, "champion": "clv", "models": {"clv": {}}},
    "cross_sell": {
        "population": "new_category_182d",
        "target": "bought_category",
        "horizon_days": 91,
        "categories": 12,
        "features": ["rfm", "windows", "breadth", "affinity"],
        "champion": "cross_sell",
        "models": {"cross_sell": {"rounds": 50}},
    },
    "segments": {
        "features": ["days_since_last", "purchase_days", "spend"],
        "champion": "segments",
        "models": {"segments": {"k": 4}},
    },
}
NUMBERS: Final = ("score", "p_alive", "expected_purchases", "expected_value", "clv", "low", "high")
SENT: Final = ["time", "amount", "order_id", "product_id", "category", "quantity", "discount", "channel", "is_return"]
MANY: Final = 1_000
"""Customers of one request, where a request has many."""


@dataclass(frozen=True)
class Compared:
    """A way of asking a model: how many scores there were, how many were others than the batch's, and by how much."""

    way: str
    model: str
    customers: int
    scores: int
    different: int
    largest: float


@dataclass(frozen=True)
class Shop:
    """The deployment, what its batches wrote, and an application over it."""

    deployment: Deployment
    history: History
    sales: pd.DataFrame
    snapshot: Snapshot
    api: Api
    loop: asyncio.AbstractEventLoop

    def frame(self, model: str) -> pd.DataFrame:
        """Give the features that a batch scored."""
        return pd.read_parquet(self.deployment.settings.scored(model) / FRAME)

    def scores(self, model: str) -> pd.DataFrame:
        """Give what a batch wrote."""
        return pd.read_parquet(self.deployment.settings.scored(model) / SCORES)

    def post(self, path: str, body: bytes, *, kind: str = JSON) -> bytes:
        """Send a request, and give the body of its answer. Raises `RuntimeError` where that is no score."""
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"content-type", kind.encode())]}
        self.loop.run_until_complete(self.api(scope, receive, send))
        if sent[0]["status"] != 200:
            raise RuntimeError(f"{path} answers {sent[0]['status']}: {sent[1]['body'][:500]!r}")
        answered: bytes = sent[1]["body"]
        return answered

    def ask(self, path: str, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Send a request as JSON, and give its results."""
        results: list[dict[str, Any]] = json.loads(self.post(path, json.dumps(request).encode()))["results"]
        return results


def make(var: Path, customers: int, step: Callable[[str], None]) -> Shop:
    """Train four models of a simulated shop, score everybody, and load what a worker does."""
    step("simulate")
    sales = simulate(customers, seed=7).tables["transactions"]
    history = admit("shop", {"transactions": sales})
    deployment = Deployment.open(Settings(var, f"sqlite:///{var / 'mlflow.db'}"))
    for name, said in STUDIES.items():
        step(f"train {name}")
        prepared = prepare(name, Study.model_validate({**ASKED, **said}), step=lambda what: None, history=history)
        deployment.record(prepared, prepared.judge(step=lambda what: None))
        deployment.score(deployment.registry.load(name), history)
    source, store = FromRegistry(deployment.settings.mlflow), store_of(deployment.settings.store)
    watch = Watch(source, store, lambda snapshot: None, counted=lambda what, name: None)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(watch.refresh())
    metrics = Metrics(CollectorRegistry())
    guard = Guard(None, Limits(), None, metrics)
    api = Api(Scorer(watch.snapshot), guard, metrics, ready=lambda: (True, b""), seconds=600.0)
    return Shop(deployment, history, sales, watch.snapshot, api, loop)


def compare(way: str, model: str, found: pd.DataFrame, expected: pd.DataFrame) -> Compared:
    """Hold scores against the batch's. Raises `ValueError` unless they are about the same customers and categories."""
    keys = ["customer_id", *(["category"] if "category" in expected else [])]
    both = found.merge(expected, on=keys, suffixes=("", "_batch"), validate="one_to_one")
    if not len(both) == len(found) == len(expected):
        raise ValueError(f"{way} gives {len(found)} scores of {model}, the batch {len(expected)}, both {len(both)}")
    names = [name for name in NUMBERS if name in expected and name in found]
    mine = both[names].to_numpy(dtype=np.float64)
    theirs = both[[f"{name}_batch" for name in names]].to_numpy(dtype=np.float64)
    off = np.abs(np.where(np.isnan(mine) & np.isnan(theirs), 0.0, mine - theirs))
    different = ~(off == 0).all(axis=1)
    customers = expected["customer_id"].nunique()
    return Compared(way, model, customers, len(both), int(different.sum()), float(np.nan_to_num(off, nan=np.inf).max()))


def compared(shop: Shop, step: Callable[[str], None]) -> Iterator[Compared]:
    """Ask every way that there is."""
    for model, live in shop.snapshot.models.items():
        expected, everyone = shop.scores(model), sorted(shop.frame(model)["customer_id"].unique())
        step(f"{model}: training, and by id")
        yield compare("training", model, _trained(shop, model), expected)
        yield compare("by id, computed", model, _computed(live, everyone), expected)
        yield compare("by id", model, _by_id(shop, model, everyone), expected)
        step(f"{model}: bulk")
        yield compare("bulk, Arrow", model, _arrow(shop, model), expected)
        if "category" not in expected:
            yield compare("bulk, JSON", model, _json(shop, model), expected)
    step("histories")
    found = _histories(shop)
    for model in shop.snapshot.models:
        mine = found[found["model"] == model]
        expected = shop.scores(model)
        yield compare("a whole history", model, mine if "category" in expected else _without(mine), expected)


def _without(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.drop(columns="category", errors="ignore")


def _trained(shop: Shop, model: str) -> pd.DataFrame:
    registered = shop.deployment.registry.load(model)
    artifact = registered.artifact
    frame = batch_frame(shop.history, registered, cutoff=shop.history.end)
    asked = frame["eligible"].to_numpy() if "eligible" in frame else np.ones(len(frame), dtype=bool)
    keys = [key for key in ("customer_id", "category") if key in frame]
    scores: pd.DataFrame = frame.loc[asked, keys]
    return scores.assign(score=artifact.calibration.apply(artifact.model.predict(frame))[asked])


def _computed(live: Live, everyone: Sequence[str]) -> pd.DataFrame:
    rows = [row for row in asyncio.run(live.rows(everyone)) if row is not None]
    answers = live.answers(everyone, rows, compute=True)
    made = pd.DataFrame({"customer_id": answers.owners, **answers.columns})
    return made if answers.categories is None else made.assign(category=answers.categories)


def _by_id(shop: Shop, model: str, everyone: Sequence[str]) -> pd.DataFrame:
    parts = [everyone[start : start + MANY] for start in range(0, len(everyone), MANY)]
    asked = [shop.ask("/v1/score", {"customer_ids": part, "models": [model]}) for part in parts]
    return pd.DataFrame([each for results in asked for each in results])


def _arrow(shop: Shop, model: str) -> pd.DataFrame:
    frame, parts = shop.frame(model), list[pd.DataFrame]()
    numbers = np.unique(frame["customer_id"], return_inverse=True)[1]
    for _, part in frame.groupby(numbers // 500):
        asked = pa.Table.from_pandas(part, preserve_index=False).replace_schema_metadata({"augury.models": model})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, asked.schema) as stream:
            stream.write_table(asked)
        answer = shop.post("/v1/bulk", sink.getvalue().to_pybytes(), kind=ARROW)
        parts.append(pa.ipc.open_stream(answer).read_all().to_pandas())
    return pd.concat(parts, ignore_index=True)


def _json(shop: Shop, model: str) -> pd.DataFrame:
    frame = shop.frame(model).set_index("customer_id")
    cutoff, found = pd.Timestamp(frame.pop("cutoff").iloc[0]).isoformat(), list[dict[str, Any]]()
    for start in range(0, len(frame), MANY):
        part = frame.iloc[start : start + MANY]
        rows = [{"customer_id": str(each), "features": _features(row)} for each, row in part.iterrows()]
        found += shop.ask("/v1/bulk", {"rows": rows, "cutoff": cutoff, "models": [model]})
    return pd.DataFrame(found)


def _features(row: "pd.Series[Any]") -> dict[str, float | None]:
    return {str(name): None if pd.isna(value) else float(value) for name, value in row.items()}


def _histories(shop: Shop) -> pd.DataFrame:
    """Ask for everybody by all of their transactions, all models at once."""
    cutoff, found = shop.history.end.isoformat(), list[dict[str, Any]]()
    for customer_id, mine in shop.sales.groupby("customer_id"):
        sent = json.loads(mine[SENT].to_json(orient="records", date_format="iso", double_precision=15))
        request = {"customer_id": str(customer_id), "cutoff": cutoff, "transactions": sent}
        found += shop.ask("/v1/score/payload", {**request, "models": list(shop.snapshot.models)})
    return pd.DataFrame([each for each in found if each["kind"] == "score"])


def run(var: Path, customers: int) -> list[Compared]:
    """Make the shop and ask every way."""
    with steps("parity", 2 + 3 * len(STUDIES)) as step:
        return list(compared(make(var, customers, step), step))


def table(found: Sequence[Compared]) -> Table:
    """Show what was found."""
    made = Table("asked", "model", "customers", "scores", "different", "largest difference")
    for each in found:
        told = (f"{each.customers:,}", f"{each.scores:,}", f"{each.different:,}", f"{each.largest:g}")
        made.add_row(each.way, each.model, *told)
    return made


def main() -> None:
    """Compare, print, and write parity.json."""
    os.environ.update({key: os.environ.get(key, value) for key, value in SILENCE.items()})
    flags = argparse.ArgumentParser(prog="python -m experiments.benchmarks.serving.parity", description=__doc__)
    flags.add_argument("--customers", type=int, default=CUSTOMERS, help="by default %(default)s")
    flags.add_argument("--to", type=Path, default=HERE / "parity.json", help="the file of the results")
    told, began = flags.parse_args(), time.perf_counter()
    with tempfile.TemporaryDirectory() as var:
        found = run(Path(var), told.customers)
    seconds = round(time.perf_counter() - began)
    write(told.to, {"seconds": seconds, "rows": [asdict(each) for each in found]}, peers=("msgspec", "lmdb"))
    Console().print(table(found))


if __name__ == "__main__":
    main()

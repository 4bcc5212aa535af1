"""A model that gives no finite number of a customer: a refusal by every route and in every format, and no score."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from prometheus_client import CollectorRegistry

from experiments.runs import Deployment
from models.calibration import Calibration
from serving.api.app import Api
from serving.api.asgi import Message
from serving.api.bulk import ARROW
from serving.api.guard import Guard
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.metrics import Metrics
from serving.safety.rate import Limits
from serving.scorer import Scorer
from tests.serving.altered import altered
from tests.serving.conftest import OPTED_OUT
from tests.serving.streams import stream

CHURN, CLV = "shop_churn", "shop_clv"
REASON = "the model gave no finite number; look at its features"
ODD = (np.inf, np.nan, -np.inf)


def broken(live: Live, **methods: Callable[..., Any]) -> Live:
    """Make a model that answers by other methods, as they are."""
    return altered(live, {"calibration": Calibration()}, **methods)


def first_three(method: str) -> Callable[..., Any]:
    """Give what a method gives, but for the first three rows."""

    def said(self: Any, rows: Any) -> Any:
        values = getattr(super(type(self), self), method)(rows).copy()
        values[:3] = ODD[: len(values)]
        return values

    return said


def details(self: Any, rows: pd.DataFrame) -> pd.DataFrame:
    told: pd.DataFrame = super(type(self), self).details(rows).assign(high=np.inf)
    return told


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


@pytest.fixture
def ask(snapshot: Snapshot, metrics: Metrics) -> Callable[..., bytes]:
    """Ask an application whose models of churn and value are broken, without a server."""
    models = {
        CHURN: broken(snapshot.models[CHURN], predict_rows=first_three("predict_rows")),
        CLV: broken(snapshot.models[CLV], predict=first_three("predict"), details=details),
        "shop_segments": snapshot.models["shop_segments"],
    }
    scorer = Scorer(replace(snapshot, models=models))

    def asked(path: str, body: bytes, kind: str = "application/json") -> bytes:
        api = Api(scorer, Guard(None, Limits(), None, metrics), metrics, ready=lambda: (True, b"{}"))
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        head = [(b"content-type", kind.encode())]
        asyncio.run(api({"type": "http", "path": path, "method": "POST", "headers": head}, receive, send))
        assert sent[0]["status"] == 200, sent[1]["body"]
        answer: bytes = sent[1]["body"]
        return answer

    return asked


Ask = Callable[..., bytes]


@pytest.fixture
def frame(deployment: Deployment, ids: list[str]) -> pd.DataFrame:
    """Give the features of five and of one who must not be scored."""
    path = deployment.settings.scored(CHURN) / "frame.parquet"
    return pd.read_parquet(path).set_index("customer_id").loc[[*ids[:5], OPTED_OUT]].reset_index()


def _no_constant(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


def _plain(row: dict[Any, Any]) -> dict[Any, Any]:
    return {name: value if value == value else None for name, value in row.items()}


def _results(answer: bytes) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = json.loads(answer, parse_constant=_no_constant)["results"]
    return results


def _counted(metrics: Metrics) -> dict[str, tuple[float | None, float | None]]:
    """Give each model's scores and refusals."""
    value = metrics.registry.get_sample_value
    return {
        name: (
            value("augury_scores_total", {"model": name, "version": "1"}),
            value("augury_refusals_total", {"model": name, "reason": "not_finite"}),
        )
        for name in (CHURN, CLV)
    }


def test_by_id(ask: Ask, metrics: Metrics, ids: list[str]) -> None:
    asked = {"customer_ids": [*ids[:5], OPTED_OUT], "models": [CHURN, CLV]}
    told = _results(ask("/v1/score", json.dumps(asked).encode()))
    for name in (CHURN, CLV):
        mine = [each for each in told if each.get("model") == name]
        assert [each["kind"] for each in mine] == ["refusal"] * 3 + ["score"] * 2
        assert {(each["refusal"], each["reason"], each["version"]) for each in mine[:3]} == {
            ("not_finite", REASON, "1")
        }
    assert _counted(metrics) == {CHURN: (2, 3), CLV: (2, 3)}


def test_by_features(ask: Ask, metrics: Metrics, frame: pd.DataFrame) -> None:
    features = _plain(frame.drop(columns=["customer_id", "cutoff"]).to_dict("records")[0])
    asked = {"customer_id": "new", "models": [CHURN], "features": features}
    (told,) = _results(ask("/v1/score/payload", json.dumps(asked).encode()))
    assert (told["kind"], told["refusal"], told["model"]) == ("refusal", "not_finite", CHURN)
    assert _counted(metrics)[CHURN] == (None, 1)


def test_by_rows_of_json(ask: Ask, metrics: Metrics, frame: pd.DataFrame, ids: list[str]) -> None:
    rows = [
        {"customer_id": each.pop("customer_id"), "features": _plain(each)}
        for each in frame.drop(columns="cutoff").to_dict("records")
    ]
    asked = {"rows": rows, "models": [CHURN, CLV], "cutoff": frame["cutoff"].iloc[0].isoformat()}
    told = _results(ask("/v1/bulk", json.dumps(asked).encode()))
    refused = [(each["customer_id"], each["model"]) for each in told if each.get("refusal") == "not_finite"]
    assert refused == [(each, name) for each in ids[:3] for name in (CHURN, CLV)]
    assert [each["refusal"] for each in told if each["customer_id"] == OPTED_OUT] == ["opted_out"]
    assert _counted(metrics) == {CHURN: (2, 3), CLV: (2, 3)}


def test_by_rows_of_arrow(ask: Ask, metrics: Metrics, frame: pd.DataFrame, ids: list[str]) -> None:
    """The refused come last, with the keys of their rows; what a model tells beside a score is finite or null."""
    found = _arrow(ask, frame, f"{CHURN},{CLV}")
    rows = found.to_pylist()
    scored = [(each["customer_id"], each["model"]) for each in rows if each["refusal"] is None]
    assert scored == [(each, name) for name in (CHURN, CLV) for each in ids[3:5]]
    assert [(each["customer_id"], each["model"], each["version"], each["refusal"]) for each in rows[4:]] == [
        *((each, name, "1", "not_finite") for name in (CHURN, CLV) for each in ids[:3]),
        (OPTED_OUT, None, None, "opted_out"),
    ]
    assert {each["reason"] for each in rows[4:-1]} == {REASON}
    assert {each["cutoff"] for each in rows[:-1]} == {frame["cutoff"].iloc[0].to_pydatetime()}
    assert [each["score"] for each in rows[4:]] == [None] * 7
    for name, column in zip(found.column_names, found.columns, strict=True):
        if pa.types.is_floating(column.type):
            assert np.isfinite(column.drop_null().to_numpy()).all(), name
    assert found["high"].null_count == len(rows)
    assert _counted(metrics) == {CHURN: (2, 3), CLV: (2, 3)}
    assert metrics.registry.get_sample_value("augury_refusals_total", {"model": "", "reason": "opted_out"}) == 1


def test_nobody_has_a_score(ask: Ask, frame: pd.DataFrame) -> None:
    found = _arrow(ask, frame.head(3), CHURN)
    assert found.schema.field("score").type == pa.float64()
    assert found["refusal"].to_pylist() == ["not_finite"] * 3


def test_where_all_are_finite_no_column_says_otherwise(ask: Ask, frame: pd.DataFrame) -> None:
    assert "refusal" not in _arrow(ask, frame.head(3), "shop_segments").column_names


def _arrow(ask: Ask, frame: pd.DataFrame, models: str) -> pa.Table:
    asked = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata({"augury.models": models})
    return pa.ipc.open_stream(ask("/v1/bulk", stream(asked), ARROW)).read_all()


def test_pairs_without_a_number_come_after_those_with_one(snapshot: Snapshot, ids: list[str]) -> None:
    """Among scores that cannot be compared the order of the others would be lost."""
    pairs = broken(snapshot.models["shop_cross_sell"], predict=first_three("predict"))
    told = asyncio.run(Scorer(Snapshot({pairs.name: pairs})).by_id(ids[:1], now=pd.Timestamp("2026-01-02", tz="UTC")))
    scores = [getattr(each, "score", None) for each in told]
    numbers = [each for each in scores if each is not None]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) < len(scores)
    assert scores[: len(numbers)] == numbers

"""The application itself, where something under it fails: what a client is told, and what the log says."""

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from serving.api.app import Api
from serving.api.asgi import Message
from serving.api.guard import Guard
from serving.api.openapi import MEANINGS
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.metrics import Metrics
from serving.safety.log import InputsOut, JsonLines
from serving.safety.rate import Limits
from serving.scorer import Scorer

SECRET = "geheim-4711"


class Failing(Scorer):
    """A scorer that fails on what it is asked, and says it."""

    async def by_id(self, customer_ids: Any, *said: Any, **more: Any) -> Any:
        raise KeyError(f"no such customer: {customer_ids}")


class Slow(Scorer):
    """A scorer that takes its time."""

    async def by_id(self, *said: Any, **more: Any) -> Any:
        await asyncio.sleep(5)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


Ask = Callable[..., tuple[int, dict[bytes, bytes], Any]]


@pytest.fixture
def ask(metrics: Metrics) -> Ask:
    """Ask an application over a scorer, without a server."""

    def asked(scorer: Scorer, path: str, request: Any, *, seconds: float = 5.0) -> tuple[int, dict[bytes, bytes], Any]:
        api = Api(scorer, Guard(None, Limits(), None, metrics), metrics, ready=lambda: (True, b"{}"), seconds=seconds)
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": json.dumps(request).encode(), "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(api({"type": "http", "path": path, "method": "POST", "headers": []}, receive, send))
        start, body = sent
        return start["status"], dict(start["headers"]), json.loads(body["body"])

    return asked


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Log as the service does, into a text."""
    stream = io.StringIO()
    handler, logger = logging.StreamHandler(stream), logging.getLogger("serving")
    handler.setFormatter(JsonLines())
    handler.addFilter(InputsOut())
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def test_what_nobody_foresaw_is_an_error_that_tells_nothing_but_its_id(ask: Ask, written: io.StringIO) -> None:
    status, headers, problem = ask(Failing(Snapshot({})), "/v1/score", {"customer_ids": [SECRET]})
    assert status == 500
    assert problem == {
        "error": "internal",
        "message": "the service failed; the log has this request's id",
        "request_id": headers[b"x-request-id"].decode(),
    }
    (line,) = [json.loads(each) for each in written.getvalue().splitlines()]
    assert (line["level"], line["request_id"]) == ("ERROR", problem["request_id"])
    assert line["exception"].endswith("builtins.KeyError")
    assert SECRET not in written.getvalue()


def test_what_takes_too_long_is_told_so(ask: Ask) -> None:
    status, headers, problem = ask(Slow(Snapshot({})), "/v1/score", {"customer_ids": ["a"]}, seconds=0.05)
    assert (status, problem["error"], headers[b"connection"]) == (408, "timeout", b"close")
    assert problem["message"] == "the request was not whole and answered within 0.05 seconds"


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("/v1/score", {"customer_ids": ["a"]}),
        ("/v1/score", {"customer_ids": ["a"], "models": ["shop_churn"]}),
        ("/v1/score", {"customer_ids": ["a"], "models": ["shop_segments"]}),
        ("/v1/offers", {"customer_ids": ["a"]}),
    ],
)
def test_while_the_store_is_away_nobody_is_unknown(
    ask: Ask, snapshot: Snapshot, path: str, request_: dict[str, Any]
) -> None:
    """Of one model's batch nobody can tell whom it holds: who is in no other may be in that one."""
    models = dict(snapshot.models)
    for name in ("shop_churn", "shop_cross_sell"):
        models[name] = Live(models[name].registered, None, away=f"{SECRET} cannot be read")
    status, headers, problem = ask(Scorer(replace(snapshot, models=models)), path, request_)
    assert (status, problem["error"], headers[b"retry-after"]) == (503, "store_away", b"1")
    assert problem["message"] == "the feature store cannot be reached now; ask again in a second"


def test_what_needs_no_store_is_answered_while_it_is_away(ask: Ask, snapshot: Snapshot) -> None:
    models = {name: Live(live.registered, None, away="away") for name, live in snapshot.models.items()}
    scorer = Scorer(replace(snapshot, models=models))
    sale = {"time": "2025-06-01", "amount": 5.0, "category": "tea", "discount": 0.0}
    history = {"customer_id": "new", "cutoff": "2025-07-01", "transactions": [sale]}
    status, _, answer = ask(scorer, "/v1/score/payload", history)
    assert status == 200
    assert {each["kind"] for each in answer["results"]} == {"score"}
    features = {"days_since_last": 3.0, "purchase_days": 2.0, "spend": 5.0}
    status, _, answer = ask(scorer, "/v1/bulk", {"rows": [{"customer_id": "new", "features": features}]})
    assert (status, answer["results"][0]["model"]) == (200, "shop_segments")


def test_every_status_that_is_given_is_described() -> None:
    assert sorted(MEANINGS) == [400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 500, 503]


def _value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_what_was_live_and_is_no_more_is_told_as_such(metrics: Metrics) -> None:
    metrics.live("champion", {"churn": "1", "clv": "1"})
    metrics.live("challenger", {"churn": "2"})
    metrics.live("champion", {"churn": "2"})
    told = {
        (name, version, alias): _value(metrics, "augury_model_version_info", model=name, version=version, alias=alias)
        for name, version, alias in (
            ("churn", "1", "champion"),
            ("clv", "1", "champion"),
            ("churn", "2", "champion"),
            ("churn", "2", "challenger"),
        )
    }
    assert list(told.values()) == [0, 0, 1, 1]
    metrics.live("champion", {"churn": "1"})
    metrics.live("challenger", {})
    assert _value(metrics, "augury_model_version_info", model="churn", version="1", alias="champion") == 1
    assert _value(metrics, "augury_model_version_info", model="churn", version="2", alias="champion") == 0
    assert _value(metrics, "augury_model_version_info", model="churn", version="2", alias="challenger") == 0


def test_what_the_watch_sees_is_counted(metrics: Metrics) -> None:
    for what, model in (("registry", ""), ("store", "churn"), ("swapped", "churn"), ("refused", "churn")):
        metrics.watched(what, model)
    metrics.aged({"churn": 60.0})
    metrics.shadowed("churn", 0.02)
    assert _value(metrics, "augury_registry_errors_total") == 1
    assert _value(metrics, "augury_store_errors_total") == 1
    assert _value(metrics, "augury_swaps_total", model="churn", outcome="swapped") == 1
    assert _value(metrics, "augury_swaps_total", model="churn", outcome="refused") == 1
    assert _value(metrics, "augury_feature_age_seconds", model="churn") == 60
    assert _value(metrics, "augury_shadow_difference_bucket", model="churn", le="0.05") == 1
    assert _value(metrics, "augury_shadow_difference_bucket", model="churn", le="0.01") == 0

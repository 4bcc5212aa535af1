"""What the service tells of itself: metrics by route and model, an audit line a request, and nobody's data."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from experiments.runs import Deployment
from tests.serving.conftest import ERASED, OPTED_OUT
from tests.serving.streams import post, stream, table

Payload = Callable[[str], dict[str, Any]]
Labels = tuple[str, tuple[tuple[str, str], ...]]


def _metrics(client: httpx.Client) -> dict[Labels, float]:
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def _gained(client: httpx.Client, ask: Callable[[], Any]) -> dict[str, float]:
    """Give what counters gained by some requests, as `name{label="value",…}`, but for durations."""
    before = _metrics(client)
    ask()
    gained = {key: value - before.get(key, 0.0) for key, value in _metrics(client).items()}
    return {
        f"{name}{{{','.join(f'{label}={value}' for label, value in labels)}}}": value
        for (name, labels), value in gained.items()
        if value and name.endswith("_total")
    }


def test_requests_scores_and_refusals_are_counted(client: httpx.Client, ids: list[str]) -> None:
    def ask() -> None:
        client.post("/v1/score", json={"customer_ids": [ids[0], ids[1], "nobody", ERASED], "models": ["shop_churn"]})
        client.post("/v1/score", json={"customer_ids": ["nobody"]})
        client.post("/v1/score", json={})
        client.post("/v1/score", content=b"{}", headers={"content-type": "text/plain"})
        client.put("/v1/score", json={})
        client.get("/v1/nothing")
        client.get("/livez")

    assert _gained(client, ask) == {
        "augury_requests_total{key=-,route=/v1/score,status=200}": 2,
        "augury_requests_total{key=-,route=/v1/score,status=400}": 1,
        "augury_requests_total{key=-,route=/v1/score,status=405}": 1,
        "augury_requests_total{key=-,route=/v1/score,status=415}": 1,
        "augury_requests_total{key=-,route=other,status=404}": 1,
        "augury_scores_total{model=shop_churn,version=1}": 2,
        "augury_refusals_total{model=,reason=unknown}": 2,
        "augury_refusals_total{model=,reason=erased}": 1,
    }


def test_bulk_and_offers_are_counted_alike(client: httpx.Client, ids: list[str]) -> None:
    barred = table(customer_id=[ids[0], OPTED_OUT])

    def ask() -> None:
        post(client, stream(barred))
        rows = [{"customer_id": row.pop("customer_id"), "features": row} for row in barred.to_pylist()]
        client.post("/v1/bulk", json={"rows": rows})
        client.post("/v1/offers", json={"customer_ids": [ids[0], OPTED_OUT]})

    assert _gained(client, ask) == {
        "augury_requests_total{key=-,route=/v1/bulk,status=200}": 2,
        "augury_requests_total{key=-,route=/v1/offers,status=200}": 1,
        "augury_scores_total{model=shop_segments,version=1}": 2,
        "augury_scores_total{model=shop_cross_sell,version=1}": 1,
        "augury_refusals_total{model=,reason=opted_out}": 3,
    }


def test_how_long_answers_take_is_counted_by_route(client: httpx.Client, ids: list[str]) -> None:
    key: Labels = ("augury_request_seconds_count", (("route", "/v1/score"),))
    before = _metrics(client)[key]
    client.post("/v1/score", json={"customer_ids": ids[:1]})
    found = _metrics(client)
    assert found[key] == before + 1
    assert found["augury_request_seconds_bucket", (("le", "+Inf"), ("route", "/v1/score"))] == before + 1


def test_what_is_live_is_told_and_how_old_its_features_are(client: httpx.Client, deployment: Deployment) -> None:
    found = _metrics(client)
    for name in ("shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"):
        labels = (("alias", "champion"), ("model", name), ("version", "1"))
        assert found["augury_model_version_info", labels] == 1
        batch = json.loads((deployment.settings.scored(name) / "batch.json").read_text(encoding="utf-8"))
        age = time.time() - _seconds(batch["cutoff"])
        assert found["augury_feature_age_seconds", (("model", name),)] == pytest.approx(age, abs=120)
    assert found["augury_ready", ()] == 1
    assert found["augury_audit_dropped_total", ()] == 0


def _seconds(time_: str) -> float:
    return datetime.fromisoformat(time_).replace(tzinfo=UTC).timestamp()


def test_series_do_not_grow_with_what_is_asked(client: httpx.Client) -> None:
    """Two thousand customers, paths, models, request ids and queries: none is a label."""

    def ask(number: int) -> None:
        head = {"x-request-id": f"request.{number}"}
        client.post("/v1/score", json={"customer_ids": [f"stranger{number}"]}, headers=head)
        if number % 4 == 0:
            client.get(f"/v1/stranger{number}?customer=stranger{number}", headers=head)
            client.post("/v1/score", json={"customer_ids": ["a"], "models": [f"stranger{number}"]}, headers=head)
            client.request(f"M{number}"[:6], "/v1/score", headers=head)

    for number in range(8):
        ask(number)
    before = set(_metrics(client))
    for number in range(8, 2_000):
        ask(number)
    assert set(_metrics(client)) == before
    assert "stranger" not in client.get("/metrics").text


SECRET = "geheim-4711"


def test_neither_log_nor_metrics_nor_audit_hold_personal_data(
    client: httpx.Client, payload: Payload, ids: list[str], log: Path, deployment: Deployment
) -> None:
    sent, kind = payload(ids[0]), {"content-type": "application/json"}
    sale = {**sent["transactions"][0], "category": SECRET, "order_id": SECRET}
    for request in (
        {**sent, "customer_id": SECRET, "cutoff": SECRET},
        {**sent, "customer_id": SECRET, SECRET: 1},
        {**sent, "customer_id": SECRET, "transactions": [{"time": SECRET, "amount": SECRET, "category": SECRET}]},
        {**sent, "customer_id": SECRET, "transactions": [{**sale, "amount": -1.0, "is_return": False}]},
        {**sent, "customer_id": SECRET, "cutoff": "1999-01-01"},
        {**sent, "customer_id": SECRET, "transactions": [sale]},
        {"customer_id": SECRET, "features": {SECRET: SECRET}},
        {**sent, "customer_id": SECRET, "models": [SECRET]},
    ):
        client.post("/v1/score/payload", json=request)
    for content in (f'{{"customer_ids": ["{SECRET}"', f'{{"customer_ids": ["{SECRET}"]}}', f'{{"{SECRET}": 1}}'):
        client.post("/v1/score", content=content, headers=kind)
        client.post("/v1/offers", content=content, headers=kind)
    client.post("/v1/score", json={"customer_ids": [SECRET], "models": [SECRET]})
    client.post("/v1/bulk", json={"rows": [{"customer_id": SECRET, "features": {SECRET: 1.0}}]})
    post(client, stream(table(customer_id=[SECRET, SECRET]).append_column(SECRET, [[SECRET, SECRET]])))
    client.get(f"/v1/{SECRET}?{SECRET}={SECRET}", headers={"authorization": f"Bearer {SECRET}", "x-api-key": SECRET})
    client.get(f"/{SECRET}")
    client.post("/v1/score", json={"customer_ids": ids})
    asked = client.post("/v1/score", json={"customer_ids": ids[:1]}, headers={"x-request-id": "the-last-of-these"})
    assert asked.status_code == 200
    audit = _audited(deployment, "the-last-of-these")
    for written in (log.read_text(encoding="utf-8"), client.get("/metrics").text, audit):
        assert len(written) > 200
        assert SECRET not in written
        assert not [customer for customer in ids if customer in written]


def _audited(deployment: Deployment, last: str) -> str:
    """Read the audit log when it holds a request."""
    path, deadline = deployment.settings.var / "audit" / "audit.jsonl", time.monotonic() + 10
    while time.monotonic() < deadline:
        written = path.read_text(encoding="utf-8")
        if last in written:
            return written
        time.sleep(0.1)
    raise AssertionError(f"the audit log lacks {last}")


def test_who_asked_for_what_is_audited(client: httpx.Client, ids: list[str], deployment: Deployment) -> None:
    def ask(name: str, request: dict[str, Any], route: str = "/v1/score") -> None:
        client.post(route, json=request, headers={"x-request-id": name})

    ask("audit.1", {"customer_ids": [*ids[:3], "nobody"], "models": ["shop_churn", "shop_clv"]})
    ask("audit.2", {"customer_ids": []})
    ask("audit.3", {"customer_ids": ids[:1], "models": ["shop_nothing"]})
    ask("audit.4", {"customer_ids": ids[:2], "top": 1}, "/v1/offers")
    ask("audit.5", {}, "/v1/nothing")
    lines = [json.loads(line) for line in _audited(deployment, "audit.5").splitlines()]
    found = {each["request_id"]: each for each in lines if each["request_id"].startswith("audit.")}
    for each in found.values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", each.pop("time"))
        assert 0 < each.pop("ms") < 5_000
        assert each.pop("key") == "-"
        del each["request_id"]
    assert list(found.values()) == [
        {"action": "score", "models": ["shop_churn", "shop_clv"], "customers": 4, "refusals": 1, "status": 200},
        {"action": "score", "models": [], "customers": 0, "refusals": 0, "status": 400},
        {"action": "score", "models": [], "customers": 0, "refusals": 0, "status": 404},
        {"action": "offers", "models": ["shop_cross_sell"], "customers": 2, "refusals": 0, "status": 200},
        {"action": "-", "models": [], "customers": 0, "refusals": 0, "status": 404},
    ]


def test_its_log_is_json_lines_that_say_what_is_live(client: httpx.Client, log: Path) -> None:
    lines = log.read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    assert {"shop_churn version 1 is live", "Service augury initialized"} <= {each["message"] for each in told}
    assert not [
        each for each in told if each["level"] in ("WARNING", "ERROR") and "HTTP request" not in each["message"]
    ]

"""The service as its clients see it: one real process, real HTTP."""

import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from experiments.runs import Deployment
from features.history import History

MODELS = {"shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"}
Payload = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def ids(sales: pd.DataFrame) -> list[str]:
    return sorted(sales["customer_id"].unique())


def _ask(client: httpx.Client, route: str, request: dict[str, Any], status: int = 200) -> Any:
    answer = client.post(route, json=request)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize("route", ["/livez", "/readyz", "/healthz"])
def test_it_lives_and_is_ready(client: httpx.Client, route: str) -> None:
    assert client.get(route).status_code == 200


def test_it_counts_its_requests(client: httpx.Client, ids: list[str]) -> None:
    _ask(client, "/v1/score", {"customer_ids": ids[:1]})
    lines = [
        line for line in client.get("/metrics").text.splitlines() if line.startswith("bentoml_service_request_total")
    ]
    assert any('endpoint="/v1/score"' in line and 'http_response_code="200"' in line for line in lines)


def test_its_documentation_names_the_routes_with_their_types(client: httpx.Client) -> None:
    spec = client.get("/docs.json").raise_for_status().json()
    assert {"/v1/score", "/v1/score/payload", "/v1/models"} <= set(spec["paths"])
    asked = {
        route: _schema(spec["paths"][route]["post"]["requestBody"]) for route in ("/v1/score", "/v1/score/payload")
    }
    assert set(asked["/v1/score"]["properties"]) == {"customer_ids", "models"}
    assert asked["/v1/score"]["required"] == ["customer_ids"]
    assert asked["/v1/score"]["properties"]["customer_ids"]["maxItems"] == 1000
    assert set(asked["/v1/score/payload"]["required"]) == {"customer_id", "cutoff", "transactions"}
    for route, answered in {"/v1/score": "scores", "/v1/score/payload": "scores", "/v1/models": "models"}.items():
        answer = _schema(spec["paths"][route]["post"]["responses"]["200"])
        assert answer["properties"][answered]["type"] == "array"
    score = spec["components"]["schemas"]["Score"]["properties"]
    assert (score["score"]["type"], score["cutoff"]["format"]) == ("number", "date-time")


def _schema(body: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = body["content"]["application/json"]["schema"]
    return schema


def test_it_says_what_it_serves(client: httpx.Client, deployment: Deployment, history: History) -> None:
    models = {each["name"]: each for each in _ask(client, "/v1/models", {})["models"]}
    assert set(models) == MODELS
    churn, artifact = models["shop_churn"], deployment.registry.load("shop_churn").artifact
    assert churn == {
        "name": "shop_churn",
        "version": "1",
        "artifact": artifact.id,
        "dataset": "shop",
        "population": "known",
        "target": "churned",
        "horizon_days": 91,
        "cutoff": history.end.isoformat(),
        "customers": churn["customers"],
    }
    assert churn["customers"] == 150
    assert client.post("/v1/models").json()["models"] == list(models.values())


def test_an_answer_says_what_it_is(client: httpx.Client, ids: list[str], history: History) -> None:
    scores = _ask(client, "/v1/score", {"customer_ids": ids[:1]})["scores"]
    assert {each["model"] for each in scores} == MODELS
    for each in scores:
        assert each["customer_id"] == ids[0]
        assert each["version"] == "1"
        assert each["cutoff"] == history.end.isoformat()
        assert (each["category"] is not None) == (each["model"] == "shop_cross_sell")
        assert (each["label"] is not None) == (each["model"] == "shop_segments")
    targets = {each["model"]: (each["target"], each["horizon_days"]) for each in scores}
    assert targets["shop_churn"] == ("churned", 91)
    assert targets["shop_cross_sell"] == ("bought_category", 91)


def test_probabilities_and_amounts_are_such(client: httpx.Client, ids: list[str]) -> None:
    scores = pd.DataFrame(_ask(client, "/v1/score", {"customer_ids": ids})["scores"]).set_index("model")["score"]
    assert scores["shop_churn"].between(0, 1).all()
    assert scores["shop_cross_sell"].between(0, 1).all()
    assert (scores["shop_clv"] >= 0).all()
    assert scores["shop_churn"].nunique() > 20


def test_pairs_come_best_first(client: httpx.Client, ids: list[str], payload: Payload) -> None:
    some = {"customer_ids": ids[:20], "models": ["shop_cross_sell"]}
    by_id = _ask(client, "/v1/score", some)["scores"]
    by_payload = _ask(client, "/v1/score/payload", {**payload(ids[0]), "models": ["shop_cross_sell"]})["scores"]
    for scores in (by_id, by_payload):
        assert all(
            before["score"] >= after["score"]
            for before, after in pairwise(scores)
            if before["customer_id"] == after["customer_id"]
        )
        assert len({(each["customer_id"], each["category"]) for each in scores}) == len(scores)
    assert len(by_payload) > 1


def test_answers_come_in_the_order_asked_each_id_once(client: httpx.Client, ids: list[str]) -> None:
    asked = [ids[5], ids[2], ids[5], ids[9], ids[2]]
    request = {"customer_ids": asked, "models": ["shop_clv", "shop_clv", "shop_churn"]}
    scores = _ask(client, "/v1/score", request)["scores"]
    expected = [(customer, model) for customer in (ids[5], ids[2], ids[9]) for model in ("shop_clv", "shop_churn")]
    assert [(each["customer_id"], each["model"]) for each in scores] == expected


def test_a_thousand_ids_are_answered(client: httpx.Client, ids: list[str]) -> None:
    request = {"customer_ids": (ids * 9)[:1000], "models": ["shop_churn"]}
    assert len(_ask(client, "/v1/score", request)["scores"]) == len(ids)


def test_unknown_names_are_answered_with_the_near_ones(client: httpx.Client, ids: list[str]) -> None:
    request = {"customer_ids": ids[:1], "models": ["shop_chrun"]}
    error = _ask(client, "/v1/score", request, status=404)["error"]
    assert error.startswith("unknown model 'shop_chrun'; did you mean 'shop_churn'")
    error = _ask(client, "/v1/scores", {}, status=404)["error"]
    assert error.startswith("unknown route '/v1/scores'; did you mean '/v1/score'")


def test_an_unknown_customer_is_named(client: httpx.Client, ids: list[str]) -> None:
    error = _ask(client, "/v1/score", {"customer_ids": [ids[0], "nobody"]}, status=404)["error"]
    assert error.startswith("customer 'nobody' is not in the latest batch of shop_churn, shop_clv,")
    assert ids[0] not in error


def test_naive_and_aware_times_are_the_same_instants(client: httpx.Client, ids: list[str], payload: Payload) -> None:
    naive = payload(ids[0])
    expected = _ask(client, "/v1/score/payload", naive)
    for offset in ("+00:00", "+05:30", "-11:00"):
        aware = {**naive, "cutoff": _shifted(naive["cutoff"], offset), "transactions": _aware(naive, offset)}
        assert _ask(client, "/v1/score/payload", aware) == expected
    mixed = {**naive, "transactions": [*_aware(naive, "+02:00")[:1], *naive["transactions"][1:]]}
    assert _ask(client, "/v1/score/payload", mixed) == expected


def _aware(request: dict[str, Any], offset: str) -> list[dict[str, Any]]:
    return [{**each, "time": _shifted(each["time"], offset)} for each in request["transactions"]]


def _shifted(time: str, offset: str) -> str:
    """Write a UTC time with another offset."""
    zone = pd.Timestamp(f"2025-01-01T00:00:00{offset}").tzinfo
    return pd.Timestamp(time).tz_localize("UTC").tz_convert(zone).isoformat()


def test_what_happens_at_or_after_the_cutoff_is_not_looked_at(
    client: httpx.Client, ids: list[str], payload: Payload
) -> None:
    request = payload(ids[0])
    later = {"time": request["cutoff"], "amount": 1000.0, "category": "wine"}
    more = {**request, "transactions": [*request["transactions"], {**request["transactions"][0], **later}]}
    assert _ask(client, "/v1/score/payload", more) == _ask(client, "/v1/score/payload", request)


def test_a_customer_who_is_in_no_batch_is_scored_by_payload(
    client: httpx.Client, payload: Payload, ids: list[str]
) -> None:
    strange = "O'Brien \"; DROP TABLE transactions; -- 客户 \x00 🦊"
    expected = _ask(client, "/v1/score/payload", payload(ids[0]))["scores"]
    scores = _ask(client, "/v1/score/payload", {**payload(ids[0]), "customer_id": strange})["scores"]
    assert scores == [{**each, "customer_id": strange} for each in expected]


def test_many_at_a_time_get_what_each_gets_alone(client: httpx.Client, ids: list[str]) -> None:
    alone = {customer: _ask(client, "/v1/score", {"customer_ids": [customer]}) for customer in ids[:8]}
    found: dict[str, Any] = {}

    def ask(customer: str) -> None:
        found[customer] = _ask(client, "/v1/score", {"customer_ids": [customer]})

    threads = [threading.Thread(target=ask, args=(customer,)) for customer in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == alone


def test_its_log_holds_no_personal_data(client: httpx.Client, payload: Payload, ids: list[str], log: Path) -> None:
    secret = "geheim-4711"
    sent = payload(ids[0])
    for request in (
        {**sent, "customer_id": secret, "cutoff": secret},
        {**sent, "customer_id": secret, secret: 1},
        {**sent, "customer_id": secret, "transactions": [{"time": secret, "amount": secret, "category": secret}]},
        {**sent, "customer_id": secret, "cutoff": "1999-01-01"},
        {**sent, "customer_id": secret},
    ):
        client.post("/v1/score/payload", json=request)
    for content in (f'{{"customer_ids": ["{secret}"', f'{{"customer_ids": ["{secret}"]}}', f'{{"{secret}": 1}}'):
        client.post("/v1/score", content=content, headers={"content-type": "application/json"})
    client.get(f"/v1/{secret}")
    written = log.read_text(encoding="utf-8")
    assert "Service augury initialized" in written
    assert secret not in written
    assert not [customer for customer in ids if customer in written]


def test_what_a_payload_lacks_keeps_the_models_alone_that_read_it_from_answering(
    client: httpx.Client, payload: Payload, ids: list[str]
) -> None:
    request = payload(ids[0])
    for row in request["transactions"]:
        del row["discount"]
    scores = _ask(client, "/v1/score/payload", request)["scores"]
    assert {each["model"] for each in scores} == {"shop_cross_sell", "shop_segments"}
    error = _ask(client, "/v1/score/payload", {**request, "models": ["shop_churn", "shop_segments"]}, status=422)
    assert "discount_share needs the columns ['discount'] of transactions" in error["error"]

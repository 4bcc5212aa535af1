"""Reasons on demand: those of the batch, whichever way they are asked for."""

from collections.abc import Callable
from typing import Any

import httpx
import pandas as pd
import pytest

from experiments.runs import Deployment
from serving.reasons import explained, terms_of

Payload = Callable[[str], dict[str, Any]]
EXPLAINING = ["shop_churn", "shop_cross_sell"]
SAME = ["rank", "concept", "title", "direction", "sentence", "movable", "features"]


@pytest.fixture(scope="module", params=EXPLAINING)
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def expected(deployment: Deployment, model: str, ids: list[str]) -> pd.DataFrame:
    """Give the three weightiest reasons of everybody's scores, computed from the batch's frame."""
    frame = pd.read_parquet(deployment.settings.scored(model) / "frame.parquet")
    artifact = deployment.registry.load(model).artifact
    reasons = explained(artifact, frame, terms_of(artifact, frame), top=3)
    return reasons[reasons["customer_id"].isin(ids)]


def _told(results: list[dict[str, Any]]) -> pd.DataFrame:
    """Lay the reasons of answers out as the batch's are."""
    keys = ("customer_id", "category")
    rows = [
        {**{key: each[key] for key in keys if key in each}, **reason} for each in results for reason in each["reasons"]
    ]
    return pd.DataFrame(rows)


def _check(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    keys = [key for key in ("customer_id", "category", "rank") if key in expected]
    found, expected = (each.sort_values(keys, ignore_index=True) for each in (found, expected))
    assert found[keys].equals(expected[keys])
    for name in SAME:
        assert found[name].tolist() == expected[name].tolist(), name
    for name in ("points", "share"):
        assert (found[name] - expected[name]).abs().max() <= 1e-6, name


def _ask(client: httpx.Client, route: str, request: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post(route, json=request)
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["results"] if each["kind"] == "score"]


def test_by_id_they_are_the_batchs(client: httpx.Client, model: str, ids: list[str], expected: pd.DataFrame) -> None:
    found = _ask(client, "/v1/score", {"customer_ids": ids, "models": [model], "explain": 3})
    assert {len(each["reasons"]) for each in found} == {3}
    _check(_told(found), expected)


def test_by_payload_they_are_the_batchs(
    client: httpx.Client, model: str, ids: list[str], expected: pd.DataFrame, payload: Payload
) -> None:
    some = ids[::30]
    found = [
        each
        for customer_id in some
        for each in _ask(client, "/v1/score/payload", {**payload(customer_id), "models": [model], "explain": 3})
    ]
    _check(_told(found), expected[expected["customer_id"].isin(some)])


def test_of_ten_reasons_three_are_the_weightiest(client: httpx.Client, model: str, ids: list[str]) -> None:
    request = {"customer_ids": ids[:20], "models": [model]}
    ten, three, none = (_ask(client, "/v1/score", {**request, "explain": top}) for top in (10, 3, 0))
    for more, less, nothing in zip(ten, three, none, strict=True):
        assert more["reasons"][:3] == less["reasons"]
        weights = [abs(each["points"]) for each in more["reasons"]]
        assert weights == sorted(weights, reverse=True)
        assert [each["rank"] for each in more["reasons"]] == list(range(1, len(weights) + 1))
        assert all((each["points"] > 0) == (each["direction"] == "raises") for each in more["reasons"])
        assert {key: value for key, value in less.items() if key != "reasons"} == nothing


def test_models_without_reasons_answer_without_them(client: httpx.Client, ids: list[str]) -> None:
    found = _ask(client, "/v1/score", {"customer_ids": ids[:1], "explain": 1})
    assert {each["model"]: "reasons" in each for each in found} == {
        "shop_churn": True,
        "shop_clv": False,
        "shop_cross_sell": True,
        "shop_segments": False,
    }


@pytest.mark.parametrize("route", ["/v1/score", "/v1/score/payload"])
def test_a_model_without_reasons_that_is_named_is_refused(
    client: httpx.Client, ids: list[str], payload: Payload, route: str
) -> None:
    request = {"customer_ids": ids[:1]} if route == "/v1/score" else payload(ids[0])
    answer = client.post(route, json={**request, "models": ["shop_clv", "shop_churn", "shop_segments"], "explain": 1})
    assert answer.status_code == 422
    assert answer.json()["error"] == "not_explaining"
    assert answer.json()["message"] == ("shop_clv, shop_segments gives no reasons: its score is no sum over features")

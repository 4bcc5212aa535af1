"""The service as its clients see it, asked by customer id: one real process, real HTTP."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pandas as pd
import pytest

from experiments.runs import Deployment
from features.history import History
from tests.serving.conftest import ERASED, OPTED_OUT

MODELS = ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"]
Payload = Callable[[str], dict[str, Any]]


def ask(client: httpx.Client, request: dict[str, Any], status: int = 200, *, route: str = "/v1/score") -> Any:
    answer = client.post(route, json=request)
    assert answer.status_code == status, answer.text
    return answer.json()


def results(client: httpx.Client, *customer_ids: str, **said: Any) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = ask(client, {"customer_ids": customer_ids, **said})["results"]
    return answer


def test_it_lives_and_is_ready(client: httpx.Client, history: History) -> None:
    assert client.get("/livez").json() == {"live": True}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    told = ready.json()
    assert told == {
        "ready": True,
        "models": told["models"],
        "challengers": {},
        "waiting": {},
        "registry": "ok",
        "store": "ok",
    }
    assert list(told["models"]) == MODELS
    for model in told["models"].values():
        assert (model["version"], model["cutoff"]) == ("1", history.end.isoformat())
        assert re.fullmatch(r"\d{20}", model["generation"])


def test_it_says_what_it_serves(client: httpx.Client, deployment: Deployment, history: History) -> None:
    models = {each["name"]: each for each in client.get("/v1/models").json()["models"]}
    assert list(models) == MODELS
    artifact = deployment.registry.load("shop_churn").artifact
    engine = models["shop_churn"].pop("engine")
    assert engine in {"forest", "xgboost", "model"}
    assert models["shop_churn"] == {
        "name": "shop_churn",
        "version": "1",
        "artifact": artifact.id,
        "dataset": "shop",
        "population": "known",
        "target": "churned",
        "kind": "binary",
        "horizon_days": 91,
        "features": list(artifact.features),
        "explains": True,
        "customers": 150,
        "cutoff": history.end.isoformat(),
    }
    assert {name: (each["kind"], each["explains"]) for name, each in models.items()} == {
        "shop_churn": ("binary", True),
        "shop_clv": ("amount", False),
        "shop_cross_sell": ("binary", True),
        "shop_segments": ("none", False),
    }
    assert len(models["shop_cross_sell"]["categories"]) == 12
    assert 2 <= len(models["shop_segments"]["labels"]) <= 4
    assert client.head("/v1/models").status_code == 200
    assert client.head("/v1/models").content == b""


def test_an_answer_says_what_it_is(client: httpx.Client, ids: list[str], history: History) -> None:
    before = datetime.now(UTC)
    answer = ask(client, {"customer_ids": ids[:1]})
    assert list(answer) == ["request_id", "scored_at", "results"]
    at = datetime.fromisoformat(answer["scored_at"])
    assert before - timedelta(milliseconds=1) <= at <= datetime.now(UTC)
    assert answer["scored_at"].endswith("Z")
    assert {each["model"] for each in answer["results"]} == set(MODELS)
    for each in answer["results"]:
        assert (each["kind"], each["customer_id"], each["version"]) == ("score", ids[0], "1")
        assert each["cutoff"] == history.end.isoformat()
        assert ("category" in each) == (each["model"] == "shop_cross_sell")
        assert ("label" in each) == (each["model"] == "shop_segments")
        assert "reasons" not in each
    targets = {each["model"]: (each["target"], each["horizon_days"]) for each in answer["results"]}
    assert targets == {
        "shop_churn": ("churned", 91),
        "shop_clv": ("future_spend", 91),
        "shop_cross_sell": ("bought_category", 91),
        "shop_segments": ("", 0),
    }


def test_value_is_told_with_what_it_is_made_of(client: httpx.Client, ids: list[str]) -> None:
    for told in results(client, *ids[:20], models=["shop_clv"]):
        assert told["clv"] == told["score"]
        assert 0 <= told["low"] <= told["high"]
        assert 0 < told["p_alive"] <= 1
        assert told["expected_purchases"] > 0
        assert told["expected_value"] > 0
        if "next_order" in told:
            assert re.fullmatch(r"2026-\d\d-\d\d", told["next_order"])
    churn = results(client, ids[0], models=["shop_churn"])[0]
    assert set(churn) == {"kind", "customer_id", "model", "version", "target", "horizon_days", "cutoff", "score"}


def test_probabilities_and_amounts_are_such(client: httpx.Client, ids: list[str]) -> None:
    scores = pd.DataFrame(results(client, *ids)).set_index("model")["score"]
    assert scores["shop_churn"].between(0, 1).all()
    assert scores["shop_cross_sell"].between(0, 1).all()
    assert (scores["shop_clv"] >= 0).all()
    assert scores["shop_churn"].nunique() > 20


def test_pairs_come_best_first(client: httpx.Client, ids: list[str]) -> None:
    scores = [each for each in results(client, *ids[:20], models=["shop_cross_sell"]) if each["kind"] == "score"]
    assert all(
        before["score"] >= after["score"]
        for before, after in pairwise(scores)
        if before["customer_id"] == after["customer_id"]
    )
    assert len({(each["customer_id"], each["category"]) for each in scores}) == len(scores) > 40


def test_answers_come_in_the_order_asked_each_id_and_model_once(client: httpx.Client, ids: list[str]) -> None:
    asked = [ids[5], ids[2], "nobody", ids[5], ids[9], ids[2], "nobody"]
    found = results(client, *asked, models=["shop_clv", "shop_clv", "shop_churn"])
    expected = [
        *((customer, model) for customer in (ids[5], ids[2]) for model in ("shop_clv", "shop_churn")),
        ("nobody", None),
        *((ids[9], model) for model in ("shop_clv", "shop_churn")),
    ]
    assert [(each["customer_id"], each.get("model")) for each in found] == expected


def test_a_thousand_ids_are_answered(client: httpx.Client, ids: list[str]) -> None:
    known = results(client, *(ids * 9)[:1000], models=["shop_churn"])
    assert [each["customer_id"] for each in known] == ids
    strange = [f"stranger {number}" for number in range(1000)]
    unknown = results(client, *strange)
    assert [(each["customer_id"], each["refusal"]) for each in unknown] == [(each, "unknown") for each in strange]


def test_an_unknown_customer_is_refused_in_their_place(client: httpx.Client, ids: list[str]) -> None:
    first, second = results(client, "nobody", ids[0], models=["shop_churn"])
    assert first == {
        "kind": "refusal",
        "customer_id": "nobody",
        "refusal": "unknown",
        "reason": "not in the latest batch of shop_churn; score them by payload, or wait for the next batch",
    }
    assert second["kind"] == "score"
    (of_all,) = results(client, "nobody")
    assert of_all["reason"].startswith(
        "not in the latest batch of shop_churn, shop_clv, shop_cross_sell, shop_segments;"
    )


@pytest.mark.parametrize("said", [{}, {"models": ["shop_churn", "shop_clv"]}, {"explain": 3}])
def test_who_must_not_be_scored_is_not(client: httpx.Client, ids: list[str], said: dict[str, Any]) -> None:
    found = results(client, OPTED_OUT, ids[0], ERASED, **said)
    assert found[0] == {
        "kind": "refusal",
        "customer_id": OPTED_OUT,
        "refusal": "opted_out",
        "reason": "the customer does not want to be scored",
    }
    assert found[-1] == {
        "kind": "refusal",
        "customer_id": ERASED,
        "refusal": "erased",
        "reason": "the customer's data were erased",
    }
    assert {each["customer_id"] for each in found[1:-1]} == {ids[0]}
    assert {each["kind"] for each in found[1:-1]} == {"score"}


ODD = [" ", 'O\'Brien "Bob"', "' OR 1=1; --", "客户 Ω 🦊", "a\x00b", "../../etc/passwd", "%s {0} ${HOME}", "c0000001"]


@pytest.mark.parametrize("customer_id", [*ODD, "a" * 200, "🦊" * 200])
def test_any_text_may_be_an_id(client: httpx.Client, customer_id: str) -> None:
    (told,) = results(client, customer_id)
    assert (told["customer_id"], told["refusal"]) == (customer_id, "unknown")


def test_a_request_has_an_id_which_may_be_the_clients(client: httpx.Client, ids: list[str]) -> None:
    request = {"customer_ids": ids[:1], "models": ["shop_churn"]}
    own = [client.post("/v1/score", json=request) for _ in range(3)]
    told = [each.json()["request_id"] for each in own]
    assert len(set(told)) == 3
    assert told == [each.headers["x-request-id"] for each in own]
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", each) for each in told)
    theirs = client.post("/v1/score", json=request, headers={"x-request-id": "campaign-7_b.3"})
    assert theirs.json()["request_id"] == theirs.headers["x-request-id"] == "campaign-7_b.3"
    refused = client.post("/v1/score", json={}, headers={"x-request-id": "campaign-8"})
    assert refused.json()["request_id"] == refused.headers["x-request-id"] == "campaign-8"


@pytest.mark.parametrize("odd", ["", "a b", "a" * 65, "a;b", "<script>", "a%0d%0aSet-Cookie: b"])
def test_a_request_id_that_is_none_is_not_taken(client: httpx.Client, odd: str) -> None:
    answer = client.get("/v1/models", headers={"x-request-id": odd})
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", answer.headers["x-request-id"])


def test_the_best_categories_are_offered(client: httpx.Client, ids: list[str], history: History) -> None:
    scores = results(client, *ids[:10], models=["shop_cross_sell"])
    answer = ask(client, {"customer_ids": ids[:10], "top": 2}, route="/v1/offers")
    assert list(answer) == ["request_id", "scored_at", "results"]
    for told in answer["results"]:
        mine = [each for each in scores if each["customer_id"] == told["customer_id"]]
        if told["kind"] == "refusal":
            assert [told] == mine
            continue
        assert told == {
            "kind": "offers",
            "customer_id": told["customer_id"],
            "model": "shop_cross_sell",
            "version": "1",
            "target": "bought_category",
            "horizon_days": 91,
            "cutoff": history.end.isoformat(),
            "offers": [
                {"rank": rank, "category": each["category"], "score": each["score"]}
                for rank, each in enumerate(mine[:2], 1)
            ],
        }
    assert [each["customer_id"] for each in answer["results"]] == ids[:10]


def _offered(client: httpx.Client, customer_id: str, **said: Any) -> dict[str, float]:
    (told,) = ask(client, {"customer_ids": [customer_id], **said}, route="/v1/offers")["results"]
    return {each["category"]: each["score"] for each in told["offers"]}


def test_offers_are_chosen_by_what_was_asked(client: httpx.Client, ids: list[str]) -> None:
    everything = _offered(client, ids[0], top=100)
    names = list(everything)
    assert len(names) > 3
    assert list(_offered(client, ids[0])) == names[:3]
    assert list(_offered(client, ids[0], top=100, exclude=[names[0], "nothing"])) == names[1:]
    assert list(_offered(client, ids[0], top=1, exclude=names[:1])) == names[1:2]
    assert list(_offered(client, ids[0], only=[names[2], names[1], "nothing"])) == names[1:3]
    assert list(_offered(client, ids[0], only=names[:2], exclude=names[:1])) == names[1:2]
    for least in (0.0, everything[names[0]], everything[names[-1]]):
        good = [name for name, score in everything.items() if score >= least]
        assert list(_offered(client, ids[0], top=100, at_least=least)) == good
    assert _offered(client, ids[0], at_least=1.0) == {}


def test_offers_have_reasons_if_asked(client: httpx.Client, ids: list[str]) -> None:
    request = {"customer_ids": ids[:1], "top": 2, "explain": 2}
    (told,) = ask(client, request, route="/v1/offers")["results"]
    scores = results(client, ids[0], models=["shop_cross_sell"], explain=2)
    assert [each["reasons"] for each in told["offers"]] == [each["reasons"] for each in scores[:2]]


def test_nothing_is_offered_to_strangers_or_to_those_who_said_no(client: httpx.Client) -> None:
    request = {"customer_ids": ["nobody", OPTED_OUT], "model": "shop_cross_sell"}
    told = ask(client, request, route="/v1/offers")["results"]
    assert [(each["customer_id"], each["refusal"]) for each in told] == [
        ("nobody", "unknown"),
        (OPTED_OUT, "opted_out"),
    ]


def test_many_at_a_time_get_what_each_gets_alone(client: httpx.Client, ids: list[str]) -> None:
    alone = {customer: results(client, customer, explain=2) for customer in ids[:8]}
    found: dict[str, Any] = {}

    def ask_for(customer: str) -> None:
        found[customer] = results(client, customer, explain=2)

    threads = [threading.Thread(target=ask_for, args=(customer,)) for customer in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == alone


def test_its_page_names_the_routes_and_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert all(
        f"<code>{route}</code>" in answer.text for route in ("/v1/score", "/v1/bulk", "/v1/offers", "/v1/models")
    )
    assert "<script" not in answer.text
    assert "//" not in answer.text

"""Customers who come along with the request: their transactions, or their features."""

from collections.abc import Callable
from typing import Any

import httpx
import pandas as pd
import pytest

from experiments.runs import Deployment
from features.history import History
from tests.serving.conftest import ERASED, OPTED_OUT

Payload = Callable[[str], dict[str, Any]]
SALE = {"time": "2025-06-01T10:00:00", "amount": 12.5, "category": "tea", "discount": 0.0}
GOOD = {"customer_id": "new", "cutoff": "2025-07-01T00:00:00", "transactions": [SALE]}


def ask(client: httpx.Client, request: dict[str, Any], status: int = 200) -> Any:
    answer = client.post("/v1/score/payload", json=request)
    assert answer.status_code == status, answer.text
    return answer.json()


def results(client: httpx.Client, request: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(client, request)["results"]
    return found


def test_a_history_is_scored_as_the_batch_scored_it(client: httpx.Client, ids: list[str], payload: Payload) -> None:
    by_id = client.post("/v1/score", json={"customer_ids": ids[:1], "explain": 2}).json()["results"]
    assert results(client, {**payload(ids[0]), "explain": 2}) == by_id


def test_naive_and_aware_times_are_the_same_instants(client: httpx.Client, ids: list[str], payload: Payload) -> None:
    naive = payload(ids[0])
    expected = [_without_cutoff(each) for each in results(client, naive)]
    for offset in ("+00:00", "+05:30", "-11:00"):
        aware = {**naive, "cutoff": _shifted(naive["cutoff"], offset), "transactions": _aware(naive, offset)}
        assert [_without_cutoff(each) for each in results(client, aware)] == expected
    mixed = {**naive, "transactions": [*_aware(naive, "+02:00")[:1], *naive["transactions"][1:]]}
    assert [_without_cutoff(each) for each in results(client, mixed)] == expected


def _without_cutoff(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "cutoff"}


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
    later = {**request["transactions"][0], "time": request["cutoff"], "amount": 1000.0}
    more = {**request, "transactions": [*request["transactions"], later]}
    assert results(client, more) == results(client, request)


def test_transactions_may_come_in_any_order(client: httpx.Client, ids: list[str], payload: Payload) -> None:
    request = payload(ids[0])
    assert results(client, {**request, "transactions": request["transactions"][::-1]}) == results(client, request)


def test_any_text_may_be_an_id(client: httpx.Client, payload: Payload, ids: list[str]) -> None:
    strange = "O'Brien \"; DROP TABLE transactions; -- 客户 \x00 🦊"
    expected = [{**each, "customer_id": strange} for each in results(client, payload(ids[0]))]
    assert results(client, {**payload(ids[0]), "customer_id": strange}) == expected


@pytest.mark.parametrize(("customer_id", "code"), [(OPTED_OUT, "opted_out"), (ERASED, "erased")])
def test_who_must_not_be_scored_is_not(client: httpx.Client, payload: Payload, customer_id: str, code: str) -> None:
    (by_history,) = results(client, payload(customer_id))
    (by_features,) = results(client, {"customer_id": customer_id, "features": SEGMENTED})
    for told in (by_history, by_features):
        assert (told["customer_id"], told["refusal"]) == (customer_id, code)


@pytest.mark.parametrize("model", ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"])
@pytest.mark.parametrize("cutoff", ["2025-05-31T00:00:00", SALE["time"], "1999-01-01T00:00:00"])
def test_nobody_is_scored_before_the_first_purchase(client: httpx.Client, model: str, cutoff: str) -> None:
    assert results(client, {**GOOD, "cutoff": cutoff, "models": [model]}) == [
        {
            "kind": "refusal",
            "customer_id": "new",
            "refusal": "not_enough_history",
            "reason": "no purchase that came along lies before the cutoff",
            "model": model,
            "version": "1",
            "cutoff": cutoff,
        }
    ]


def test_returns_alone_make_no_customer(client: httpx.Client) -> None:
    returned = {**SALE, "amount": -1.0, "is_return": True}
    found = results(client, {**GOOD, "transactions": [returned]})
    assert [(each["model"], each["refusal"]) for each in found] == [
        ("shop_churn", "not_enough_history"),
        ("shop_clv", "not_enough_history"),
        ("shop_cross_sell", "not_enough_history"),
        ("shop_segments", "not_enough_history"),
    ]


def test_one_who_bought_it_all_lately_has_nothing_new_to_be_offered(
    client: httpx.Client, deployment: Deployment
) -> None:
    categories = deployment.registry.load("shop_cross_sell").artifact.categories
    request = {**GOOD, "transactions": [{**SALE, "category": each} for each in categories]}
    (told,) = results(client, {**request, "models": ["shop_cross_sell"]})
    assert told["refusal"] == "not_in_population"
    assert told["reason"] == ("not of the population 'new_category_182d' at the cutoff, by the history that came along")
    assert [each["model"] for each in results(client, request)] == ["shop_churn", "shop_clv", "shop_segments"]
    (left,) = results(client, {**request, "transactions": request["transactions"][1:], "models": ["shop_cross_sell"]})
    assert left["category"] == categories[0]


def test_what_a_payload_lacks_keeps_the_models_alone_that_read_it_from_answering(client: httpx.Client) -> None:
    bare = {**GOOD, "transactions": [{"time": SALE["time"], "amount": 12.5, "category": "tea"}]}
    found = results(client, bare)
    assert {(each["model"], each["kind"]) for each in found} == {
        ("shop_cross_sell", "score"),
        ("shop_segments", "score"),
    }
    named = results(client, {**bare, "models": ["shop_churn", "shop_segments"]})
    assert [(each["model"], each["kind"], each.get("refusal")) for each in named] == [
        ("shop_churn", "refusal", "lacks_data"),
        ("shop_segments", "score", None),
    ]
    assert "discount_share needs the columns ['discount'] of transactions" in named[0]["reason"]


@pytest.mark.parametrize(
    "changed",
    [
        {"time": "2025-06-01"},
        {"time": "2025-06-01 10:00"},
        {"time": "0001-01-01"},
        {"time": "9999-12-31T23:59:59"},
        {"amount": 0},
        {"amount": 1e12},
        {"amount": 1e-300},
        {"amount": -3.0, "is_return": True},
        {"quantity": 1e12, "discount": -1e12},
        {"category": "'; DROP TABLE transactions; --"},
        {"category": "a\x00b", "order_id": "客户", "channel": '"'},
        {"category": None, "discount": None},
    ],
)
@pytest.mark.parametrize("cutoff", ["2025-06-30T23:59:59.999999", "2199-12-31T23:59:59"])
def test_what_is_odd_but_right_is_scored(client: httpx.Client, changed: dict[str, Any], cutoff: str) -> None:
    found = results(client, {**GOOD, "cutoff": cutoff, "transactions": [SALE, {**SALE, **changed}]})
    assert {each["model"] for each in found} == {"shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"}
    assert all(isinstance(each["score"], float) for each in found)


SEGMENTED = {"days_since_last": 10.0, "purchase_days": 3, "spend": 99.5}


def test_features_are_scored_as_they_are(client: httpx.Client, history: History) -> None:
    cutoff = history.end.isoformat()
    request = {"customer_id": "new", "features": SEGMENTED, "models": ["shop_segments"], "cutoff": cutoff}
    (told,) = results(client, request)
    assert (told["kind"], told["model"], told["cutoff"]) == ("score", "shop_segments", cutoff)
    assert isinstance(told["label"], str)


def test_features_of_the_batch_give_the_batchs_scores(
    client: httpx.Client, deployment: Deployment, ids: list[str]
) -> None:
    for model in ("shop_churn", "shop_clv", "shop_segments"):
        frame = pd.read_parquet(deployment.settings.scored(model) / "frame.parquet").set_index("customer_id")
        row = frame.loc[ids[3]].drop("cutoff")
        request = {
            "customer_id": ids[3],
            "features": {name: None if pd.isna(value) else float(value) for name, value in row.items()},
            "cutoff": pd.Timestamp(frame["cutoff"].iloc[0]).isoformat(),
            "models": [model],
        }
        by_id = client.post("/v1/score", json={"customer_ids": ids[3:4], "models": [model]}).json()["results"]
        assert results(client, request) == by_id


def test_features_of_no_model_are_refused_by_what_each_lacks(client: httpx.Client) -> None:
    problem = ask(client, {"customer_id": "new", "features": {"mood": 1.0}}, status=422)
    assert problem["error"] == "invalid_features"
    told = problem["message"].split("; ")
    assert [each.split(" ")[0] for each in told] == ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"]
    assert told[-1] == (
        "shop_segments needs the columns ['days_since_last', 'purchase_days', 'spend'], which the rows do not have"
    )


def test_without_a_cutoff_value_is_not_told(client: httpx.Client, deployment: Deployment, ids: list[str]) -> None:
    """Its next order is a day after the cutoff."""
    features = dict.fromkeys(deployment.registry.load("shop_clv").artifact.features, 1.0)
    request = {"customer_id": "new", "features": features}
    assert {each["model"] for each in results(client, request)} == {"shop_churn", "shop_segments"}
    problem = ask(client, {**request, "models": ["shop_clv"]}, status=422)
    assert problem["message"] == "shop_clv needs the columns ['cutoff'], which the rows do not have"

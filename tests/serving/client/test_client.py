"""The client against the real service."""

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from experiments.server import free_port
from serving.api.openapi import MEANINGS
from serving.client import (
    BadRequest,
    Client,
    Forbidden,
    NotScorable,
    RateLimited,
    Retries,
    ServiceError,
    Unauthorized,
    UnknownModel,
    Unreachable,
)
from serving.client.arrow import parts as arrow_parts
from serving.client.arrow import table_of
from serving.client.client import parts
from serving.client.errors import ERRORS
from serving.messages import MAX_IDS, Transaction
from tests.serving.client.conftest import Keyed

CHURN, SEGMENTS, CROSS_SELL = "shop_churn", "shop_segments", "shop_cross_sell"
MEMBERS = [f"C{number:07d}" for number in range(1, 151)]


def raw(keyed: Keyed, path: str, body: Any) -> Any:
    """Ask without the client."""
    headers = {"authorization": f"Bearer {keyed.all}"}
    return httpx.post(f"{keyed.url}{path}", json=body, headers=headers, timeout=60).json()


def test_scores_are_those_of_the_route(keyed: Keyed, asking: Client) -> None:
    ids = ["C0000003", "nobody", "C0000001", "C0000003"]
    answer = asking.score(ids, [CHURN], explain=2)
    expected = raw(keyed, "/v1/score", {"customer_ids": ids, "models": [CHURN], "explain": 2})["results"]
    assert [each.customer_id for each in answer.results] == ["C0000003", "nobody", "C0000001"]
    assert [each.score for each in answer.scores] == [each["score"] for each in expected if each["kind"] == "score"]
    assert [[why.sentence for why in each.reasons or []] for each in answer.scores] == [
        [why["sentence"] for why in each["reasons"]] for each in expected if each["kind"] == "score"
    ]
    assert [(each.customer_id, each.refusal) for each in answer.refusals] == [("nobody", "unknown")]
    assert len(answer.request_ids) == 1


def test_all_models_answer_where_none_is_named(asking: Client) -> None:
    answer = asking.score(MEMBERS[:1])
    assert {each.model for each in answer.scores} == {CHURN, "shop_clv", CROSS_SELL, SEGMENTS}
    (clv,) = [each for each in answer.scores if each.model == "shop_clv"]
    assert clv.clv is not None
    assert clv.p_alive is not None
    assert answer.scores[-1].label is not None


def test_many_ids_are_asked_in_parts_and_come_back_in_order(asking: Client) -> None:
    ids = [*(f"nobody {number}" for number in range(MAX_IDS)), *MEMBERS, *MEMBERS[:3], "the last"]
    answer = asking.score(ids, [CHURN])
    assert [each.customer_id for each in answer.results] == list(dict.fromkeys(ids))
    assert len(answer.request_ids) == 2
    assert [each.score for each in answer.scores] == [each.score for each in asking.score(MEMBERS, [CHURN]).scores]


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(0, [0]), (1, [1]), (MAX_IDS, [MAX_IDS]), (MAX_IDS + 1, [MAX_IDS, 1]), (2_500, [1000, 1000, 500])],
)
def test_parts_are_as_large_as_the_service_takes(count: int, sizes: list[int]) -> None:
    asked = [str(number) for number in range(count)]
    assert [len(each) for each in parts(iter(asked * 2))] == sizes
    assert [each for part in parts(asked) for each in part] == asked


def test_a_text_is_no_list_of_ids(asking: Client) -> None:
    with pytest.raises(TypeError, match=r"give a list, such as \['C0000001'\]"):
        asking.score("C0000001")


def test_a_history_is_scored_as_the_route_does(
    keyed: Keyed, asking: Client, payload: Callable[[str], dict[str, Any]]
) -> None:
    asked = {**payload(MEMBERS[4]), "models": [CHURN]}
    (expected,) = raw(keyed, "/v1/score/payload", asked)["results"]
    rows = asked["transactions"]
    frame = pd.DataFrame(rows).assign(time=lambda made: pd.to_datetime(made["time"]))
    ways: list[Any] = [rows, [Transaction(**{k: v for k, v in row.items() if v is not None}) for row in rows], frame]
    for way in ways:
        (score,) = asking.score_history(MEMBERS[4], asked["cutoff"], way, [CHURN]).scores
        assert score.score == expected["score"]


def test_times_nulls_and_numbers_of_other_libraries_go_out(asking: Client) -> None:
    row = {"amount": Decimal("19.90"), "category": "wine", "quantity": np.int64(2), "channel": pd.NA, "discount": None}
    sent = [{"time": pd.Timestamp("2025-01-03 10:00"), **row}, {"time": "2025-06-03T10:00:00", "amount": np.float64(3)}]
    refusals = asking.score_history("new", pd.Timestamp("2025-12-01"), sent, [SEGMENTS])
    assert [each.label is not None for each in refusals.scores] == [True]


def test_features_are_scored(asking: Client) -> None:
    features = {"days_since_last": 12.0, "purchase_days": 30, "spend": np.float64(410.5)}
    (score,) = asking.score_features("new", features, [SEGMENTS]).scores
    assert score.label in {each for model in asking.models() for each in model.labels}


def test_bulk_is_the_same_of_tables_frames_and_dictionaries(asking: Client) -> None:
    columns = {"customer_id": ["a", "b"], "days_since_last": [12.0, 9.0], "purchase_days": [30, 2], "spend": [410.5, 3]}
    frame = pd.DataFrame(columns, index=[7, 9])
    rows = [{"customer_id": "a", "days_since_last": 12.0, "purchase_days": 30, "spend": 410.5}]
    rows += [{"purchase_days": 2, "spend": 3.0, "customer_id": "b", "days_since_last": 9.0}]
    told = [asking.bulk(each, [SEGMENTS]).to_pylist() for each in (pa.table(columns), frame, rows)]
    assert told[0] == told[1] == told[2]
    one = asking.score_features("a", {"days_since_last": 12.0, "purchase_days": 30, "spend": 410.5}, [SEGMENTS])
    assert told[0][0]["label"] == one.scores[0].label


def test_what_a_dictionary_leaves_out_is_null() -> None:
    table = table_of([{"customer_id": "a", "spend": 1.0}, {"customer_id": "b", "orders": 2}])
    assert table.to_pydict() == {"customer_id": ["a", "b"], "spend": [1.0, None], "orders": [None, 2]}


@pytest.mark.parametrize(("rows", "wide", "sizes"), [(0, 1, [0]), (10_001, 1, [10_000, 1]), (5, 11_000_000, [2, 2, 1])])
def test_a_part_of_a_table_is_no_larger_than_the_service_takes(rows: int, wide: int, sizes: list[int]) -> None:
    table = pa.table({"text": pa.array(["x" * wide] * rows, pa.string())})
    assert [part.num_rows for part in arrow_parts(table)] == sizes


def test_bulk_of_many_rows_goes_out_in_parts(asking: Client) -> None:
    count = 10_001
    rows = pa.table({"customer_id": [f"r{n}" for n in range(count)], **dict.fromkeys(_features(asking), range(count))})
    table = asking.bulk(rows, [SEGMENTS])
    assert table["customer_id"].to_pylist() == rows["customer_id"].to_pylist()
    assert set(table["model"].to_pylist()) == {SEGMENTS}


def _features(asking: Client) -> list[str]:
    return next(each.features for each in asking.models() if each.name == SEGMENTS)


def test_offers_are_those_of_the_route(keyed: Keyed, asking: Client) -> None:
    said = {"top": 2, "at_least": 0.01, "exclude": ["wine"]}
    answer = asking.offers([*MEMBERS[:3], "nobody"], top=2, at_least=0.01, exclude=["wine"])
    expected = raw(keyed, "/v1/offers", {"customer_ids": [*MEMBERS[:3], "nobody"], **said})["results"]
    assert [[each.category for each in mine.offers] for mine in answer.offers] == [
        [each["category"] for each in mine["offers"]] for mine in expected if mine["kind"] == "offers"
    ]
    assert [each.customer_id for each in answer.refusals] == ["nobody"]
    assert len(answer.request_ids) == 1
    (only,) = asking.offers(MEMBERS[:1], model=CROSS_SELL, top=9, only=["wine", "meat"]).offers
    assert {each.category for each in only.offers} <= {"wine", "meat"}


def test_models_and_readiness(keyed: Keyed, asking: Client, client: httpx.Client) -> None:
    told = asking.ready()
    assert (told.ready, told.models, told.registry, told.store) == (True, {}, "ok", "ok")
    with Client(keyed.url) as without:
        assert without.ready() == told
    with Client(str(client.base_url)) as open_to_all:
        served = {each.name: each.version for each in open_to_all.models()}
        assert {name: each.version for name, each in open_to_all.ready().models.items()} == served
    assert {each.name: each.version for each in asking.models()} == served


def test_errors_say_what_the_service_says(keyed: Keyed, asking: Client) -> None:
    wrong: list[tuple[type[ServiceError], str, int, Callable[[Client], object]]] = [
        (BadRequest, "bad_request", 400, lambda client: client.score([])),
        (BadRequest, "bad_request", 400, lambda client: client.score([3])),  # type: ignore[list-item]
        (UnknownModel, "unknown_model", 404, lambda client: client.score(["a"], ["shop_chrn"])),
        (NotScorable, "invalid_features", 422, lambda client: client.score_features("a", {"none": 1.0}, [CHURN])),
        (NotScorable, "not_of_pairs", 422, lambda client: client.offers(["a"], model=CHURN)),
    ]
    for kind, code, status, ask in wrong:
        with pytest.raises(kind) as raised:
            ask(asking)
        assert (type(raised.value), raised.value.code, raised.value.status) == (kind, code, status)
        assert raised.value.request_id
        assert raised.value.message in str(raised.value)
    assert "shop_churn" in raised.value.message


def test_keys_open_what_they_are_for(keyed: Keyed) -> None:
    for key in (None, "aug_none"):
        with Client(keyed.url, key) as client, pytest.raises(Unauthorized) as raised:
            client.score(["a"])
        assert raised.value.status == 401
    with Client(keyed.url, keyed.little) as client:
        assert client.score(MEMBERS[:1], [CHURN]).scores
        barred: list[Callable[[], object]] = [
            lambda: client.score(["a"], [SEGMENTS]),
            lambda: client.score(["a"], explain=1),
            client.models,
        ]
        for ask in barred:
            with pytest.raises(Forbidden):
                ask()


def test_who_asks_too_often_waits_as_long_as_is_said(keyed: Keyed) -> None:
    waits: list[float] = []
    with Client(keyed.url, keyed.seldom, retries=Retries(times=2, random=lambda: 0.5, sleep=waits.append)) as client:
        client.models()
        with pytest.raises(RateLimited) as raised:
            client.models()
    assert raised.value.retry_after == 2
    assert waits == [2.5, 2.5]


def test_nobody_listens() -> None:
    waits: list[float] = []
    url = f"http://127.0.0.1:{free_port()}"
    with (
        Client(url, retries=Retries(times=3, random=lambda: 0.0, sleep=waits.append)) as client,
        pytest.raises(Unreachable) as raised,
    ):
        client.models()
    assert waits == [0.1, 0.2, 0.4]
    assert (raised.value.status, raised.value.request_id) == (None, "")


def test_every_code_that_is_documented_has_an_exception() -> None:
    told = {code.strip() for each in MEANINGS.values() for code in each.rpartition("(")[2].rstrip(")").split(",")}
    assert told | {"unknown_route"} == set(ERRORS)


def test_importing_the_client_is_quick_and_imports_little() -> None:
    program = (
        "import time; started = time.perf_counter()\nimport serving.client\nseconds = time.perf_counter() - started\n"
        "import json, sys; heavy = ['bentoml', 'mlflow', 'pandas', 'numpy', 'pyarrow', 'httpx']\n"
        "print(json.dumps([seconds, [each for each in heavy if each in sys.modules]]))"
    )
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, check=True) for _ in range(3)]
    told = [json.loads(each.stdout) for each in runs]
    assert [heavy for _, heavy in told] == [[], [], []]
    assert min(seconds for seconds, _ in told) < 0.3

"""One customer, three ways, one score: in the batch, by id, and by a payload of the whole history. Difference 0."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pandas as pd
import pytest

from experiments.runs import Deployment
from serving.messages import ByPayload
from serving.scorer import Scorer

KEYS = ["customer_id", "model", "category"]
NUMBERS = ["p_alive", "expected_purchases", "expected_value", "clv", "low", "high"]
TEXTS = ["flags", "label"]
Payload = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def batch(deployment: Deployment) -> pd.DataFrame:
    """Read the scores that the four batches wrote."""
    folder = deployment.settings.var / "scored"
    return _plain(pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*/scores.parquet"))]))


def _plain(scores: pd.DataFrame) -> pd.DataFrame:
    """Order scores by what they are about; times, numbers and texts as one type each, whether there or not."""
    kept = scores.reindex(columns=[*KEYS, "cutoff", "score", "version", *NUMBERS, "next_order", *TEXTS])
    types = {**dict.fromkeys(["cutoff", "next_order"], "datetime64[us]"), **dict.fromkeys(NUMBERS, "float64")}
    kept[TEXTS] = kept[TEXTS].astype(object).fillna("").astype("str")
    return kept.astype(types).sort_values(KEYS, ignore_index=True)


def _sent(request: str) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Read a request as the service does."""
    read = ByPayload.model_validate_json(request)
    rows = pd.DataFrame([each.model_dump(exclude_none=True) for each in read.transactions])
    return rows, pd.Timestamp(read.cutoff)


def test_the_batches_hold_everyone(batch: pd.DataFrame, sales: pd.DataFrame) -> None:
    customers = sales["customer_id"].nunique()
    counts = batch.groupby("model")["customer_id"].nunique()
    assert counts.drop("shop_cross_sell").to_dict() == dict.fromkeys(
        ("shop_churn", "shop_clv", "shop_segments"), customers
    )
    assert customers * 0.9 < counts["shop_cross_sell"] <= customers
    assert batch["score"].notna().all()


def test_everyone_by_id_has_the_batch_score(scorer: Scorer, batch: pd.DataFrame) -> None:
    everyone = batch["customer_id"].unique().tolist()
    pd.testing.assert_frame_equal(_plain(scorer.by_id(everyone)), batch, check_exact=True)


def test_one_by_one_or_all_at_once_is_the_same(scorer: Scorer, batch: pd.DataFrame) -> None:
    everyone = batch["customer_id"].unique().tolist()[::5]
    single = pd.concat([scorer.by_id([customer_id]) for customer_id in everyone])
    pd.testing.assert_frame_equal(_plain(single), _plain(scorer.by_id(everyone)), check_exact=True)


def test_everyone_by_payload_has_the_batch_score(scorer: Scorer, batch: pd.DataFrame, payload: Payload) -> None:
    def scored(customer_id: str) -> pd.DataFrame:
        rows, cutoff = _sent(json.dumps(payload(customer_id)))
        return scorer.by_payload(customer_id, rows, cutoff=cutoff)

    everyone = batch["customer_id"].unique().tolist()
    found = pd.concat([scored(customer_id) for customer_id in everyone])
    pd.testing.assert_frame_equal(_plain(found), batch, check_exact=True)


def _answered(client: httpx.Client, route: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    answer = client.post(route, json=request)
    assert answer.status_code == 200, answer.text
    yield from answer.json()["scores"]


def test_over_http_too(client: httpx.Client, batch: pd.DataFrame, payload: Payload) -> None:
    some = batch["customer_id"].unique().tolist()[::10]
    assert len(some) == 15
    expected = batch[batch["customer_id"].isin(some)].reset_index(drop=True)
    by_id = pd.DataFrame(_answered(client, "/v1/score", {"customer_ids": some}))
    by_payload = pd.DataFrame(row for each in some for row in _answered(client, "/v1/score/payload", payload(each)))
    for found in (by_id, by_payload):
        plain = _plain(found.assign(cutoff=pd.to_datetime(found["cutoff"])))
        pd.testing.assert_frame_equal(plain, expected, check_exact=True)

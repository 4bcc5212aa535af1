"""Many feature rows at once: as JSON and as an Arrow stream the same numbers, those of the batch."""

from typing import Any

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from experiments.runs import Deployment
from features.history import History
from tests.serving.conftest import ERASED, OPTED_OUT
from tests.serving.streams import post, read, stream, table

CUSTOMERS_ASKED = ["shop_churn", "shop_clv", "shop_segments"]
DETAILS = ["p_alive", "expected_purchases", "expected_value", "clv", "low", "high", "next_order", "flags"]


@pytest.fixture(scope="module")
def frame(deployment: Deployment) -> pd.DataFrame:
    """Give everybody's features as the batch has them: those of the model of churn are all that others read."""
    return pd.read_parquet(deployment.settings.scored("shop_churn") / "frame.parquet")


@pytest.fixture(scope="module")
def batch(deployment: Deployment) -> pd.DataFrame:
    """Give the scores of the batches of all but pairs, by model and customer."""
    parts = [pd.read_parquet(deployment.settings.scored(name) / "scores.parquet") for name in CUSTOMERS_ASKED]
    return pd.concat(parts).set_index(["model", "customer_id"]).sort_index()


def _json(client: httpx.Client, frame: pd.DataFrame, **said: Any) -> list[dict[str, Any]]:
    features = frame.drop(columns=["customer_id", "cutoff"])
    rows = [
        {"customer_id": each, "features": {name: None if pd.isna(v) else float(v) for name, v in row.items()}}
        for each, (_, row) in zip(frame["customer_id"], features.iterrows(), strict=True)
    ]
    answer = client.post("/v1/bulk", json={"rows": rows, **said})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def _arrow(client: httpx.Client, frame: pd.DataFrame, models: str | None = None) -> pd.DataFrame:
    asked = pa.Table.from_pandas(frame, preserve_index=False)
    if models is not None:
        asked = asked.replace_schema_metadata({"augury.models": models})
    found: pd.DataFrame = read(post(client, stream(asked))).to_pandas()
    return found


def test_json_gives_the_batchs_scores(
    client: httpx.Client, frame: pd.DataFrame, batch: pd.DataFrame, history: History, ids: list[str]
) -> None:
    found = _json(client, frame, cutoff=history.end.isoformat())
    barred = [each for each in found if each["kind"] == "refusal"]
    assert [(each["customer_id"], each["refusal"]) for each in barred] == [
        (OPTED_OUT, "opted_out"),
        (ERASED, "erased"),
    ]
    scores = pd.DataFrame([each for each in found if each["kind"] == "score"]).set_index(["model", "customer_id"])
    assert len(scores) == len(ids) * len(CUSTOMERS_ASKED)
    expected = batch.loc[scores.index]
    assert (scores["score"] == expected["score"]).all()
    assert (scores["cutoff"] == history.end.isoformat()).all()
    clv = scores.loc["shop_clv"]
    for name in ("p_alive", "clv", "low", "high"):
        assert (clv[name] == batch.loc["shop_clv"].loc[clv.index, name]).all()


def test_arrow_gives_the_batchs_scores(client: httpx.Client, frame: pd.DataFrame, batch: pd.DataFrame) -> None:
    found = _arrow(client, frame)
    barred = found[found["refusal"].notna()]
    assert barred[["customer_id", "refusal", "reason"]].to_numpy().tolist() == [
        [OPTED_OUT, "opted_out", "the customer does not want to be scored"],
        [ERASED, "erased", "the customer's data were erased"],
    ]
    scores = found[found["refusal"].isna()].set_index(["model", "customer_id"])
    expected = batch.loc[scores.index]
    assert (scores["score"] == expected["score"]).all()
    assert (scores["cutoff"] == expected["cutoff"]).all()
    assert (scores["version"] == "1").all()
    for name in DETAILS:
        mine, theirs = (each.xs("shop_clv")[name].tolist() for each in (scores, expected))
        assert all(a == b or (pd.isna(a) and pd.isna(b)) for a, b in zip(mine, theirs, strict=True)), name
    assert scores.xs("shop_segments")["label"].tolist() == expected.xs("shop_segments")["label"].tolist()


def test_pairs_are_scored_from_arrow(client: httpx.Client, deployment: Deployment, ids: list[str]) -> None:
    folder = deployment.settings.scored("shop_cross_sell")
    asked = pd.read_parquet(folder / "frame.parquet")
    asked = asked[asked["customer_id"].isin(ids)]
    assert not asked["eligible"].all()
    found = _arrow(client, asked, "shop_cross_sell")
    keys = ["customer_id", "category"]
    expected = pd.read_parquet(folder / "scores.parquet")
    both = found.merge(expected, on=keys, suffixes=("", "_batch"), validate="one_to_one")
    assert len(both) == len(found) == asked["eligible"].sum()
    assert (both["score"] == both["score_batch"]).all()


def test_models_may_be_named(client: httpx.Client, frame: pd.DataFrame) -> None:
    some = frame.head(5)
    for found in (_json(client, some, models=["shop_churn"]), _arrow(client, some, "shop_churn").to_dict("records")):
        assert [(each["customer_id"], each["model"]) for each in found] == [
            (each, "shop_churn") for each in some["customer_id"]
        ]
    both = _arrow(client, some, " shop_segments , shop_churn ")
    assert both["model"].drop_duplicates().tolist() == ["shop_segments", "shop_churn"]


def test_without_a_cutoff_all_but_value_answer(client: httpx.Client, frame: pd.DataFrame) -> None:
    found = _json(client, frame.head(2))
    assert {each["model"] for each in found} == {"shop_churn", "shop_segments"}
    assert {each["cutoff"] for each in found} == {None}
    assert set(_arrow(client, frame.head(2).drop(columns="cutoff"))["model"]) == {"shop_churn", "shop_segments"}


def test_the_stream_says_when_it_was_scored(client: httpx.Client) -> None:
    answer = post(client, stream(table()))
    metadata = read(answer).schema.metadata
    assert metadata[b"request_id"].decode() == answer.headers["x-request-id"]
    assert metadata[b"scored_at"].endswith(b"Z")


@pytest.mark.parametrize(
    "changed",
    [
        {"spend": pa.array([1, 2])},
        {"spend": pa.array([1.0, 2.0], pa.float32())},
        {"spend": pa.array([1, 2], pa.uint8())},
        {"customer_id": pa.array(["c0", "c1"], pa.large_string())},
        {"mood": pa.array(["up", "down"])},
        {"mood": pa.array([{"up": 1}, {"up": 2}])},
        {"mood": pa.array([[1], []])},
        {"mood": pa.array(["up", "up"]).dictionary_encode()},
        {"mood": pa.nulls(2)},
    ],
)
def test_the_same_numbers_of_other_types_and_what_nobody_reads_change_nothing(
    client: httpx.Client, changed: dict[str, pa.Array]
) -> None:
    assert read(post(client, stream(table(**changed)))).equals(read(post(client, stream(table()))))


def test_an_index_of_pandas_is_a_column_as_any(client: httpx.Client) -> None:
    indexed = pa.Table.from_pandas(table().to_pandas().set_index("customer_id"))
    assert indexed.column_names[-1] == "customer_id"
    assert read(post(client, stream(indexed))).equals(read(post(client, stream(table()))))
    broken = table().replace_schema_metadata({"pandas": "{no JSON"})
    assert read(post(client, stream(broken))).equals(read(post(client, stream(table()))))


def test_a_stream_of_many_parts_is_one_table(client: httpx.Client) -> None:
    whole = table(100)
    parts = pa.Table.from_batches([batch for place in range(100) for batch in whole.slice(place, 1).to_batches()])
    assert read(post(client, stream(parts))).equals(read(post(client, stream(whole))))


def test_ten_thousand_rows_are_answered(client: httpx.Client) -> None:
    found = read(post(client, stream(table(10_000))))
    assert found["customer_id"].to_pylist() == [f"c{number}" for number in range(10_000)]
    alone = read(post(client, stream(table(10_000).slice(9_999, 1))))
    assert alone.to_pylist() == found.slice(9_999).to_pylist()


def test_nobody_is_left_where_all_must_not_be_scored(client: httpx.Client) -> None:
    barred = table(customer_id=pa.array([OPTED_OUT, ERASED]))
    found = read(post(client, stream(barred))).to_pylist()
    assert [(each["customer_id"], each["refusal"]) for each in found] == [
        (OPTED_OUT, "opted_out"),
        (ERASED, "erased"),
    ]


def test_rows_are_scored_alike_whoever_comes_beside_them(client: httpx.Client, frame: pd.DataFrame) -> None:
    everyone = _arrow(client, frame, "shop_churn").set_index("customer_id")["score"]
    shuffled = frame.sample(frac=1, random_state=np.random.RandomState(3))
    again = _arrow(client, shuffled, "shop_churn").set_index("customer_id")["score"]
    pd.testing.assert_series_equal(again.loc[everyone.index], everyone, check_exact=True)

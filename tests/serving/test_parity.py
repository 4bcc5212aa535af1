"""One customer, one score, whichever way it is asked for: training's, the batch's, online. The difference is 0."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from experiments.runs import Deployment
from features.history import History
from models.artifact import Artifact
from serving.api.score import BY_PAYLOAD, instant
from serving.batch import batch_frame
from serving.bulk import arrow, bulk
from serving.feature_rows import table_of
from serving.live.answers import Answers
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.messages import FeatureRow, Score
from serving.said import Results
from serving.scorer import Scorer
from tests.serving.conftest import ERASED, OPTED_OUT

MODELS = ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"]
OF_CUSTOMERS = ["shop_churn", "shop_clv", "shop_segments"]
NUMBERS = ["score", "p_alive", "expected_purchases", "expected_value", "clv", "low", "high"]
TEXTS = ["flags", "label"]
Payload = Callable[[str], dict[str, Any]]
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def batch(deployment: Deployment) -> dict[str, pd.DataFrame]:
    """Read what the batches wrote, by model."""
    return {name: pd.read_parquet(deployment.settings.scored(name) / "scores.parquet") for name in MODELS}


@pytest.fixture(scope="module")
def frames(deployment: Deployment) -> dict[str, pd.DataFrame]:
    """Read the features that the batches scored, by model."""
    return {name: pd.read_parquet(deployment.settings.scored(name) / "frame.parquet") for name in MODELS}


def plain(scores: pd.DataFrame) -> pd.DataFrame:
    """Order scores by what they are about; times, numbers and texts as one type each, whether there or not."""
    keys = ["customer_id", *(["category"] if scores.get("category") is not None else [])]
    kept = scores.reindex(columns=[*keys, "cutoff", *NUMBERS, "next_order", *TEXTS])
    types = {**dict.fromkeys(["cutoff", "next_order"], "datetime64[us]"), **dict.fromkeys(NUMBERS, "float64")}
    kept[TEXTS] = kept[TEXTS].astype(object).fillna("").astype("str")
    return kept.astype(types).sort_values(keys, ignore_index=True)


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare scores, bit for bit."""
    pd.testing.assert_frame_equal(plain(found), plain(expected), check_exact=True)


def _of_results(results: Results) -> pd.DataFrame:
    assert all(isinstance(each, Score) for each in results), [each for each in results if not isinstance(each, Score)]
    rows = [{name: getattr(each, name) for name in Score.__struct_fields__} for each in results]
    made = pd.DataFrame(rows)
    return made.drop(columns="category") if made["category"].isna().all() else made


def _of_answers(live: Live, answers: Answers) -> pd.DataFrame:
    artifact, made = live.registered.artifact, pd.DataFrame({"customer_id": answers.owners, **answers.columns})
    made["cutoff"] = live.held.cutoff if answers.cutoffs is None and live.held else answers.cutoffs
    if answers.categories is not None:
        made["category"] = answers.categories
    if artifact.model.labels:
        made["label"] = [artifact.model.labels[int(code)] for code in made["score"]]
    return made


@pytest.mark.parametrize("model", MODELS)
def test_the_batch_is_what_training_would_say(
    deployment: Deployment, history: History, batch: dict[str, pd.DataFrame], model: str
) -> None:
    """The model, asked directly for a frame that is observed anew: without stores, blocks and rows."""
    registered = deployment.registry.load(model)
    artifact: Artifact = registered.artifact
    frame = batch_frame(history, registered, cutoff=history.end)
    asked = frame["eligible"] if "eligible" in frame else np.ones(len(frame), dtype=bool)
    keys = [key for key in ("customer_id", "cutoff", "category") if key in frame]
    expected = frame.loc[asked, keys].assign(score=artifact.calibration.apply(artifact.model.predict(frame))[asked])
    both = expected.merge(batch[model], on=keys, suffixes=("", "_batch"), validate="one_to_one")
    assert len(both) == len(expected) == len(batch[model])
    assert (both["score"] == both["score_batch"]).all()


def test_the_batches_hold_everyone(batch: dict[str, pd.DataFrame], sales: pd.DataFrame) -> None:
    everyone = set(sales["customer_id"])
    for model in MODELS:
        assert set(batch[model]["customer_id"]) == everyone
        assert batch[model]["score"].notna().all()


@pytest.mark.parametrize("compute", [False, True], ids=["read", "computed"])
@pytest.mark.parametrize("model", MODELS)
def test_everyone_by_id(snapshot: Snapshot, batch: dict[str, pd.DataFrame], model: str, compute: bool) -> None:
    """What the batch answered is read; a model that has come since computes it from the batch's features."""
    live, everyone = snapshot.models[model], sorted(set(batch[model]["customer_id"]))
    assert live.read
    rows = asyncio.run(live.rows(everyone))
    found = [row for row in rows if row is not None]
    assert len(found) == len(everyone)
    together = _of_answers(live, live.answers(everyone, found, compute=compute))
    same(together, batch[model])
    alone = [
        _of_answers(live, live.answers([customer_id], [row], compute=compute))
        for customer_id, row in zip(everyone[::5], found[::5], strict=True)
    ]
    same(pd.concat(alone), batch[model][batch[model]["customer_id"].isin(everyone[::5])])


@pytest.mark.parametrize("model", MODELS)
def test_everyone_through_the_scorer(
    scorer: Scorer, batch: dict[str, pd.DataFrame], ids: list[str], model: str
) -> None:
    found = _of_results(asyncio.run(scorer.by_id(ids, [model], now=NOW)))
    same(found, batch[model][batch[model]["customer_id"].isin(ids)])


def test_one_in_three_by_payload(
    scorer: Scorer, batch: dict[str, pd.DataFrame], payload: Payload, ids: list[str]
) -> None:
    some = ids[::3]

    async def ask() -> Results:
        return [each for customer_id in some for each in await _by_payload(scorer, payload(customer_id))]

    found = _of_results(asyncio.run(ask()))
    for model in MODELS:
        mine = found[found["model"] == model]
        expected = batch[model][batch[model]["customer_id"].isin(some)]
        same(mine if model == "shop_cross_sell" else mine.drop(columns="category"), expected)


async def _by_payload(scorer: Scorer, request: dict[str, Any]) -> Results:
    """Ask as the route does, from the request's JSON on."""
    asked = BY_PAYLOAD.decode(httpx.Request("POST", "http://here", json=request).content)
    rows = [{name: getattr(each, name) for name in each.__struct_fields__} for each in asked.transactions or ()]
    told = [{**row, "time": instant(row["time"], "")} for row in rows]
    table = pd.DataFrame([{name: value for name, value in row.items() if value is not None} for row in told])
    cutoff = instant(asked.cutoff or "", "")
    return await scorer.by_history(asked.customer_id, table, cutoff=cutoff, models=MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_everyone_in_bulk(
    snapshot: Snapshot,
    frames: dict[str, pd.DataFrame],
    batch: dict[str, pd.DataFrame],
    ids: list[str],
    model: str,
) -> None:
    """From the batch's features as an Arrow table."""
    frame = frames[model]
    asked = pa.Table.from_pandas(frame[frame["customer_id"].isin(ids)], preserve_index=False)
    found = arrow(asyncio.run(bulk(snapshot, asked, [model]))).to_pandas()
    same(found, batch[model][batch[model]["customer_id"].isin(ids)])


@pytest.mark.parametrize("model", OF_CUSTOMERS)
def test_everyone_in_bulk_as_json(
    snapshot: Snapshot, frames: dict[str, pd.DataFrame], batch: dict[str, pd.DataFrame], ids: list[str], model: str
) -> None:

    frame = frames[model].set_index("customer_id").loc[ids].drop(columns="cutoff")
    rows = [FeatureRow(str(each), _features(row)) for each, row in frame.iterrows()]
    cutoff = frames[model]["cutoff"].iloc[0].to_pydatetime()
    found = _of_results(asyncio.run(bulk(snapshot, table_of(rows), [model], cutoff=cutoff)).results())
    same(found, batch[model][batch[model]["customer_id"].isin(ids)])


def _features(row: "pd.Series[Any]") -> dict[str, float | str | None]:
    return {str(name): None if pd.isna(value) else float(value) for name, value in row.items()}


def _answered(client: httpx.Client, route: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    answer = client.post(route, json=request)
    assert answer.status_code == 200, answer.text
    yield from answer.json()["results"]


def test_over_http_too(client: httpx.Client, batch: dict[str, pd.DataFrame], payload: Payload, ids: list[str]) -> None:
    some = ids[::10]
    assert len(some) == 15
    by_id = pd.DataFrame(_answered(client, "/v1/score", {"customer_ids": some}))
    by_payload = pd.DataFrame(row for each in some for row in _answered(client, "/v1/score/payload", payload(each)))
    for found in (by_id, by_payload):
        assert (found["kind"] == "score").all()
        for model in MODELS:
            mine = found[found["model"] == model]
            expected = batch[model][batch[model]["customer_id"].isin(some)]
            same(mine if model == "shop_cross_sell" else mine.drop(columns="category"), expected)


def test_nobody_is_left_out_of_this_but_those_who_must_be(ids: list[str], sales: pd.DataFrame) -> None:
    assert set(sales["customer_id"]) - set(ids) == {OPTED_OUT, ERASED}

"""Where reasons are asked of a batch, it keeps the scores' terms, and the service reads them."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from features.history import History
from models.registry import Registered
from serving.batch.destinations import Folders
from serving.batch.groups import of_history
from serving.batch.question import Asked
from serving.batch.run import run
from serving.batch.to_store import to_store
from serving.block import Held
from serving.live.golden import NotGolden, check_golden
from serving.live.live import Live
from serving.store.opened import store_of
from serving.suppression import Suppressions
from tests.serving.batch.conftest import CUTOFF, Clock

NOBODY_ELSE = Suppressions({})
EXPLAINED = ["shop_churn", "shop_cross_sell"]


@pytest.fixture
def batch(history: History, clock: Clock, tmp_path: Path) -> Any:
    """Write a batch with reasons into a store, and give what a worker makes of it."""

    def made(registered: Registered, *, reasons: int = 3, left_out: Suppressions = NOBODY_ELSE, size: int = 40) -> Live:
        name, store = registered.artifact.name, store_of(str(tmp_path / "store"))
        asked = Asked({name: reasons}, left_out, size)
        groups = of_history(history, [registered], cutoff=CUTOFF)
        (told,) = run(groups, asked, to=Folders(lambda _: tmp_path / "out"), clock=clock)
        to_store(store, registered, tmp_path / "out", told)
        block = store.open(name)
        assert block is not None
        return Live(registered, Held.of(block))

    return made


def _rows(live: Live) -> tuple[list[str], list[bytes]]:
    assert live.held is not None
    ids = list(live.held.generation.about["golden"])
    return ids, [row for row in asyncio.run(live.rows(ids)) if row is not None]


def _silent(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the model say nothing any more."""

    def silent(*asked: object) -> None:
        raise AssertionError("the model is asked")

    for method in ("explained_rows", "predict_rows", "contributions", "predict"):
        monkeypatch.setattr(type(live.registered.artifact.model), method, silent)


@pytest.mark.parametrize("name", EXPLAINED)
def test_terms_add_up_to_the_scores(
    name: str, champions: dict[str, Registered], batch: Any, frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    batch(champions[name])
    terms, scores = (pd.read_parquet(tmp_path / "out" / f"{each}.parquet") for each in ("terms", "scores"))
    model = champions[name].artifact.model
    assert list(terms) == [*(f"term.{each}" for each in model.features_), "term."]  # type: ignore[attr-defined]
    assert terms.sum(axis=1).to_numpy() == pytest.approx(logit(scores["score"].to_numpy()), abs=1e-9)
    expected = champions[name].artifact.contributions(frames[name])
    asked = frames[name].get("eligible", pd.Series(True, frames[name].index)).to_numpy()
    assert terms.to_numpy().tolist() == expected[asked].tolist()


def test_reasons_are_read_and_the_model_is_not_asked(
    champions: dict[str, Registered], batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = batch(champions["shop_churn"])
    rows = _rows(live)
    check_golden(live, *rows)
    computed = live.explained(*rows, top=3, compute=True)
    _silent(live, monkeypatch)
    assert live.explained(*rows, top=3) == computed
    alone = [live.explained(rows[0][at : at + 1], rows[1][at : at + 1], top=3)[1][0] for at in range(3)]
    assert alone == computed[1][:3]
    with pytest.raises(AssertionError, match="the model is asked"):
        live.explained(*rows, top=3, compute=True)


def test_another_artifact_does_not_read_them(champions: dict[str, Registered], batch: Any) -> None:
    live = batch(champions["shop_churn"])
    artifact = replace(live.registered.artifact, provenance={"note": "another"})
    again = Live(replace(live.registered, artifact=artifact), live.held)
    rows = _rows(live)
    assert not again.read
    assert again.explained(*rows, top=3)[1] == live.explained(*rows, top=3)[1]


def test_a_model_of_pairs_keeps_them_and_says_the_same(
    champions: dict[str, Registered], batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = batch(champions["shop_cross_sell"])
    rows = _rows(live)
    check_golden(live, *rows)
    answers, reasons = live.explained(*rows, top=3)
    assert len(answers.owners) == len(reasons) > len(rows[0])
    computed, again = live.explained(*rows, top=3, compute=True)
    assert (answers.columns["score"], reasons) == (computed.columns["score"], again)
    _silent(live, monkeypatch)
    assert live.explained(*rows, top=3) == (answers, reasons)


def test_a_batch_without_reasons_keeps_none(champions: dict[str, Registered], batch: Any) -> None:
    live = batch(champions["shop_churn"], reasons=0)
    assert not any(each.startswith("term.") for each in live.held.layout.names)
    rows = _rows(live)
    assert live.explained(*rows, top=3) == live.explained(*rows, top=3, compute=True)


def test_terms_that_were_changed_do_not_go_live(champions: dict[str, Registered], batch: Any) -> None:
    live = batch(champions["shop_churn"])
    ids, rows = _rows(live)
    place, made = live.held.layout.place(f"term.{live.why.names[0]}"), []
    for row in rows:
        values = np.frombuffer(row).copy()
        values[place] += 1e-4
        made.append(values.tobytes())
    with pytest.raises(NotGolden, match="shop_churn's reasons differ on golden rows"):
        check_golden(live, ids, made)


def test_nobody_left_is_a_block_of_nobody(
    champions: dict[str, Registered], batch: Any, frames: dict[str, pd.DataFrame]
) -> None:
    everyone = Suppressions(dict.fromkeys(frames["shop_churn"]["customer_id"], "erased"))
    live = batch(champions["shop_churn"], left_out=everyone)
    assert live.held.generation.customers == 0

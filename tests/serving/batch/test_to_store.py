"""A batch in the store: each customer once, all blocks, what the service needs to know of it."""

import asyncio
from pathlib import Path

import pandas as pd
import pytest

from features.history import History
from models.registry import Registered
from serving.batch.destinations import Folders
from serving.batch.groups import of_history, of_rows
from serving.batch.manifest import Manifest
from serving.batch.place import Place
from serving.batch.question import Asked
from serving.batch.run import run
from serving.batch.to_store import to_store
from serving.batch.workspace import InUse
from serving.block import Held
from serving.live.golden import check_golden
from serving.live.live import Live
from serving.store.opened import store_of
from serving.suppression import Suppressions
from tests.serving.batch.conftest import CUTOFF, Clock


@pytest.mark.parametrize("size", [17, 100_000])
@pytest.mark.parametrize("name", ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"])
def test_the_store_holds_what_the_batch_wrote(
    name: str,
    size: int,
    champions: dict[str, Registered],
    history: History,
    clock: Clock,
    frames: dict[str, pd.DataFrame],
    expected: dict[str, pd.DataFrame],
    tmp_path: Path,
) -> None:
    registered, store = champions[name], store_of(str(tmp_path / "store"))
    gone = frames[name]["customer_id"].iloc[0]
    asked = Asked(left_out=Suppressions({gone: "opted_out"}), size=size)
    (told,) = run(
        of_history(history, [registered], cutoff=CUTOFF), asked, to=Folders(lambda _: tmp_path / "out"), clock=clock
    )
    to_store(store, registered, tmp_path / "out", told)
    first = store.current(name)
    to_store(store, registered, tmp_path / "out", told)
    assert first is not None
    assert store.current(name) == first, "the same batch is not written again"
    assert (first.about["question"], first.about["cutoff"]) == (told["question"], CUTOFF.isoformat())
    block = store.open(name)
    assert block is not None
    held, everyone = Held.of(block), list(dict.fromkeys(frames[name]["customer_id"]))
    assert held.lacks(registered.artifact) is None
    assert held.answered_by(registered.artifact)
    found = asyncio.run(block.get(everyone))
    assert found[0] is None
    matrix, counts = held.layout.matrix([each for each in found if each is not None])
    owners = [each for each, count in zip(everyone[1:], counts, strict=True) for _ in range(count)]
    rows = held.frame(owners, matrix)
    scored = registered.artifact.score(rows, version=registered.version)
    left = expected[name][expected[name]["customer_id"] != gone].reset_index(drop=True)
    pd.testing.assert_frame_equal(scored[list(left)], left, check_exact=True, check_dtype=False)
    answers = held.layout.frame(matrix, ["answer.score"])["answer.score"].dropna()
    assert answers.tolist() == left["score"].tolist()


def test_ready_rows_without_their_frame_are_no_block(
    ready: Path, churn: Registered, clock: Clock, tmp_path: Path
) -> None:
    store = store_of(str(tmp_path / "store"))

    def scored(keeps_frame: bool) -> Manifest:
        groups = of_rows(Place.read(str(ready)), [churn], folder=tmp_path / "copied", keeps_frame=keeps_frame)
        return run(groups, Asked(), to=Folders(lambda _: tmp_path / "out"), clock=clock)[0]

    with pytest.raises(ValueError, match="holds no rows that the service could answer from"):
        to_store(store, churn, tmp_path / "out", scored(keeps_frame=False))
    to_store(store, churn, tmp_path / "out", scored(keeps_frame=True))
    current = store.current("shop_churn")
    assert current is not None
    assert current.customers == 150


@pytest.mark.parametrize("name", ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"])
def test_nobody_left_is_a_block_of_nobody(
    name: str,
    champions: dict[str, Registered],
    history: History,
    clock: Clock,
    frames: dict[str, pd.DataFrame],
    tmp_path: Path,
) -> None:
    """What was in the store goes: nobody who is on the list is answered from an older batch."""
    registered, store = champions[name], store_of(str(tmp_path / "store"))
    to = Folders(lambda _: tmp_path / "out")
    for out in ({}, dict.fromkeys(frames[name]["customer_id"], "erased")):
        asked = Asked(left_out=Suppressions(out))
        (told,) = run(of_history(history, [registered], cutoff=CUTOFF), asked, to=to, clock=clock)
        to_store(store, registered, tmp_path / "out", told)
    block = store.open(name)
    assert block is not None
    held, ids = Held.of(block), list(frames[name]["customer_id"].iloc[:3])
    assert (block.generation.customers, held.lacks(registered.artifact)) == (0, None)
    assert asyncio.run(block.get(ids)) == [None] * 3
    live = Live(registered, held)
    check_golden(live, [], [])
    assert asyncio.run(live.rows(ids)) == [None] * 3


@pytest.mark.parametrize("size", [40, 100_000])
def test_a_batch_that_is_replaced_on_its_way_does_not_reach_the_store(
    size: int, churn: Registered, history: History, clock: Clock, tmp_path: Path
) -> None:
    store, to = store_of(str(tmp_path / "store")), Folders(lambda _: tmp_path / "out")

    def scored(size: int) -> Manifest:
        return run(of_history(history, [churn], cutoff=CUTOFF), Asked(size=size), to=to, clock=clock)[0]

    first = scored(60)
    second = scored(size)
    with pytest.raises(InUse, match="another process has put another batch into"):
        to_store(store, churn, tmp_path / "out", first)
    assert store.current("shop_churn") is None
    to_store(store, churn, tmp_path / "out", second)
    current = store.current("shop_churn")
    assert current is not None
    assert current.about["question"] == second["question"]

"""A registry that hangs, a version that cannot go live: what is live stays, and batches are swapped all the same."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.runs import Deployment
from models.registry import Registered
from serving.live import watch as watching
from serving.live.snapshot import Snapshot
from serving.live.source import FromRegistry, SourceAway, Versions
from serving.live.watch import SLOW, Watch
from serving.store.lmdb_store import LmdbStore
from serving.store.store import Generation
from serving.suppression import Suppressions, write_suppressed

CHURN = "shop_churn"


class Hanging(FromRegistry):
    """The registry, which tells nothing unless `tells` is set, and has no files of version 99 until `fetched` is."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri, dataset="shop")
        self.tells, self.fetched, self.loads, self.newer = threading.Event(), threading.Event(), list[str](), False
        self.fault: Exception | None = None
        self.tells.set()

    def versions(self) -> Versions:
        assert self.tells.wait(20)
        told = super().versions()
        return {**told, CHURN: {"champion": "99"}} if self.newer else told

    def load(self, name: str, version: str) -> Registered:
        self.loads.append(version)
        if version != "99":
            return super().load(name, version)
        if self.fault is not None:
            raise self.fault
        assert self.fetched.wait(20)
        return replace(super().load(name, "1"), version=version)


@pytest.fixture
def source(deployment: Deployment) -> Hanging:
    return Hanging(deployment.settings.mlflow)


@pytest.fixture
def store(deployment: Deployment, tmp_path: Path) -> LmdbStore:
    """Copy churn's batch into a store of its own."""
    copied = LmdbStore(tmp_path / "store")
    again(deployment, copied)
    return copied


def again(deployment: Deployment, store: LmdbStore) -> Generation:
    """Write churn's batch once more."""
    block = LmdbStore(deployment.settings.var / "store").open(CHURN)
    assert block is not None
    ids: Sequence[str] = block.generation.about["golden"]
    rows = asyncio.run(block.get(ids))
    pairs = [(each, row) for each, row in zip(ids, rows, strict=True) if row is not None]
    return store.write(CHURN, pairs, columns=block.generation.columns, about=block.generation.about)


def number(snapshot: Snapshot) -> str:
    held = snapshot.models[CHURN].held
    assert held is not None
    return held.generation.number


def test_batches_are_swapped_while_the_registry_hangs(
    source: Hanging, store: LmdbStore, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PATIENCE", 0.05)
    counted: list[str] = []

    async def looked() -> None:
        made = Watch(source, store, lambda snapshot: None, counted=lambda what, name: counted.append(what))
        await made.refresh()
        live, first = made.snapshot.models[CHURN], number(made.snapshot)
        source.tells.clear()
        newer = await asyncio.to_thread(again, deployment, store)
        await made.refresh()
        assert number(made.snapshot) == newer.number > first
        assert made.snapshot.models[CHURN].registered is live.registered
        assert _away(made) == SLOW
        source.tells.set()
        await asyncio.sleep(0.5)
        await made.refresh()
        assert _away(made) is None
        assert counted.count("registry") == 1

    asyncio.run(looked())


def _away(made: Watch) -> str | None:
    return made.state.source_away


def test_a_version_that_is_fetched_slowly_goes_live_when_it_is_there(
    source: Hanging, store: LmdbStore, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PATIENCE", 0.05)
    counted: list[str] = []

    async def looked() -> None:
        made = Watch(source, store, lambda snapshot: None, counted=lambda what, name: counted.append(what))
        await made.refresh()
        before, source.newer = made.snapshot.models[CHURN], True
        for _ in range(2):
            await _until(made, "version 99 is being fetched")
            assert made.snapshot.models[CHURN] is before
        source.fetched.set()
        await _until(made, None)
        assert made.snapshot.models[CHURN].registered.version == "99"

    asyncio.run(looked())
    assert source.loads.count("99") == 1
    assert [each for each in counted if each != "registry"] == ["swapped"]


async def _until(made: Watch, waiting: str | None) -> None:
    """Look until the watch waits for this."""
    for _ in range(100):
        await made.refresh()
        if made.state.waiting.get(CHURN) == waiting and (waiting or made.state.source_away is None):
            return
    raise AssertionError(made.state)


@pytest.mark.parametrize("fault", [None, SourceAway("gone"), ValueError("broken")], ids=["slow", "away", "broken"])
def test_batches_go_on_while_a_promoted_version_cannot_go_live(
    fault: Exception | None,
    source: Hanging,
    store: LmdbStore,
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "PATIENCE", 0.05)

    async def looked() -> None:
        made = Watch(source, store, lambda snapshot: None, counted=lambda what, name: None)
        await made.refresh()
        source.newer, source.fault = True, fault
        await _until(made, str(fault) if fault else "version 99 is being fetched")
        for _ in range(3):
            newer = await asyncio.to_thread(again, deployment, store)
            await made.refresh()
            assert number(made.snapshot) == newer.number
            assert made.snapshot.models[CHURN].registered.version == "1"
            assert list(made.state.waiting) == [CHURN]
        source.fault = None
        source.fetched.set()
        await _until(made, None)
        assert made.snapshot.models[CHURN].registered.version == "99"
        assert number(made.snapshot) == newer.number

    asyncio.run(looked())


def test_who_must_not_be_scored_waits_for_no_registry(source: Hanging, store: LmdbStore) -> None:
    taken: list[Snapshot] = []

    async def looked() -> None:
        made = Watch(source, store, taken.append, counted=lambda what, name: None)
        await made.refresh()
        source.tells.clear()
        write_suppressed(store, Suppressions({"C0000001": "erased"}))
        look = asyncio.create_task(made.refresh())
        async with asyncio.timeout(20):
            while taken[-1].suppressed is None:
                assert not look.done()
                await asyncio.sleep(0.01)
        assert not look.done()
        assert taken[-1].models == taken[-2].models
        source.tells.set()
        await look
        assert made.snapshot == taken[-1]
        made.close()

    asyncio.run(looked())

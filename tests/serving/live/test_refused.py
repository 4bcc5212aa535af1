"""What was found not to be right is not looked at again until it is another one."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.runs import Deployment
from models.registry import Registered
from serving.live import watch as watching
from serving.live.golden import NotGolden, check_golden
from serving.live.live import Live
from serving.live.source import FromRegistry, Versions
from serving.live.watch import Watch
from serving.store.lmdb_store import LmdbBlock, LmdbStore
from serving.store.store import Generation

CHURN = "shop_churn"


class Newer(FromRegistry):
    """The registry, where a version 2 of churn is champion that nobody loads twice in vain."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri, dataset="shop")
        self.champion, self.loads = "1", list[str]()

    def versions(self) -> Versions:
        return {**super().versions(), CHURN: {"champion": self.champion}}

    def load(self, name: str, version: str) -> Registered:
        self.loads.append(f"{name} {version}")
        return replace(super().load(name, "1"), version=version)


@pytest.fixture
def store(deployment: Deployment, tmp_path: Path) -> LmdbStore:
    copied = LmdbStore(tmp_path / "store")
    again(deployment, copied)
    return copied


def again(deployment: Deployment, store: LmdbStore) -> Generation:
    """Write churn's batch once more, its golden customers alone."""
    block = LmdbStore(deployment.settings.var / "store").open(CHURN)
    assert block is not None
    ids: Sequence[str] = block.generation.about["golden"]
    rows = asyncio.run(block.get(ids))
    pairs = [(each, row) for each, row in zip(ids, rows, strict=True) if row is not None]
    return store.write(CHURN, pairs, columns=block.generation.columns, about=block.generation.about)


def watch_of(deployment: Deployment, store: LmdbStore) -> tuple[Watch, Newer]:
    source = Newer(deployment.settings.mlflow)
    return Watch(source, store, lambda snapshot: None, counted=lambda what, name: None), source


def test_a_version_that_answers_otherwise_is_asked_once_a_batch(
    deployment: Deployment, store: LmdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()
    golden = check_golden

    def check(live: Live, ids: list[str], rows: list[bytes]) -> None:
        if live.name == CHURN:
            asked.append(live.registered.version)
        golden(live, ids, rows)
        if live.registered.version == "2":
            raise NotGolden("churn answers otherwise")

    monkeypatch.setattr(watching, "check_golden", check)
    monkeypatch.setattr(watching, "PATIENCE", 60.0)
    made, source = watch_of(deployment, store)

    async def looked() -> None:
        await made.refresh()
        source.champion = "2"
        for _ in range(3):
            await made.refresh()
            assert made.state.waiting == {CHURN: "churn answers otherwise"}
            assert made.snapshot.models[CHURN].registered.version == "1"
        assert asked == ["1", "2"]
        await asyncio.to_thread(again, deployment, store)
        for _ in range(3):
            await made.refresh()
        assert asked == ["1", "2", "2", "1"]
        source.champion = "3"
        await made.refresh()
        assert made.snapshot.models[CHURN].registered.version == "3"
        assert (made.state.waiting, made.refused) == ({}, {})

    asyncio.run(looked())
    assert source.loads.count(f"{CHURN} 2") == 1


def test_rows_that_are_not_those_written_are_hashed_once(
    deployment: Deployment, store: LmdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed, verify = list[str](), LmdbBlock.verify

    def verified(block: LmdbBlock) -> None:
        hashed.append(block.generation.number)
        verify(block)

    made, _ = watch_of(deployment, store)
    asyncio.run(made.refresh())
    monkeypatch.setattr(LmdbBlock, "verify", verified)
    bad = again(deployment, store)
    rows = (store.folder / CHURN / "current").resolve() / "rows.mdb"
    content = bytearray(rows.read_bytes())
    content[-1] ^= 1
    rows.write_bytes(content)
    for _ in range(3):
        asyncio.run(made.refresh())
        assert "are not those that were written" in str(made.state.store_away)
    assert hashed == [bad.number]
    good = again(deployment, store)
    asyncio.run(made.refresh())
    assert hashed == [bad.number, good.number]
    assert made.state.store_away is None

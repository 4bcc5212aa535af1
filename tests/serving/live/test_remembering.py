"""A worker that starts while the registry is away starts from what was live last."""

import asyncio
import time
from pathlib import Path

import pytest

from experiments.runs import Deployment
from models.registry import Registered
from serving.live import watch as watching
from serving.live.packed import PACK, read_pack
from serving.live.remembering import Remembering
from serving.live.source import FromRegistry, SourceAway, Versions
from serving.live.watch import SLOW, Watch
from serving.store.lmdb_store import LmdbStore

NAMES = ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"]


class Leaving(FromRegistry):
    """The registry, which can be away, or give no files."""

    away, without_files, seconds = False, "", 0.0

    def versions(self) -> Versions:
        time.sleep(self.seconds)
        if self.away:
            raise SourceAway("away")
        return super().versions()

    def load(self, name: str, version: str) -> Registered:
        if self.away or name == self.without_files:
            raise SourceAway(f"{name} {version} is away")
        return super().load(name, version)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "live" / "shop"


def watch(deployment: Deployment, folder: Path, *, away: bool, without_files: str = "") -> tuple[Watch, Leaving]:
    """Make what a new worker makes."""
    return asyncio.run(started(deployment, folder, away=away, without_files=without_files))


async def started(
    deployment: Deployment, folder: Path, *, away: bool, without_files: str = ""
) -> tuple[Watch, Leaving]:
    settings = deployment.settings
    source = Leaving(settings.mlflow, dataset="shop")
    source.away, source.without_files = away, without_files
    made = Watch(
        Remembering(source, folder),
        LmdbStore(settings.var / "store"),
        lambda snapshot: None,
        counted=lambda what, name: None,
    )
    await made.refresh()
    return made, source


def kept(folder: Path) -> list[Registered]:
    """Wait until champions are on the disk."""
    end = time.monotonic() + 20
    while not (folder / PACK).exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    return read_pack(folder)


def test_without_the_registry_what_was_live_last_is_live(deployment: Deployment, folder: Path) -> None:
    before, _ = watch(deployment, folder, away=False)
    assert [each.artifact.name for each in kept(folder)] == NAMES
    made, source = watch(deployment, folder, away=True)
    live = made.snapshot.models
    assert {name: (each.registered.version, each.registered.artifact.id) for name, each in live.items()} == {
        name: (each.registered.version, each.registered.artifact.id) for name, each in before.snapshot.models.items()
    }
    assert [name for name, each in live.items() if each.held is not None] == NAMES
    assert made.state.source_away == "away"
    source.away, snapshot = False, made.snapshot
    assert _back(made)
    assert made.snapshot is snapshot


def test_what_is_remembered_stays_while_the_registry_comes_back_slowly(
    deployment: Deployment, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PATIENCE", 0.05)
    watch(deployment, folder, away=False)
    kept(folder)

    async def looked() -> None:
        made, source = await started(deployment, folder, away=True)
        source.seconds = 0.3
        for _ in range(3):
            await made.refresh()
            assert made.state.source_away == SLOW
            assert list(made.snapshot.models) == NAMES

    asyncio.run(looked())


def test_a_registry_that_gives_no_files_at_the_start_is_away(deployment: Deployment, folder: Path) -> None:
    watch(deployment, folder, away=False)
    kept(folder)
    made, _ = watch(deployment, folder, away=False, without_files=NAMES[1])
    assert list(made.snapshot.models) == NAMES
    assert made.state.source_away == f"{NAMES[1]} 1 is away"
    assert _back(made)
    assert list(made.snapshot.models) == NAMES


def test_where_nothing_is_remembered_those_go_live_whose_files_are_given(deployment: Deployment, folder: Path) -> None:
    made, source = watch(deployment, folder, away=False, without_files=NAMES[1])
    assert list(made.snapshot.models) == [each for each in NAMES if each != NAMES[1]]
    assert list(made.state.waiting) == [NAMES[1]]
    source.without_files = ""
    for _ in range(20):
        asyncio.run(made.refresh())
    assert list(made.snapshot.models) == NAMES


def test_where_nothing_was_live_nothing_is(deployment: Deployment, folder: Path) -> None:
    made, source = watch(deployment, folder, away=True)
    assert (dict(made.snapshot.models), made.state.source_away) == ({}, "away")
    source.away = False
    assert _back(made)
    assert list(made.snapshot.models) == NAMES


def _back(made: Watch) -> bool:
    """Look until the registry has answered."""
    for _ in range(20):
        asyncio.run(made.refresh())
        if made.state.source_away is None:
            return True
    return False


def test_what_is_kept_is_the_latest_and_written_once(deployment: Deployment, folder: Path) -> None:
    made = Remembering(FromRegistry(deployment.settings.mlflow, dataset="shop"), folder)
    told = made.versions()
    all_of_them = [made.load(name, str(aliases["champion"])) for name, aliases in told.items()]
    made._write(all_of_them)
    written = (folder / PACK).stat().st_mtime_ns
    made._write(all_of_them)
    assert (folder / PACK).stat().st_mtime_ns == written
    made._write(all_of_them[:2])
    assert [each.artifact.name for each in read_pack(folder)] == NAMES[:2]


def test_a_broken_pack_and_a_full_disk_harm_nobody(deployment: Deployment, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / PACK).write_text("{")
    made, _ = watch(deployment, folder, away=True)
    assert dict(made.snapshot.models) == {}
    folder.parent.joinpath("file").write_text("")
    made, _ = watch(deployment, folder.parent / "file" / "shop", away=False)
    assert list(made.snapshot.models) == NAMES

"""What goes live and what does not: the registry's versions, the store's batches, and both taken away."""

import asyncio
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.runs import Deployment
from models.artifact import Artifact
from models.registry import ModelRegistry, Registered
from serving.block import write_block
from serving.live import watch as watching
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.live.source import FromRegistry
from serving.live.watch import Watch
from serving.said import Results
from serving.scorer import Scorer
from serving.store.lmdb_store import LmdbStore
from serving.store.store import StoreAway
from serving.suppression import Suppressions, write_suppressed
from tests.serving.conftest import OPTED_OUT

CHURN, SEGMENTS = "shop_churn", "shop_segments"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Near(FromRegistry):
    """The registry; the first versions are loaded already."""

    def __init__(self, uri: str, first: Mapping[str, Registered]) -> None:
        super().__init__(uri, dataset="shop")
        self.first = first

    def load(self, name: str, version: str) -> Registered:
        return self.first[name] if version == "1" and name in self.first else super().load(name, version)


@dataclass
class Shop:
    """A registry and a store of a test's own, and who looks at them."""

    var: Path
    first: Mapping[str, Registered]
    scored: Callable[[str], Path]
    taken: list[Snapshot] = field(default_factory=list)
    counted: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registry = ModelRegistry(f"sqlite:///{self.var / 'mlflow.db'}")
        self.store = LmdbStore(self.var / "store")
        self.scorer = Scorer(Snapshot({}))
        self.watch = self.watching()

    def watching(self) -> Watch:
        """Begin to look, as a worker that starts does."""
        return Watch(
            Near(self.registry.uri, self.first),
            self.store,
            self._take,
            counted=lambda what, name: self.counted.append((what, name)),
        )

    def _take(self, snapshot: Snapshot) -> None:
        self.taken.append(snapshot)
        self.scorer.take(snapshot)

    def look(self, watch: Watch | None = None) -> Snapshot:
        """Look once."""
        seen = watch or self.watch
        asyncio.run(seen.refresh())
        return seen.snapshot

    def live(self, name: str = CHURN) -> Live:
        """Look, and give a champion."""
        return self.look().models[name]

    def add(self, artifact: Artifact, alias: str = "champion") -> Registered:
        """Register an artifact as a new version."""
        folder = (self.var / "runs").as_uri()
        client = self.registry.client
        known = client.get_experiment_by_name("swaps")
        experiment = known.experiment_id if known else client.create_experiment("swaps", artifact_location=folder)
        run_id = str(client.create_run(experiment).info.run_id)
        version = self.registry.add(artifact, run_id=run_id, alias=alias)  # type: ignore[arg-type]  # one of the two
        return Registered(artifact, version, run_id)

    def promote(self, name: str, version: str, alias: str = "champion") -> None:
        """Let an alias point to a version."""
        self.registry.client.set_registered_model_alias(name, alias, version)

    def frame(self, name: str = CHURN) -> pd.DataFrame:
        """Give the features of a model's first batch."""
        return pd.read_parquet(self.scored(name) / "frame.parquet")

    def batch(self, registered: Registered, *, add: float = 0.0, without: Sequence[str] = ()) -> None:
        """Write a batch of a version; its scores are off by `add`, some customers are not in it."""
        frame = self.frame(registered.artifact.name)
        frame = frame[~frame["customer_id"].isin(without)].reset_index(drop=True)
        scores = registered.artifact.score(frame, version=registered.version)
        scores["score"] += add
        about = {"cutoff": frame["cutoff"].iloc[0].isoformat()}
        write_block(self.store, registered, frame, scores, about=about)

    def ask(self, *customer_ids: str, models: Sequence[str] | None = (CHURN,)) -> Results:
        """Ask the scorer."""
        return asyncio.run(self.scorer.by_id(customer_ids, models, now=NOW))


@pytest.fixture
def shop(deployment: Deployment, snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Copy the deployment's registry and store; a look takes as long as it takes."""
    monkeypatch.setattr(watching, "PATIENCE", 60.0)
    var = deployment.settings.var
    shutil.copy(var / "mlflow.db", tmp_path / "mlflow.db")
    shutil.copytree(var / "store", tmp_path / "store", symlinks=True)
    first = {name: live.registered for name, live in snapshot.models.items()}
    made = Shop(tmp_path, first, deployment.settings.scored)
    made.look()
    return made


def _same_but(live: Live, **changed: object) -> Artifact:
    """Make an artifact that says the same and is another one."""
    artifact = live.registered.artifact
    return replace(artifact, provenance={**artifact.provenance, "note": "another"}, **changed)  # type: ignore[arg-type]


def test_it_begins_with_all_champions_and_takes_them_once(shop: Shop) -> None:
    assert list(shop.watch.snapshot.models) == ["shop_churn", "shop_clv", "shop_cross_sell", "shop_segments"]
    assert all(each.read for each in shop.watch.snapshot.models.values())
    before = shop.watch.snapshot
    assert shop.look() is before
    assert shop.taken == [before]
    assert (shop.counted, shop.watch.state.waiting) == ([], {})


def test_a_promoted_version_goes_live_and_says_the_same_of_the_same_features(shop: Shop) -> None:
    (before,) = shop.ask("C0000001")
    added = shop.add(_same_but(shop.watch.snapshot.models[CHURN]))
    live = shop.live()
    assert live.registered.version == added.version == "2"
    assert not live.read
    (after,) = shop.ask("C0000001")
    assert (after.version, after.score) == ("2", before.score)  # type: ignore[union-attr]
    assert shop.counted == [("swapped", CHURN)]
    assert list(shop.taken[-1].models) == list(shop.taken[0].models)
    assert shop.taken[-1].models[SEGMENTS] is shop.taken[0].models[SEGMENTS]


def test_its_own_batch_is_read(shop: Shop) -> None:
    added = shop.add(_same_but(shop.watch.snapshot.models[CHURN]))
    computed = shop.live()
    shop.batch(added)
    live = shop.live()
    assert live.read
    assert live.registered is computed.registered
    assert live.held is not computed.held
    assert shop.counted == [("swapped", CHURN)] * 2


def test_back_to_the_former_version(shop: Shop) -> None:
    shop.add(_same_but(shop.watch.snapshot.models[CHURN]))
    assert shop.live().registered.version == "2"
    shop.promote(CHURN, "1")
    assert (shop.live().registered.version, shop.live().read) == ("1", True)


def test_a_model_without_an_alias_is_served_no_more(shop: Shop) -> None:
    shop.registry.client.delete_registered_model_alias(CHURN, "champion")
    assert list(shop.look().models) == ["shop_clv", "shop_cross_sell", "shop_segments"]


def test_models_of_another_dataset_are_left_out(shop: Shop) -> None:
    shop.add(replace(shop.watch.snapshot.models[SEGMENTS].registered.artifact, name="cafe", dataset="cafe"))
    assert "cafe" not in shop.look().models
    assert shop.watch.state.waiting == {}


@contextmanager
def _registry_away(shop: Shop) -> Iterator[None]:
    """Make the registry's database unreadable for a while."""
    db = shop.var / "mlflow.db"
    was = db.read_bytes()
    db.write_bytes(b"no database" * 1_000)
    yield
    db.write_bytes(was)


def test_while_the_registry_is_away_everything_stays(shop: Shop) -> None:
    before = shop.watch.snapshot
    with _registry_away(shop):
        assert shop.look() is before
        assert shop.watch.state.source_away is not None
        assert shop.watch.state.source_away.startswith("the registry does not answer: ")
        assert str(shop.var) not in shop.watch.state.source_away
        assert shop.counted == [("registry", "")]
    assert shop.look() is before
    assert shop.watch.state.source_away is None


def test_a_batch_is_taken_while_the_registry_is_away(shop: Shop) -> None:
    with _registry_away(shop):
        shop.batch(shop.watch.snapshot.models[CHURN].registered, without=["C0000001"])
        shop.look()
        told = shop.ask("C0000001", "C0000002")
    assert [each.kind for each in map(_kind, told)] == ["not_in_population", "score"]


def test_a_worker_that_starts_while_the_registry_is_away_has_no_models(shop: Shop) -> None:
    late = shop.watching()
    with _registry_away(shop):
        assert shop.look(late).models == {}
        assert late.state.source_away is not None
    assert list(shop.look(late).models) == list(shop.watch.snapshot.models)


@dataclass
class _Kind:
    kind: str


def _kind(result: object) -> _Kind:
    return _Kind(str(getattr(result, "refusal", "score")))


def _artifact_file(shop: Shop, registered: Registered) -> Path:
    (path,) = (shop.var / "runs").glob("**/artifacts/artifact/artifact.json")
    return path


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda path: path.write_text(path.read_text().replace('"shop"', '"shoq"')), "is not what was saved"),
        (lambda path: path.write_text("{"), "is not JSON"),
        (lambda path: path.unlink(), "artifact.json is missing"),
    ],
    ids=["changed", "cut", "gone"],
)
def test_a_broken_artifact_does_not_go_live(shop: Shop, harm: Callable[[Path], object], told: str) -> None:
    before = shop.watch.snapshot
    added = shop.add(_same_but(before.models[CHURN]))
    harm(_artifact_file(shop, added))
    assert shop.look() is before
    assert shop.look() is before
    assert told in shop.watch.state.waiting[CHURN]
    assert "models:/shop_churn/2/artifacts/artifact" in shop.watch.state.waiting[CHURN]
    assert shop.counted == [("refused", CHURN)]
    assert shop.watch.state.source_away is None
    assert CHURN not in shop.look(shop.watching()).models


def test_an_artifact_that_is_gone_from_its_place_keeps_nothing_else_from_going_live(shop: Shop) -> None:
    before = shop.watch.snapshot
    shop.add(_same_but(before.models[CHURN]))
    shutil.rmtree(shop.var / "runs")
    shop.batch(before.models[SEGMENTS].registered)
    after = shop.look()
    assert after.models[CHURN] is before.models[CHURN]
    assert after.models[SEGMENTS] is not before.models[SEGMENTS]
    assert shop.watch.state.waiting[CHURN].startswith("there is no artifact at models:/shop_churn/2/")
    assert shop.watch.state.source_away is None


def test_a_version_of_other_features_waits_for_its_batch(shop: Shop) -> None:
    before = shop.watch.snapshot
    features = dict(before.models[CHURN].registered.artifact.features)
    added = shop.add(_same_but(before.models[CHURN], features={**features, "spend": "0" * 16}))
    assert shop.look() is before
    assert shop.watch.state.waiting[CHURN].startswith("version 2 waits for its batch: the batch has not the features")
    shop.batch(added)
    live = shop.live()
    assert (live.registered.version, live.read, shop.watch.state.waiting) == ("2", True, {})


def test_a_version_of_another_population_or_of_other_categories_waits(shop: Shop) -> None:
    before = shop.watch.snapshot
    shop.add(_same_but(before.models[CHURN], population_fingerprint="0" * 16))
    pairs = before.models["shop_cross_sell"]
    shop.add(_same_but(pairs, categories=pairs.registered.artifact.categories[1:]))
    assert shop.look() is before
    assert shop.watch.state.waiting[CHURN].endswith("the batch is of the population 'known', not 'known'")
    assert shop.watch.state.waiting["shop_cross_sell"].endswith("the batch is of other categories")


@pytest.mark.parametrize("add", [1e-9, float("nan"), float("inf")])
def test_a_batch_whose_answers_are_not_its_versions_is_not_taken(shop: Shop, add: float) -> None:
    before = shop.watch.snapshot
    (score,) = shop.ask("C0000001")
    shop.batch(before.models[CHURN].registered, add=add)
    assert shop.look() is before
    assert shop.watch.state.waiting[CHURN] == (
        "shop_churn's score differs on golden rows where it is written by the batch"
    )
    assert shop.counted == [("refused", CHURN)]
    assert shop.ask("C0000001") == [score]
    assert CHURN not in shop.look(shop.watching()).models
    shop.batch(before.models[CHURN].registered)
    shop.look()
    assert (shop.live().read, shop.watch.state.waiting) == (True, {})


def test_while_the_store_is_away_what_is_open_answers(shop: Shop) -> None:
    before, score = shop.watch.snapshot, shop.ask("C0000001")
    store = shop.var / "store"
    store.rename(shop.var / "gone")
    assert shop.look() is before
    assert shop.watch.state.store_away is not None
    assert set(shop.counted) == {("store", name) for name in (*before.models, "suppressed")}
    assert shop.ask("C0000001") == score
    assert [each.kind for each in map(_kind, shop.ask(OPTED_OUT))] == ["opted_out"]
    (shop.var / "gone").rename(store)
    assert shop.look() is before
    assert shop.watch.state.store_away is None


def _break(shop: Shop, block: str) -> Path:
    """Break a block of the store; gives its file, as it was beside it."""
    file = (shop.var / "store" / block / "current").resolve() / "generation.json"
    shutil.copy(file, file.with_name("was.json"))
    file.write_text("{")
    return file


def test_a_worker_that_starts_while_a_block_cannot_be_read_says_so_and_nobody_is_unknown(shop: Shop) -> None:
    file = _break(shop, CHURN)
    late = shop.watching()
    live = shop.look(late).models[CHURN]
    assert (live.held, live.read) == (None, False)
    assert late.state.store_away is not None
    for models in ([CHURN], [CHURN, SEGMENTS], None):
        with pytest.raises(StoreAway, match="cannot be read"):
            shop.ask("C0000001", models=models)
    assert shop.ask("C0000001", models=[SEGMENTS])[0].version == "1"
    with pytest.raises(StoreAway):
        shop.ask("nobody", models=[SEGMENTS])  # another batch might hold them
    june = datetime(2025, 6, 1, tzinfo=UTC)
    sale = pd.DataFrame({"time": [june], "amount": [5.0], "category": ["tea"], "discount": [0.0]})
    (told,) = asyncio.run(shop.scorer.by_history("new", sale, cutoff=NOW, models=[CHURN]))
    assert 0 < told.score < 1  # type: ignore[union-attr]
    shutil.copy(file.with_name("was.json"), file)
    assert shop.look(late).models[CHURN].read
    assert [each.kind for each in map(_kind, shop.ask("C0000001", "nobody"))] == ["score", "unknown"]


def test_a_version_that_comes_while_the_store_is_away_goes_live_on_the_open_batch(shop: Shop) -> None:
    shop.add(_same_but(shop.watch.snapshot.models[CHURN]))
    _break(shop, CHURN)
    live = shop.live()
    assert (live.registered.version, live.held is not None) == ("2", True)
    assert [each.kind for each in map(_kind, shop.ask("C0000001"))] == ["score"]


def test_while_nobody_can_tell_who_must_not_be_scored_nobody_is(shop: Shop) -> None:
    file = _break(shop, "suppressed")
    late = shop.watching()
    shop.look(late)
    with pytest.raises(StoreAway, match="cannot be read"):
        shop.ask("C0000001")
    with pytest.raises(StoreAway, match="cannot be read"):
        asyncio.run(shop.scorer.by_history("new", pd.DataFrame(), cutoff=NOW))
    taken = len(shop.taken)
    shop.look(late)
    assert len(shop.taken) == taken
    shutil.copy(file.with_name("was.json"), file)
    shop.look(late)
    assert [each.kind for each in map(_kind, shop.ask("C0000001", OPTED_OUT))] == ["score", "opted_out"]


def test_a_new_list_of_those_who_must_not_be_scored_counts(shop: Shop) -> None:
    write_suppressed(shop.store, Suppressions({"C0000001": "erased"}))
    shop.look()
    assert [each.kind for each in map(_kind, shop.ask("C0000001", OPTED_OUT))] == ["erased", "score"]


def test_champion_and_challenger_share_a_batch(shop: Shop) -> None:
    shop.add(_same_but(shop.watch.snapshot.models[CHURN]), "challenger")
    snapshot = shop.look()
    challenger = snapshot.challengers[CHURN]
    assert (challenger.registered.version, challenger.read) == ("2", False)
    assert challenger.held is snapshot.models[CHURN].held
    shop.batch(snapshot.models[CHURN].registered)
    newer = shop.look()
    assert newer.challengers[CHURN].held is newer.models[CHURN].held is not challenger.held


def test_a_challenger_without_a_batch_of_its_features_is_left_out(shop: Shop) -> None:
    churn = shop.watch.snapshot.models[CHURN]
    features = {**churn.registered.artifact.features, "spend": "0" * 16}
    shop.add(_same_but(churn, features=features), "challenger")
    assert shop.look().challengers == {}
    assert "the batch has not the features ['spend']" in shop.watch.state.waiting[CHURN]
    assert shop.watch.snapshot.models[CHURN] is churn


def test_batches_of_one_model_leave_the_others_alone(shop: Shop) -> None:
    before = shop.watch.snapshot
    shop.batch(before.models[SEGMENTS].registered, without=["C0000003"])
    after = shop.look()
    assert [name for name in before.models if before.models[name] is not after.models[name]] == [SEGMENTS]
    told = shop.ask("C0000003", models=[CHURN, SEGMENTS])
    assert [(each.model, _kind(each).kind) for each in told] == [(CHURN, "score"), (SEGMENTS, "not_in_population")]
    assert told[1].reason == (  # type: ignore[union-attr]
        "not in its latest batch: not of the population 'known' then; score them by payload, or wait for the next batch"
    )
    assert [each.model for each in shop.ask("C0000003", models=None)] == [
        CHURN,
        "shop_clv",
        *["shop_cross_sell"] * _pairs(shop),
    ]


def _pairs(shop: Shop) -> int:
    frame = shop.frame("shop_cross_sell")
    return int(np.sum(frame.loc[frame["customer_id"] == "C0000003", "eligible"]))

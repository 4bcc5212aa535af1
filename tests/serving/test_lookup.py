"""Features by customer id."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from experiments.runs import Deployment
from features.history import History
from models.artifact import Artifact, ArtifactError
from serving.lookup import Lookup

CUTOFF = pd.Timestamp("2025-12-31")


def _lookup(rows: list[tuple[str, float]]) -> Lookup:
    return Lookup(pd.DataFrame(rows, columns=["customer_id", "value"]), CUTOFF)


def test_rows_come_in_the_order_asked() -> None:
    lookup = _lookup([("a", 1), ("a", 2), ("b", 3), ("c", 4), ("c", 5)])
    assert lookup.places == {"a": slice(0, 2), "b": slice(2, 3), "c": slice(3, 5)}
    assert lookup.rows(["c", "a"])["value"].tolist() == [4, 5, 1, 2]
    assert lookup.rows(["b"]).index.tolist() == [0]


def test_somebody_unknown_has_no_rows() -> None:
    lookup = _lookup([("a", 1), ("b", 2)])
    assert lookup.rows(["x", "b", ""])["value"].tolist() == [2]
    empty = lookup.rows(["x"])
    assert (len(empty), list(empty.columns)) == (0, ["customer_id", "value"])


@pytest.fixture(scope="module")
def churn(deployment: Deployment) -> Artifact:
    return deployment.registry.load("shop_churn").artifact


def test_it_holds_the_batch(deployment: Deployment, churn: Artifact, history: History) -> None:
    folder = deployment.settings.scored("shop_churn")
    lookup = Lookup.read(folder, churn)
    assert lookup is not None
    assert lookup.cutoff == history.end
    written = pd.read_parquet(folder / "frame.parquet")
    everyone = written["customer_id"].tolist()
    pd.testing.assert_frame_equal(lookup.rows(everyone), written)
    pd.testing.assert_frame_equal(lookup.rows(everyone[::-1]), written[::-1].reset_index(drop=True))


def test_it_holds_all_pairs_of_a_customer(deployment: Deployment) -> None:
    artifact = deployment.registry.load("shop_cross_sell").artifact
    lookup = Lookup.read(deployment.settings.scored("shop_cross_sell"), artifact)
    assert lookup is not None
    for customer_id in list(lookup.places)[:20]:
        rows = lookup.rows([customer_id])
        assert set(rows["customer_id"]) == {customer_id}
        assert rows["category"].tolist() == sorted(artifact.categories)


def test_rows_in_any_order_are_found(deployment: Deployment, tmp_path: Path) -> None:
    artifact, folder = (
        deployment.registry.load("shop_cross_sell").artifact,
        deployment.settings.scored("shop_cross_sell"),
    )
    written = pd.read_parquet(folder / "frame.parquet")
    written.sample(frac=1, random_state=0).to_parquet(tmp_path / "frame.parquet")
    (tmp_path / "batch.json").write_bytes((folder / "batch.json").read_bytes())
    lookup = Lookup.read(tmp_path, artifact)
    assert lookup is not None
    for customer_id in list(lookup.places)[:20]:
        rows = lookup.rows([customer_id]).sort_values("category", ignore_index=True)
        held = written[written["customer_id"] == customer_id].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, held)


def test_where_there_was_no_batch_there_is_no_lookup(churn: Artifact, tmp_path: Path) -> None:
    assert Lookup.read(tmp_path / "nowhere", churn) is None
    assert Lookup.read(tmp_path, churn) is None


def test_a_model_trained_anew_on_the_same_definitions_keeps_the_batch(deployment: Deployment, churn: Artifact) -> None:
    anew = replace(churn, trained_to=CUTOFF, provenance={"data": "later"})
    assert anew.id != churn.id
    assert Lookup.read(deployment.settings.scored("shop_churn"), anew) is not None


def test_the_batch_of_another_artifact_is_refused(deployment: Deployment, churn: Artifact) -> None:
    segments = deployment.settings.scored("shop_segments")
    with pytest.raises(ArtifactError, match=r"shop_segments was written for another shop_churn; run `augury score`"):
        Lookup.read(segments, churn)
    changed = replace(churn, features={**churn.features, "spend": "0123456789abcdef"})
    with pytest.raises(ArtifactError, match="written for another shop_churn"):
        Lookup.read(deployment.settings.scored("shop_churn"), changed)

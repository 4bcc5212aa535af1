"""Batches, audiences and the list of those who are in none, at the command line."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from configs.settings import Settings
from serving.store.opened import store_of
from serving.suppression import BLOCK

Answer = subprocess.CompletedProcess[str]
Augury = Callable[..., Answer]
CUTOFF = "1997-12-30"


@pytest.fixture(scope="module")
def scores(augury: Augury, champion: Answer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Score the champion into a folder."""
    folder = tmp_path_factory.mktemp("scored") / "small"
    assert augury("score", "small", "--cutoff", CUTOFF, "--to", folder).returncode == 0
    return folder


def test_all_champions_are_scored_in_one_go(augury: Augury, champion: Answer, var: Path, tmp_path: Path) -> None:
    said = augury("score", "--to", f"{tmp_path}/out/")
    assert said.returncode == 0, said.stderr
    assert f"2357 scores of small version 1: {tmp_path}/out/" in said.stdout
    assert "rows/s" in said.stdout
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["small"]
    assert len(pd.read_parquet(tmp_path / "out" / "small" / "scores.parquet")) == 2357
    assert "score all champions" in said.stderr


def test_those_of_a_dataset(augury: Augury, champion: Answer, tmp_path: Path) -> None:
    assert augury("score", "--dataset", "cdnow_sample", "--to", f"{tmp_path}/out/").returncode == 0
    none = augury("score", "--dataset", "complete_journey", "--to", f"{tmp_path}/out/")
    assert none.returncode == 1
    assert "there is no champion of the dataset complete_journey; train one" in none.stderr


def test_scores_without_a_place_go_to_the_store_too(augury: Augury, champion: Answer, var: Path) -> None:
    assert augury("score", "small").returncode == 0
    store = store_of(Settings.read({"AUGURY_VAR": str(var)}).store)
    current = store.current("small")
    assert current is not None
    told = json.loads((var / "scored" / "small" / "batch.json").read_text())
    assert (current.customers, current.about["question"]) == (2357, told["question"])
    assert augury("score", "small").returncode == 0
    again = store.current("small")
    assert again is not None
    assert again.number == current.number


@pytest.mark.parametrize("name", ["scores.csv", "scores.csv.gz", "scores.parquet"])
def test_scores_as_a_file(name: str, augury: Augury, scores: Path, tmp_path: Path) -> None:
    said = augury("score", "small", "--cutoff", CUTOFF, "--to", tmp_path / name)
    assert said.returncode == 0, said.stderr
    found = (pd.read_csv if "csv" in name else pd.read_parquet)(tmp_path / name, dtype_backend="numpy_nullable")
    expected = pd.read_parquet(scores / "scores.parquet")
    assert found["score"].tolist() == expected["score"].tolist()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, f"{name}.batch.json"]


def test_ready_rows(augury: Augury, scores: Path, tmp_path: Path) -> None:
    said = augury("score", "small", "--rows", scores / "frame.parquet", "--to", tmp_path / "out")
    assert said.returncode == 0, said.stderr
    found = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    pd.testing.assert_frame_equal(found, pd.read_parquet(scores / "scores.parquet"), check_exact=True)
    wrong = augury("score", "small", "--rows", scores / "scores.parquet", "--to", tmp_path / "other")
    assert wrong.returncode == 1
    assert "small needs the columns ['frequency', 'recency_days'," in wrong.stderr
    both = augury("score", "small", "--rows", scores / "frame.parquet", "--cutoff", CUTOFF)
    assert "--rows bring features and cutoffs of their own" in both.stderr


def test_an_audience_of_the_top_within_a_budget(augury: Augury, scores: Path, tmp_path: Path) -> None:
    asked = ["--top", 50, "--budget", 10, "--cost-per-contact", 0.25, "--columns", "email_id=customer_id,score=risk"]
    said = augury("audience", "small", *asked, "--from", scores, "--to", tmp_path / "a.csv")
    assert said.returncode == 0, said.stderr
    found = pd.read_csv(tmp_path / "a.csv", dtype={"email_id": "str"})
    expected = pd.read_parquet(scores / "scores.parquet").sort_values(["score", "customer_id"], ascending=[False, True])
    assert found["email_id"].tolist() == expected["customer_id"].tolist()[:40]
    assert found["risk"].tolist() == expected["score"].tolist()[:40]
    assert f"40 customers of small version 1, scores down to {found['risk'].iloc[-1]:.6g}, cost 10.00" in said.stdout
    dear = augury(
        "audience", "small", "--top", 40, "--cost-per-contact", 30864.2, "--from", scores, "--to", tmp_path / "a.csv"
    )
    assert ", cost 1,234,568.00: " in dear.stdout
    none = augury("audience", "small", "--from", scores, "--to", tmp_path / "b.csv")
    assert (none.returncode, none.stderr.splitlines()[-1][:30]) == (1, "augury: say whom to choose: --")
    nowhere = augury("audience", "small", "--top", 1, "--from", tmp_path, "--to", tmp_path / "b.csv")
    assert "there is no batch in" in nowhere.stderr


def test_the_suppressed_are_in_nothing_from_then_on(augury: Augury, scores: Path, var: Path, tmp_path: Path) -> None:
    everyone = pd.read_parquet(scores / "scores.parquet").sort_values("score", ascending=False)["customer_id"].tolist()
    (tmp_path / "list.csv").write_text(
        f"customer_id,reason\n{everyone[0]},erased\n{everyone[-1]},opted_out\nx,erased\n"
    )
    try:
        said = augury("suppress", tmp_path / "list.csv")
        assert said.returncode == 0, said.stderr
        assert "suppressed from now on: 2 erased, 1 opted_out" in said.stdout
        block = store_of(Settings.read({"AUGURY_VAR": str(var)}).store).open(BLOCK)
        assert block is not None
        assert asyncio.run(block.get([everyone[0], everyone[-1], everyone[1]])) == [b"erased", b"opted_out", None]
        scored = augury("score", "small", "--cutoff", CUTOFF, "--to", tmp_path / "out")
        assert "2355 scores of small version 1 (2 customers suppressed)" in scored.stdout
        found = pd.read_parquet(tmp_path / "out" / "scores.parquet")
        assert set(everyone) - set(found["customer_id"]) == {everyone[0], everyone[-1]}
        told = augury("audience", "small", "--top", 1, "--from", scores, "--to", tmp_path / "a.csv")
        assert "2 suppressed" in told.stdout
        assert pd.read_csv(tmp_path / "a.csv", dtype="str")["customer_id"].tolist() != [everyone[0]]
    finally:
        (var / "suppressed.parquet").unlink(missing_ok=True)
        shutil.rmtree(var / "store" / BLOCK, ignore_errors=True)


@pytest.fixture
def listing(var: Path, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Write lists; in the end nobody is on the standing one."""

    def written(*ids: str) -> Path:
        path = tmp_path / f"{'_'.join(ids) or 'nobody'}.csv"
        path.write_text("customer_id,reason\n" + "".join(f"{each},opted_out\n" for each in ids))
        return path

    yield written
    (var / "suppressed.parquet").unlink(missing_ok=True)
    shutil.rmtree(var / "store" / BLOCK, ignore_errors=True)


def _listed(var: Path) -> list[str]:
    return sorted(pd.read_parquet(var / "suppressed.parquet")["customer_id"])


def test_a_list_adds_and_only_a_replacing_one_releases(augury: Augury, listing: Callable[..., Path], var: Path) -> None:
    assert "suppressed from now on: 2 opted_out" in augury("suppress", listing("x", "y")).stdout
    assert "suppressed from now on: 3 opted_out" in augury("suppress", listing("z", "y")).stdout
    assert "suppressed from now on: 3 opted_out" in augury("suppress", listing()).stdout
    assert _listed(var) == ["x", "y", "z"]
    said = augury("suppress", listing("x"), "--replace")
    assert "suppressed from now on: 1 opted_out" in said.stdout
    assert "2 who were on the list before are no longer" in said.stdout
    assert _listed(var) == ["x"]


def test_a_named_list_leaves_out_more_than_the_standing_one(
    augury: Augury, scores: Path, listing: Callable[..., Path], tmp_path: Path
) -> None:
    everyone = pd.read_parquet(scores / "scores.parquet").sort_values("score", ascending=False)["customer_id"].tolist()
    augury("suppress", listing(everyone[0]))
    asked = ["--suppress", listing(everyone[1])]
    said = augury("score", "small", "--cutoff", CUTOFF, "--to", tmp_path / "out", *asked)
    assert "2355 scores of small version 1 (2 customers suppressed)" in said.stdout, said.stderr
    told = augury("audience", "small", "--top", 1, "--from", scores, "--to", tmp_path / "a.csv", *asked)
    assert "2 suppressed" in told.stdout


def test_a_store_that_is_new_hears_of_the_list_and_a_list_that_is_gone_scores_nobody(
    augury: Augury, scores: Path, listing: Callable[..., Path], var: Path, tmp_path: Path
) -> None:
    augury("suppress", listing("x"))
    shutil.rmtree(var / "store" / BLOCK)
    assert augury("score", "small").returncode == 0
    block = store_of(Settings.read({"AUGURY_VAR": str(var)}).store).open(BLOCK)
    assert block is not None
    assert asyncio.run(block.get(["x", "y"])) == [b"opted_out", None]
    (var / "suppressed.parquet").unlink()
    for command in (
        ["score", "small"],
        ["score", "small", "--to", tmp_path / "out"],
        ["audience", "small", "--top", 1, "--from", scores, "--to", tmp_path / "a.csv"],
        ["suppress", listing("y")],
    ):
        said = augury(*command)
        assert said.returncode == 1
        assert "the store bars 1 customers who are not on the list here" in said.stderr
    assert "1 who were on the list before are no longer" in augury("suppress", listing("y"), "--replace").stdout


def test_a_list_that_is_none_changes_nothing(augury: Augury, var: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("customer_id,reason\na,tired\n")
    said = augury("suppress", tmp_path / "list.csv")
    assert said.returncode == 1
    assert "the reason of 1 rows is none of erased, opted_out" in said.stderr
    assert not (var / "suppressed.parquet").exists()

"""Audiences, by hand: who is chosen, in which order, for how much; and what is written."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.audience import Choice, NoBatch, choose, mapped, read_scores, write_audience
from serving.batch.destinations import Taken
from serving.batch.draft import hash_of
from serving.suppression import Suppressions

SCORES = pa.table(
    {
        "customer_id": ["d", "a", "c", "b", "e", "f"],
        "score": [0.5, 0.5, 0.9, 0.5, float("nan"), 0.1],
        "version": ["1"] * 6,
    }
)
NOBODY = Suppressions()
BATCH = {"model": "churn", "version": "1", "artifact": "x", "cutoff": "2025-10-01T00:00:00", "content": "y"}


def _ids(choice: Choice, out: Suppressions = NOBODY, scores: pa.Table = SCORES) -> str:
    return "".join(choose(scores, choice, out)["customer_id"].to_pylist())


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"top": 1}, "c"),
        ({"top": 2}, "ca"),
        ({"top": 3}, "cab"),
        ({"top": 4}, "cabd"),
        ({"top": 100}, "cabdf"),
        ({"at_least": 0.5}, "cabd"),
        ({"at_least": 0.500001}, "c"),
        ({"at_least": 2.0}, ""),
        ({"at_least": 0.5, "top": 2}, "ca"),
        ({"budget": 10.0, "cost_per_contact": 4.0}, "ca"),
        ({"budget": 3.99, "cost_per_contact": 4.0}, ""),
        ({"budget": 0.3, "cost_per_contact": 0.1}, "cab"),
        ({"budget": 0.7, "cost_per_contact": 0.1, "at_least": 0.5}, "cabd"),
        ({"budget": 1000.0, "cost_per_contact": 1.0, "top": 1}, "c"),
        ({"budget": 0.0, "cost_per_contact": 1.0}, ""),
    ],
)
def test_the_highest_come_first_and_of_equals_the_lower_id(said: dict[str, Any], expected: str) -> None:
    assert _ids(Choice(**said)) == expected
    assert _ids(Choice(**said), scores=SCORES.take([5, 4, 3, 2, 1, 0])) == expected


def test_the_suppressed_are_left_out_and_others_take_their_place() -> None:
    out = Suppressions({"c": "erased", "a": "opted_out", "z": "erased"})
    assert _ids(Choice(top=2), out) == "bd"
    assert _ids(Choice(at_least=0.5), out) == "bd"


def test_of_pairs_each_customer_is_one_contact() -> None:
    pairs = pa.table(
        {
            "customer_id": ["a", "a", "b", "b", "c"],
            "category": ["tea", "nuts", "tea", "nuts", "tea"],
            "score": [0.4, 0.4, 0.3, 0.6, 0.5],
        }
    )
    chosen = choose(pairs, Choice(top=3), NOBODY)
    assert list(zip(*(chosen[name].to_pylist() for name in ("customer_id", "category")), strict=True)) == [
        ("b", "nuts"),
        ("c", "tea"),
        ("a", "nuts"),
    ]
    assert _ids(Choice(top=2), scores=pairs) == "bc"


def test_of_rows_at_times_of_their_own_each_customer_is_one_contact() -> None:
    days = [pd.Timestamp(2025, 1, day) for day in (1, 2, 3, 1, 2)]
    rows = pa.table({"customer_id": ["a", "a", "a", "b", "c"], "cutoff": days, "score": [0.9, 0.8, 0.9, 0.7, 0.6]})
    chosen = choose(rows, Choice(top=2), NOBODY)
    assert chosen["customer_id"].to_pylist() == ["a", "b"]
    assert chosen["cutoff"].to_pylist() == [days[2], days[3]]
    assert _ids(Choice(at_least=0.6), scores=rows) == "abc"


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(1, 35), st.integers(0, 4))
def test_it_is_what_a_sorted_list_begins_with(levels: list[int], top: int, least: int) -> None:
    rows = [(f"c{(7 * place) % 31:02d}", level / 4) for place, level in enumerate(levels)]
    table = pa.table({"customer_id": [each for each, _ in rows], "score": pa.array([s for _, s in rows], pa.float64())})
    expected = sorted((-score, each) for each, score in rows if score >= least / 4)[:top]
    found = choose(table, Choice(top=top, at_least=least / 4), NOBODY)
    assert found["customer_id"].to_pylist() == [each for _, each in expected]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "say whom to choose: --top N, --at-least T, or --budget B with --cost-per-contact C"),
        ({"cost_per_contact": 1.0}, "say whom to choose"),
        ({"budget": 5.0}, "a budget needs --cost-per-contact, above 0"),
        ({"budget": 5.0, "cost_per_contact": 0.0}, "a budget needs --cost-per-contact, above 0"),
        ({"top": 0}, "--top is 0; say how many customers, 1 or more"),
        ({"at_least": float("nan")}, "--at-least is nan; say a number"),
        ({"budget": float("nan"), "cost_per_contact": 1.0}, "--budget is nan; say a number that is not below 0"),
        ({"budget": float("inf"), "cost_per_contact": 1.0}, "--budget is inf; say a number that is not below 0"),
        ({"budget": -1.0, "cost_per_contact": 1.0}, "--budget is -1.0; say a number that is not below 0"),
        ({"budget": 1.0, "cost_per_contact": float("inf")}, "--cost-per-contact is inf; say a number"),
        ({"top": 1, "cost_per_contact": float("nan")}, "--cost-per-contact is nan; say a number"),
    ],
)
def test_a_choice_that_is_none_is_told(said: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        Choice(**said)


def test_segments_have_no_top() -> None:
    with pytest.raises(ValueError, match="these scores are segments, which have no top"):
        choose(SCORES.append_column("label", pa.array(["x"] * 6)), Choice(top=1), NOBODY)


HAVE = ["customer_id", "score", "clv"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, {"customer_id": "customer_id", "score": "score", "clv": "clv"}),
        ("email_id=customer_id,score=churn_score", {"customer_id": "email_id", "score": "churn_score"}),
        ("customer_id = Kunde , clv", {"customer_id": "Kunde", "clv": "clv"}),
        ("score=clv,customer_id=score", {"score": "clv", "customer_id": "score"}),
    ],
)
def test_columns_get_their_names(said: str | None, expected: dict[str, str]) -> None:
    assert mapped(said, HAVE) == expected
    assert list(mapped(said, HAVE)) == list(expected)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("id=email", "--columns 'id=email' names no column of the batch; it has customer_id, score, clv"),
        ("", "names no column of the batch"),
        ("a=customer_id,a=score", "--columns names 'a' twice"),
        ("a=score,b=score", "--columns names 'score' twice"),
    ],
)
def test_columns_that_are_none_are_told(said: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        mapped(said, HAVE)


@pytest.mark.parametrize("name", ["audience.csv", "audience.csv.gz", "audience.parquet"])
def test_an_audience_is_a_file_and_what_it_is_lies_beside(name: str, tmp_path: Path) -> None:
    choice, columns = Choice(top=3, cost_per_contact=0.35), {"customer_id": "email_id", "score": "risk"}
    chosen = choose(SCORES, choice, NOBODY)
    told = write_audience(chosen, tmp_path / name, columns=columns, choice=choice, batch=BATCH, out={"erased": 2})
    assert told == json.loads((tmp_path / f"{name}.audience.json").read_text())
    assert told == {
        **BATCH,
        "asked": {"top": 3, "cost_per_contact": 0.35},
        "customers": 3,
        "threshold": 0.5,
        "cost": 1.05,
        "suppressed": {"erased": 2},
        "columns": columns,
        "files": {name: {"rows": 3, "sha256": hash_of(tmp_path / name)}},
    }
    read = pd.read_parquet if name.endswith("parquet") else pd.read_csv
    found = read(tmp_path / name)
    assert found.columns.tolist() == ["email_id", "risk"]
    assert found.to_numpy().tolist() == [["c", 0.9], ["a", 0.5], ["b", 0.5]]
    before = (tmp_path / name).read_bytes()
    write_audience(chosen, tmp_path / name, columns=columns, choice=choice, batch=BATCH, out={})
    assert (tmp_path / name).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, f"{name}.audience.json"]


def test_nobody_is_an_audience_too(tmp_path: Path) -> None:
    choice = Choice(at_least=2.0)
    chosen = choose(SCORES, choice, NOBODY)
    told = write_audience(
        chosen, tmp_path / "a.csv", columns=mapped(None, chosen.schema.names), choice=choice, batch=BATCH, out={}
    )
    assert (told["customers"], told["threshold"], told["cost"]) == (0, None, None)
    assert (tmp_path / "a.csv").read_text().splitlines() == ['"customer_id","score","version"']


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"an audience goes to FILE\.csv, FILE\.csv\.gz or FILE\.parquet"):
        write_audience(SCORES, tmp_path, columns={"score": "score"}, choice=Choice(top=1), batch=BATCH, out={})
    assert not list(tmp_path.iterdir())


def test_without_a_batch_there_is_no_audience(tmp_path: Path) -> None:
    with pytest.raises(NoBatch, match=r"there is no batch in .*; run `augury score MODEL` first"):
        read_scores(tmp_path)


def _publish(folder: Path, version: str, *parts: list[str]) -> dict[str, Any]:
    """Write a batch by hand: a part for each list of ids."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "scores.parquet").mkdir(parents=True)
    names = [f"scores.parquet/part-{number:05d}.parquet" for number in range(len(parts))]
    for name, ids in zip(names, parts, strict=True):
        pq.write_table(pa.table({"customer_id": ids, "version": [version] * len(ids)}), folder / name)
    told = {**BATCH, "version": version, "files": {name: {} for name in names}}
    (folder / "batch.json").write_text(json.dumps(told))
    return told


@pytest.mark.parametrize("parts", [(["d"], ["e"]), (["d"],)])
def test_a_batch_that_is_replaced_while_it_is_read_is_read_anew(
    parts: tuple[list[str], ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = pq.read_table
    published: list[dict[str, Any]] = []
    _publish(tmp_path / "churn", "1", ["a"], ["b"])

    def reads(path: Path) -> pa.Table:
        found = read(path)
        if not published:
            published.append(_publish(tmp_path / "churn", "2", *parts))
        return found

    monkeypatch.setattr(pq, "read_table", reads)
    scores, told = read_scores(tmp_path / "churn")
    assert told == published[0]
    assert scores["version"].to_pylist() == ["2"] * len(parts)
    assert scores["customer_id"].to_pylist() == [each for part in parts for each in part]


def test_a_batch_that_scored_nobody_is_an_audience_of_nobody(tmp_path: Path) -> None:
    _publish(tmp_path / "churn", "1")
    scores, _ = read_scores(tmp_path / "churn")
    assert _ids(Choice(top=1), scores=scores) == ""
    assert scores.schema.names == ["customer_id", "cutoff", "score", "model", "version"]


def test_a_file_that_is_no_audience_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine")
    said: dict[str, Any] = {"columns": {"score": "score"}, "choice": Choice(top=1), "batch": BATCH, "out": {}}
    with pytest.raises(Taken, match="is there and no audience; name another file, or remove it"):
        write_audience(SCORES, tmp_path / "a.csv", **said)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.csv", "mine")]

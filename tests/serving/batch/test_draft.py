"""The journal: what is finished is what it says and what the files still are."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.batch.draft import DRAFTS, JOURNAL, Draft, Finished, begun

NOW = datetime(2025, 10, 2, tzinfo=UTC)
TABLE = pa.table({"customer_id": ["a", "b"], "score": [0.5, 0.25]})


@pytest.fixture
def made(tmp_path: Path) -> Draft:
    """Finish three blocks."""
    draft = Draft.at(tmp_path / DRAFTS / "draft", "why", now=NOW)
    for block in range(3):
        files = dict([draft.write("scores.parquet", block, TABLE), draft.write("frame.parquet", block, TABLE)])
        draft.finish(Finished(block, "2025-10-01", 2, {"erased": block}, files))
    return draft


def _again(draft: Draft, question: str = "why") -> Draft:
    return Draft.at(draft.folder, question, now=datetime(2026, 1, 1, tzinfo=UTC))


def test_what_is_finished_is_found_again(made: Draft) -> None:
    again = _again(made)
    assert again == made
    assert again.started == "2025-10-02T00:00:00+00:00"
    assert [again.rows(name) for name in ("scores.parquet", "frame.parquet", "reasons.parquet")] == [6, 6, 0]
    assert [path.name for path in again.parts("scores.parquet")] == [f"part-0000{block}.parquet" for block in range(3)]
    assert begun(made.folder.parent.parent)
    assert not begun(made.folder)


def test_another_question_begins_anew(made: Draft) -> None:
    (made.folder / "stray").touch()
    assert _again(made, "what").finished == {}
    assert [path.name for path in made.folder.iterdir()] == [JOURNAL]
    assert not begun(made.folder.parent.parent)


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_line_that_was_cut_off_does_not_count_and_the_next_one_does(made: Draft, cut: int) -> None:
    journal = made.folder / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-cut])
    again = _again(made)
    assert sorted(again.finished) == [0, 1]
    again.finish(made.finished[2])
    assert _again(made) == made


def test_a_head_that_was_cut_off_begins_anew(made: Draft) -> None:
    (made.folder / JOURNAL).write_bytes(b'{"question": "why"')
    assert _again(made).finished == {}


@pytest.mark.parametrize("part", ["scores.parquet", "frame.parquet"])
@pytest.mark.parametrize("harm", [b"", b"PAR1", None])
def test_a_block_whose_file_was_harmed_is_to_be_done_again(made: Draft, part: str, harm: bytes | None) -> None:
    path = made.folder / part / "part-00001.parquet"
    if harm is None:
        path.unlink()
    else:
        path.write_bytes(harm)
    assert sorted(_again(made).finished) == [0, 2]


def test_a_part_may_be_a_file_that_is_there(made: Draft) -> None:
    source = made.folder / "scores.parquet" / "part-00000.parquet"
    name, written = made.write("frame.parquet", 0, source)
    assert (made.folder / name).samefile(source)
    assert (written.rows, written.sha256) == (2, made.finished[0].files["scores.parquet/part-00000.parquet"].sha256)
    made.write("frame.parquet", 0, source)
    assert not [path for path in (made.folder / "frame.parquet").iterdir() if path.name.startswith(".")]


def test_text_that_repeats_costs_a_part_nothing(tmp_path: Path) -> None:
    """Model and version are in every row, and in the file once."""
    draft, rows = Draft.at(tmp_path / "draft", "why", now=NOW), 10_000
    table = pa.table({"score": [0.5] * rows})
    constant = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), ["a model of a long name" * 10])
    for block, made in enumerate((table, table.append_column("model", constant))):
        draft.write("scores.parquet", block, made)
    sizes = [path.stat().st_size for path in sorted((draft.folder / "scores.parquet").iterdir())]
    assert sizes[1] - sizes[0] < 2000
    assert pq.read_table(draft.folder / "scores.parquet" / "part-00001.parquet")["model"].type == pa.string()

"""Files and folders appear whole or not at all."""

from pathlib import Path

import pytest

from configs.whole import new_file, whole_file, whole_folder


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _fail_halfway(path: Path) -> None:
    path.write_text("half")
    raise OSError("full")


def test_a_folder_appears_when_it_is_full(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "target"
    with whole_folder(target) as draft:
        (draft / "a").write_text("1")
        assert not target.exists()
        assert draft.parent == target.parent
    assert (target / "a").read_text() == "1"
    assert _names(target.parent) == ["target"]
    assert target.stat().st_mode & 0o777 == 0o755


def test_a_folder_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with whole_folder(tmp_path / "target") as draft:
            (draft / text).write_text(text)
            if text == "new":
                assert _names(tmp_path / "target") == ["old"]
    assert _names(tmp_path / "target") == ["new"]
    assert _names(tmp_path) == ["target"]


@pytest.mark.parametrize("older", [False, True])
def test_an_error_leaves_the_folder_as_it_was(tmp_path: Path, older: bool) -> None:
    if older:
        (tmp_path / "target").mkdir()
        (tmp_path / "target" / "old").write_text("old")
    with pytest.raises(OSError, match="full"), whole_folder(tmp_path / "target") as draft:
        _fail_halfway(draft / "half")
    assert _names(tmp_path) == (["target"] if older else [])
    if older:
        assert _names(tmp_path / "target") == ["old"]


def test_a_file_appears_when_it_is_written(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "report.html"
    with whole_file(target) as draft:
        draft.write_text("new")
        assert not target.exists()
        assert draft.suffix == ".html"
    assert target.read_text() == "new"
    assert _names(target.parent) == ["report.html"]
    assert target.stat().st_mode & 0o777 == 0o644


def test_an_error_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    with pytest.raises(OSError, match="full"), whole_file(target) as draft:
        _fail_halfway(draft)
    assert target.read_text() == "old"
    assert _names(tmp_path) == ["report.html"]


def test_a_new_file_appears_when_it_is_whole_and_the_first_stays(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "new.db"
    with new_file(path) as draft:
        draft.write_text("first")
        assert not path.exists()
    assert path.read_text() == "first"
    with new_file(path) as draft:
        draft.write_text("second")
    assert path.read_text() == "first"
    with pytest.raises(RuntimeError), new_file(tmp_path / "deep" / "never.db"):
        raise RuntimeError
    assert [each.name for each in path.parent.iterdir()] == ["new.db"]

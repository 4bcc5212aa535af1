"""Registries: what is there, what is near, and never two of a name."""

import sys
from pathlib import Path

import pytest

from configs.registry import Registry, UnknownName, did_you_mean, import_folder


@pytest.fixture
def fruits() -> Registry[int]:
    registry: Registry[int] = Registry("fruit")
    for number, name in enumerate(["apple", "apricot", "pear"]):
        registry.add(name, number)
    return registry


def test_a_known_name_gives_its_thing(fruits: Registry[int]) -> None:
    assert fruits["apricot"] == 1
    assert list(fruits) == ["apple", "apricot", "pear"]


def test_an_unknown_name_is_answered_with_near_ones_and_all(fruits: Registry[int]) -> None:
    with pytest.raises(UnknownName) as error:
        fruits["aple"]
    assert str(error.value) == "unknown fruit 'aple'; did you mean 'apple'? Known: apple, apricot, pear"
    with pytest.raises(LookupError, match="unknown fruit 'zzz' Known: apple, apricot, pear"):
        fruits["zzz"]
    assert fruits.get("zzz") is None
    assert "zzz" not in fruits


def test_several_near_names_are_all_said() -> None:
    said = did_you_mean("metric", "auc_p", ["auc_pr", "auc_pc", "gini"])
    assert said == "unknown metric 'auc_p'; did you mean 'auc_pr' or 'auc_pc'? Known: auc_pc, auc_pr, gini"


def test_an_empty_registry_says_none() -> None:
    with pytest.raises(UnknownName, match="unknown fruit 'fig' Known: none"):
        Registry("fruit")["fig"]


def test_a_name_taken_is_refused(fruits: Registry[int]) -> None:
    with pytest.raises(ValueError, match="two fruits are called 'pear'; rename one of them"):
        fruits.add("pear", 9)
    assert fruits["pear"] == 2


def test_importing_a_folder_imports_each_of_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "orchard"
    package.mkdir()
    (package / "__init__.py").write_text("grown = []\n")
    for name in ("pear", "apple"):
        (package / f"{name}.py").write_text(f"from orchard import grown\ngrown.append({name!r})\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import_folder("orchard")
    orchard = sys.modules["orchard"]
    import_folder(orchard)
    assert orchard.grown == ["apple", "pear"]
    for name in ("orchard", "orchard.pear", "orchard.apple"):
        monkeypatch.delitem(sys.modules, name)

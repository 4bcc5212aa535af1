"""TOML files, read strictly: every error names file, key and value, and all of them are told at once."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from configs.registry import UnknownName
from configs.toml import ConfigError, Strict, find, names, read


class Inner(Strict):
    """A table within."""

    colour: str
    weight: int = 0

    def model_post_init(self, context: Any, /) -> None:
        """Refuse what does not hang together."""
        if self.weight > 10:
            raise ValueError(f"{self.weight} is too heavy; use 10 or less")


class Shape(Strict):
    """A file."""

    title: str
    inner: Inner
    parts: dict[str, Inner] = Field(default_factory=dict)


def written(folder: Path, text: str) -> Path:
    path = folder / "some.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_right_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, 'title = "Größe"\ninner.colour = "red"\n[parts.a]\ncolour = "blue"\nweight = 3\n')
    assert read(path, Shape) == Shape(
        title="Größe", inner=Inner(colour="red"), parts={"a": Inner(colour="blue", weight=3)}
    )


RIGHT = 'title = "t"\ninner.colour = "r"\n'
WRONG = [
    (RIGHT + "titel = 1", "unknown key 'titel'; did you mean 'title'? Known: inner, parts, title"),
    (RIGHT + "inner.wait = 1", "unknown key 'inner.wait'; did you mean 'inner.weight'"),
    ('title = "t"\ninner.color = "r"', "the key 'inner.colour' is missing"),
    ('inner.colour = "r"', "the key 'title' is missing"),
    ('title = 7\ninner.colour = "r"', "title = 7: input should be a valid string"),
    (RIGHT + 'inner.weight = "heavy"', "inner.weight = 'heavy': input should be a valid integer"),
    (RIGHT + 'parts.a.color = "r"', "the key 'parts.a.colour' is missing"),
    (RIGHT + 'parts.a = {colour = "r", hue = 1}', "unknown key 'parts.a.hue'"),
    (RIGHT + "inner.weight = 11", "inner: 11 is too heavy; use 10 or less"),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_what_is_wrong_names_file_key_and_repair(text: str, told: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        read(path, Shape)
    first, *lines = str(error.value).splitlines()
    assert first == f"{path}:"
    assert any(line.startswith(f"- {told}") for line in lines)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        read(written(tmp_path, 'titel = 1\ninner.color = "r"\n'), Shape)
    assert len(str(error.value).splitlines()) == 5


def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, 'title = "t"\nthis is not it\n')
    with pytest.raises(ConfigError, match=rf"{path} is not TOML: .*line 2"):
        read(path, Shape)


def test_a_read_table_cannot_be_changed(tmp_path: Path) -> None:
    made = read(written(tmp_path, 'title = "t"\ninner.colour = "r"\n'), Shape)
    with pytest.raises(ValueError, match="frozen"):
        made.title = "other"


def test_files_are_found_by_name_or_by_path(tmp_path: Path) -> None:
    for name in ("pear", "apple"):
        (tmp_path / f"{name}.toml").write_text("")
    (tmp_path / "notes.txt").write_text("")
    assert names(tmp_path) == ["apple", "pear"]
    assert find("fruit", tmp_path, "pear") == tmp_path / "pear.toml"
    assert find("fruit", tmp_path / "elsewhere", str(tmp_path / "pear.toml")) == tmp_path / "pear.toml"
    with pytest.raises(UnknownName, match="unknown fruit 'aple'; did you mean 'apple'\\? Known: apple, pear"):
        find("fruit", tmp_path, "aple")
    with pytest.raises(UnknownName, match=r"unknown fruit '.*/fig.toml' Known: apple, pear"):
        find("fruit", tmp_path, str(tmp_path / "fig.toml"))

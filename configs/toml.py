"""TOML files read strictly: an unknown key, a missing one or a wrong type is an error that names it."""

import tomllib
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from configs.registry import UnknownName, did_you_mean

HERE = Path(__file__).parent


class ConfigError(ValueError):
    """A file that does not say what it should; the message names file, key, value and repair."""


class Strict(BaseModel):
    """A table of a TOML file in which every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


S = TypeVar("S", bound=Strict)


def read(path: Path, shape: type[S]) -> S:
    """Read a file as a shape. Raises `ConfigError` that lists all that is wrong."""
    try:
        return shape.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}:\n" + "\n".join(f"- {_told(each, shape)}" for each in error.errors())) from error


def find(kind: str, folder: Path, name: str) -> Path:
    """Find `name.toml` in a folder, or a file by its path. Raises `UnknownName` with the near names."""
    if name.endswith(".toml") and Path(name).is_file():
        return Path(name)
    path = folder / f"{name}.toml"
    if not path.is_file():
        raise UnknownName(did_you_mean(kind, name, names(folder)))
    return path


def names(folder: Path) -> list[str]:
    """List the files of a folder by name."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def _told(error: object, shape: type[Strict]) -> str:
    details = dict(error)  # type: ignore[call-overload]  # pydantic's ErrorDetails
    place = [str(part) for part in details["loc"]]
    if details["type"] == "extra_forbidden":
        return did_you_mean("key", ".".join(place), _keys(shape, place[:-1]))
    if details["type"] == "missing":
        return f"the key {'.'.join(place)!r} is missing"
    if details["type"] == "value_error":
        return ": ".join([*filter(None, [".".join(place)]), str(details["ctx"]["error"])])
    return f"{'.'.join(place)} = {details['input']!r}: {details['msg'].lower()}"


def _keys(shape: type[Strict], place: list[str]) -> list[str]:
    """Name the keys that a table of the file may have, with the path to it."""
    prefix = "".join(f"{part}." for part in place)
    for part in place:
        field = shape.model_fields.get(part)
        said = field.annotation if field is not None else None
        inner = [each for each in (said, *get_args(said)) if isinstance(each, type) and issubclass(each, Strict)]
        if len(inner) != 1:
            return []
        (shape,) = inner
    return [prefix + key for key in shape.model_fields]

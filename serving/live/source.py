"""Where models come from: the registry, by alias, or a packed copy where there is none."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from models.registry import ALIASES, Alias, ModelRegistry, Registered

Versions = Mapping[str, Mapping[Alias, str]]
"""By name, the version of each alias."""


class SourceAway(ConnectionError):
    """The models cannot be reached now; `remembered` are the versions that were live before, where that is known."""

    def __init__(self, message: str, *, remembered: Versions | None = None) -> None:
        super().__init__(message)
        self.remembered: Versions = remembered or {}


class OtherDataset(ValueError):
    """A version that is of another dataset than the one that is served."""


class Source(Protocol):
    """Tells which versions there are, and loads them."""

    def versions(self) -> Versions:
        """Tell which version each alias of each name points to. Raises `SourceAway`."""

    def load(self, name: str, version: str) -> Registered:
        """Load a version. Raises `SourceAway`, `OtherDataset`, and `ArtifactError` where it cannot be used here."""

    def keep(self, used: Iterable[Registered]) -> None:
        """Forget the versions that nobody uses any more."""


class FromRegistry:
    """The models of an MLflow registry, opened when it is asked; those of one dataset, or all."""

    def __init__(self, uri: str, *, dataset: str | None = None) -> None:
        self.uri, self.dataset = uri, dataset
        self._registry: ModelRegistry | None = None
        self._loaded: dict[tuple[str, str], Registered] = {}
        self._others: set[tuple[str, str]] = set()

    def versions(self) -> Versions:
        """Ask the registry for its aliases; models of other datasets are left out, as far as they can be told now."""
        try:
            aliased = self._opened().aliased()
        except Exception as error:
            raise SourceAway(f"the registry does not answer: {type(error).__name__}") from error
        return {name: found for name, found in aliased.items() if found and self._of_dataset(name, found)}

    def load(self, name: str, version: str) -> Registered:
        """Load a version, once; one of another dataset is never given."""
        found = self._loaded.get((name, version))
        if found is None:
            found = self._fetched(name, version)
            if self.dataset not in (None, found.artifact.dataset):
                self._others.add((name, version))
                told = f"version {version} of {name} is of the dataset {found.artifact.dataset!r}, not {self.dataset!r}"
                raise OtherDataset(told)
            self._loaded[name, version] = found
        return found

    def keep(self, used: Iterable[Registered]) -> None:
        """Forget the versions that nobody uses any more; another thread may be loading one."""
        kept = {(each.artifact.name, each.version) for each in used}
        for key in list(self._loaded):
            if key not in kept:
                self._loaded.pop(key, None)

    def _fetched(self, name: str, version: str) -> Registered:
        try:
            return self._opened().load_version(name, version)
        except ValueError:
            raise
        except Exception as error:
            raise SourceAway(f"version {version} of {name} cannot be fetched: {type(error).__name__}") from error

    def _opened(self) -> ModelRegistry:
        if self._registry is None:
            self._registry = ModelRegistry(self.uri)
        return self._registry

    def _of_dataset(self, name: str, found: Mapping[Alias, str]) -> bool:
        if self.dataset is None:
            return True
        version = next(found[alias] for alias in ALIASES if alias in found)
        if (name, version) in self._others:
            return False
        try:
            self.load(name, version)
        except OtherDataset:
            return False
        except (ValueError, SourceAway):
            return True  # whoever loads it will say what is wrong with it
        return True


class FromPack:
    """Models that were packed: they do not change."""

    def __init__(self, packed: Sequence[Registered]) -> None:
        self.packed = {each.artifact.name: each for each in packed}

    def versions(self) -> Versions:
        """All are champions."""
        return {name: {"champion": each.version} for name, each in self.packed.items()}

    def load(self, name: str, version: str) -> Registered:
        """Give it."""
        return self.packed[name]

    def keep(self, used: Iterable[Registered]) -> None:
        """Nothing is forgotten."""

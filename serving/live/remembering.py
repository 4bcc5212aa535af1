"""What was live last, kept as a pack: from it a worker starts while the registry is away."""

import logging
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from models.registry import Registered
from serving.live.packed import PackError, contents, read_pack, write_pack
from serving.live.source import Source, SourceAway, Versions
from serving.safety.locked import locked

logger = logging.getLogger(__name__)


class Remembering:
    """A source whose champions are kept in a folder, which the workers of a machine share."""

    def __init__(self, source: Source, folder: Path) -> None:
        self.source, self.folder = source, folder
        self._first = True
        self._told: Versions | None = None
        self._remembered: dict[tuple[str, str], Registered] | None = None

    def versions(self) -> Versions:
        """Ask the source. Raises `SourceAway`, which before the first answer knows what was live last.

        A source that tells versions and cannot give them at the start counts as away, unless nothing is remembered.
        """
        told, first, self._first = None, self._first, False
        try:
            told = self.source.versions()
            if first:
                self._fetch(told)
        except SourceAway as error:
            remembered = self._read() if self._told is None else {}
            if told is None or remembered:
                raise SourceAway(str(error), remembered=remembered) from error
        self._told, self._remembered = told, {}
        return told

    def load(self, name: str, version: str) -> Registered:
        """Give what is remembered while the source has not answered yet; else ask the source."""
        return (self._remembered or {}).get((name, version)) or self.source.load(name, version)

    def keep(self, used: Iterable[Registered]) -> None:
        """Forget the versions that nobody uses any more, and keep the champions on the disk, by a thread."""
        used = list(used)
        self.source.keep(used)
        told = self._told or {}
        champions = [each for each in used if told.get(each.artifact.name, {}).get("champion") == each.version]
        if champions:
            threading.Thread(target=self._write, args=(champions,), name="remembering", daemon=True).start()

    def _fetch(self, told: Versions) -> None:
        """Load the champions. Raises `SourceAway`; who cannot be used here for another reason is seen to later."""
        for name, aliases in told.items():
            if "champion" in aliases:
                with suppress(ValueError):
                    self.source.load(name, aliases["champion"])

    def _read(self) -> Versions:
        """Read what is kept, once; nothing where that cannot be."""
        if self._remembered is None:
            try:
                self._remembered = {(each.artifact.name, each.version): each for each in read_pack(self.folder)}
            except PackError as error:
                logger.warning("there is nothing to start from while the registry is away: %s", error)
                self._remembered = {}
        return {name: {"champion": version} for name, version in self._remembered}

    def _write(self, champions: Sequence[Registered]) -> None:
        try:
            with locked(self.folder.parent):
                if self._kept() != {(each.artifact.name, each.version, each.artifact.id) for each in champions}:
                    write_pack(champions, self.folder)
        except (OSError, ValueError) as error:
            logger.warning("the champions are not kept for a start without the registry: %s", error)

    def _kept(self) -> set[tuple[str, str, str]]:
        try:
            return {(each.name, each.version, each.id) for each in contents(self.folder)}
        except PackError:
            return set()

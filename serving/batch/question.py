"""What is asked of a batch: which models, about which rows, and what else decides its bytes."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from models.registry import Registered
from serving.batch.blocks import SIZE
from serving.batch.manifest import AUGURY, short_hash
from serving.batch.rows import Rows
from serving.suppression import Suppressions

_FORMAT: Final = 2
NOBODY: Final = Suppressions()


class Source(Protocol):
    """Where the rows of some models come from."""

    @property
    def keeps_frame(self) -> bool:
        """Whether the rows go beside the scores."""

    @property
    def name(self) -> str:
        """Name the data."""

    @property
    def cutoff(self) -> str:
        """Say the cutoff that is asked for; empty where rows bring theirs."""

    @property
    def fingerprint(self) -> str:
        """Hash the data."""

    def check(self) -> None:
        """Raise what is wrong, before anything is scored."""

    def rows(self, folder: Path) -> Rows:
        """Give the rows, by a folder for what is made of them."""


@dataclass(frozen=True)
class Group:
    """Models that are asked about the same rows, by name."""

    source: Source
    models: Mapping[str, Registered]

    def without(self, names: Container[str]) -> "Group":
        """Leave models out."""
        return Group(self.source, {name: each for name, each in self.models.items() if name not in names})


@dataclass(frozen=True)
class Asked:
    """What is asked of a batch beside whom: so many reasons by model, who is left out, a block's rows."""

    reasons: Mapping[str, int] = field(default_factory=dict)
    left_out: Suppressions = field(default=NOBODY, repr=False)
    size: int = SIZE

    def question(self, registered: Registered, source: Source) -> str:
        """Hash all that decides the bytes of a model's batch."""
        what = (registered.artifact.id, registered.version, source.fingerprint, source.cutoff, source.keeps_frame)
        return short_hash(
            _FORMAT, AUGURY, *what, self.reasons.get(registered.artifact.name, 0), self.left_out.fingerprint, self.size
        )

"""What a batch observes of a history: the frame of an artifact's population, in memory or as rows on disk."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from configs.whole import whole_folder
from features.frame import frame
from features.history import History
from models.artifact import Artifact
from models.registry import Registered
from serving.batch.rows import ORDER, Part, Rows
from serving.definitions import features_of, population_of


def asked(artifact: Artifact) -> dict[str, Any]:
    """Give what decides a batch's frame: artifacts that agree on it may share one."""
    return {
        "population": [artifact.population, artifact.population_fingerprint],
        "features": dict(artifact.features),
        "categories": list(artifact.categories),
    }


def batch_frame(history: History, registered: Registered, *, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Observe an artifact's population at a cutoff; of an anchored one, what is asked in the horizon before it: the
    questions whose answers are still open.
    """
    return _frame(history, registered.artifact, cutoff, to=None)


@dataclass(frozen=True)
class Observed:
    """The features that artifacts of one population ask of a history at a cutoff."""

    history: History
    artifact: Artifact
    at: pd.Timestamp
    keeps_frame: bool = True

    @property
    def name(self) -> str:
        """Name the data."""
        return self.history.name

    @property
    def cutoff(self) -> str:
        """Say the cutoff."""
        return self.at.isoformat()

    @property
    def fingerprint(self) -> str:
        """Hash the data."""
        return self.history.fingerprint

    def check(self) -> None:
        """Raise `ArtifactError` where definitions have changed since the artifact was trained."""
        population_of(self.artifact)
        features_of(self.artifact)

    def rows(self, folder: Path) -> Rows:
        """Compute the features into a folder, or find them there. Raises `ValueError` and `NobodyAsked`."""
        told = json.dumps([asked(self.artifact), f"{self.cutoff}", f"{self.artifact.closes_in}"], sort_keys=True)
        made = folder / hashlib.sha256(f"{told} {self.fingerprint}".encode()).hexdigest()[:16]
        for other in folder.glob("*"):
            if other != made:
                shutil.rmtree(other, ignore_errors=True)
        if not made.is_dir():
            self._observe(made)
        anchored = population_of(self.artifact).anchored
        parts = [Part(path, None if anchored else self.at) for path in sorted(made.glob("**/*.parquet"))]
        return Rows.of(parts, texts=texts_of(self.artifact))

    def _observe(self, to: Path) -> None:
        if not population_of(self.artifact).anchored:
            _frame(self.history, self.artifact, self.at, to=to)
            return
        rows = _frame(self.history, self.artifact, self.at, to=None)
        with whole_folder(to) as draft:
            by = [name for name in ORDER if name in rows]
            rows.sort_values(by, kind="stable").to_parquet(draft / "rows.parquet", index=False)


def texts_of(artifact: Artifact) -> frozenset[str]:
    """Name the features that are text, and the category."""
    return artifact.texts | {"category"}


def _frame(history: History, artifact: Artifact, cutoff: pd.Timestamp, *, to: Path | None) -> pd.DataFrame:
    population = population_of(artifact)
    return frame(
        history,
        [cutoff - artifact.closes_in, cutoff] if population.anchored else [cutoff],
        population=population,
        features=features_of(artifact),
        categories=artifact.categories,
        to=to,
    )

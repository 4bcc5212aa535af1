"""What the commands do: train, score and watch, with the registry and folders of a deployment."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from configs.settings import Settings
from experiments.study import Prepared
from features.datasets import load
from features.history import History
from features.library import FEATURES
from features.nobody import NobodyAsked
from models.registry import Alias, ModelRegistry, Registered
from serving.batch import batch_frame, score
from serving.drift import Report, drift
from training.track import track
from training.train import Trained


@dataclass(frozen=True)
class Deployment:
    """The folders and the registry that the commands work on."""

    settings: Settings
    registry: ModelRegistry

    @classmethod
    def open(cls, settings: Settings) -> "Deployment":
        """Open the registry; makes the `var` folder."""
        settings.var.mkdir(parents=True, exist_ok=True)
        return cls(settings, ModelRegistry(settings.mlflow))

    def record(self, prepared: Prepared, trained: Trained, *, alias: Alias | None) -> tuple[str, str | None]:
        """Track a training, and register it under an alias if one is given. Gives run and version."""
        own = self.settings.mlflow.startswith("sqlite:")
        artifacts = self.settings.runs if own else None
        return track(self.registry, trained, task=prepared.task, data=prepared.data, artifacts=artifacts, alias=alias)

    def score(
        self, registered: Registered, history: History, *, cutoff: pd.Timestamp | None = None, to: Path | None = None
    ) -> pd.DataFrame:
        """Score a population at a cutoff (by default where the history ends) into its folder."""
        folder = to or self.settings.scored(registered.artifact.name)
        return score(history, registered, cutoff=history.local(cutoff or history.end), to=folder)

    def drift(self, registered: Registered, history: History, *, cutoff: pd.Timestamp | None = None) -> Report:
        """Hold a population at a cutoff against the artifact's profile."""
        try:
            observed = batch_frame(history, registered, cutoff=history.local(cutoff or history.end))
        except NobodyAsked:
            observed = pd.DataFrame(columns=["customer_id", "cutoff"])
        return drift(registered.artifact, observed, declared=FEATURES)


def history_of(registered: Registered, dataset: str | None) -> History:
    """Load the history that an artifact was trained on, or another one by name or file."""
    artifact = registered.artifact
    return load(dataset or artifact.provenance.get("dataset", artifact.dataset))

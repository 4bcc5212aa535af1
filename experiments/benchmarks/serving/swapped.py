"""A deployment of two models whose champions and batches alternate, and what it must answer of each of them."""

import time
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from typing import Final

import pandas as pd

from configs.settings import Settings
from experiments.benchmarks.serving.deployment import CUTOFF, DATASET, artifact_of
from experiments.benchmarks.serving.shop import customer_ids, features, outcomes
from models.artifact import Artifact
from models.registry import Alias, ModelRegistry, Registered
from models.registry.promotion import promote
from models.registry.runs import experiment_of, recording
from serving.block import write_block
from serving.store.opened import store_of

MODELS: Final = {"churn": "churned", "value": "future_spend"}
VERSIONS: Final = ("1", "2")
CUSTOMERS: Final = 400
_LEARNED: Final = 2_000
_TREES: Final = ({"rounds": 30, "depth": 4}, {"rounds": 20, "depth": 3})
"""Of each version: they answer differently."""
Expected = dict[tuple[str, str, str], dict[str, float]]
"""Customers' scores by model, version and cutoff."""


@dataclass
class Swapped:
    """Artifacts by model and version, two frames of the same customers, and the scores that belong together.

    Each batch has a cutoff of its own, a day after the one before: an answer tells which batch it is from.
    `promoted` are instants (`time.monotonic`) and versions of swaps of models, `written` those and cutoffs of batches.
    """

    settings: Settings
    artifacts: dict[tuple[str, str], Artifact]
    frames: tuple[pd.DataFrame, pd.DataFrame]
    expected: Expected = field(default_factory=dict)
    promoted: list[tuple[float, str]] = field(default_factory=list)
    written: list[tuple[float, str]] = field(default_factory=list)

    @property
    def customer_ids(self) -> list[str]:
        """Who is in every batch."""
        return customer_ids(CUSTOMERS)

    def write(self) -> None:
        """Write the next batch of both models: the other features, answered by one version or the other in turn."""
        place = len(self.written)
        cutoff = CUTOFF + pd.Timedelta(days=place)
        frame, version = self.frames[place % 2].assign(cutoff=cutoff), VERSIONS[place // 2 % 2]
        for (name, each), artifact in self.artifacts.items():
            told = dict(zip(frame["customer_id"], artifact.predict(frame).tolist(), strict=True))
            self.expected[name, each, cutoff.isoformat()] = told
        for name in MODELS:
            registered = Registered(self.artifacts[name, version], version)
            scores = registered.artifact.score(frame, version=version)
            write_block(store_of(self.settings.store), registered, frame, scores, about={"cutoff": cutoff.isoformat()})
        self.written.append((time.monotonic(), cutoff.isoformat()))

    def promote(self) -> None:
        """Make the other version of both models the champion."""
        registry, version = ModelRegistry(self.settings.mlflow), VERSIONS[len(self.promoted) % 2]
        for name in MODELS:
            promote(registry, name, version, at=datetime.now(UTC), record={})
        self.promoted.append((time.monotonic(), version))


def make(settings: Settings, *, challenger: bool = False) -> Swapped:
    """Fit and register both versions of both models, promote the first, and write the first batch.

    `challenger` lets the second answer in the shadow.
    """
    drawn = features(_LEARNED)
    seen = outcomes(drawn)
    frame = drawn.assign(customer_id=customer_ids(_LEARNED), cutoff=CUTOFF)
    artifacts = {
        (name, version): artifact_of(name, frame, seen[target], trees=trees)
        for name, target in MODELS.items()
        for version, trees in zip(VERSIONS, _TREES, strict=True)
    }
    first = frame[:CUSTOMERS]
    other = frame[CUSTOMERS : 2 * CUSTOMERS].assign(customer_id=first["customer_id"].to_numpy())
    made = Swapped(settings, artifacts, (first, other.reset_index(drop=True)))
    _register(made, challenger=challenger)
    made.promote()
    made.write()
    return made


def _register(made: Swapped, *, challenger: bool) -> None:
    registry = ModelRegistry(made.settings.mlflow)
    own = made.settings.mlflow.startswith("sqlite:")
    experiment = experiment_of(registry, DATASET, artifacts=made.settings.runs if own else None)
    for (name, version), artifact in made.artifacts.items():
        with redirect_stdout(StringIO()), recording(registry, experiment, name=name, tags={}) as run:
            alias: Alias | None = "challenger" if challenger and version == VERSIONS[1] else None
            assert registry.add(artifact, run_id=run.id, alias=alias) == version

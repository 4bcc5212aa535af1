"""A deployment with four models in a registry, their batches in the store, and the same models as plain files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.settings import Settings
from experiments.benchmarks.serving.shop import NAMES, customer_ids, features, outcomes
from features.library import FEATURES, POPULATIONS, TARGETS
from models.artifact import Artifact
from models.booster import to_bytes
from models.calibration import Calibration
from models.estimators import create
from models.profile import profile
from models.registry import ModelRegistry, Registered
from models.registry.runs import experiment_of, recording
from serving.block import write_block
from serving.reasons import terms_of
from serving.store.opened import store_of

MODELS: Final = {"churn": "churned", "upsell": "spent_more_25", "orders": "orders", "value": "future_spend"}
"""The models and what each is about."""
ASKED: Final = "churn"
"""The one that is asked where one is."""
DATASET: Final = "benchmark"
CUTOFF: Final = pd.Timestamp("2026-06-30")
LEARNED: Final = 20_000
TREES: Final[dict[str, Any]] = {
    "rounds": 300,
    "depth": 6,
    "learning_rate": 0.05,
    "min_child_weight": 1.0,
    "column_share": 1.0,
}
BATCH, AGAIN = "1", "2"
"""Versions of each model: the one that wrote the batch, and the same trees once more, whose scores are computed."""


@dataclass(frozen=True)
class Made:
    """What was made: the deployment, and files for those who do not read it."""

    settings: Settings
    frame: pd.DataFrame
    artifacts: dict[str, Artifact]

    @property
    def rows(self) -> Path:
        """Where all customers' features lie as an array, rows × `NAMES`."""
        return self.settings.var / "rows.npy"

    def folder(self, model: str) -> Path:
        """Where a model's artifact lies."""
        return self.settings.var / "artifacts" / model

    def booster(self, model: str) -> Path:
        """Where a model's trees lie as XGBoost's own file."""
        return self.settings.var / "boosters" / model / "model.ubj"

    def turn(self, version: str) -> None:
        """Make a version of each model the champion."""
        registry = ModelRegistry(self.settings.mlflow)
        for name in MODELS:
            registry.client.set_registered_model_alias(name, "champion", version)


def make(var: Path, *, customers: int) -> Made:
    """Draw customers, fit the models, and write all of it into a folder."""
    var.mkdir(parents=True, exist_ok=True)
    settings = Settings(var, f"sqlite:///{var / 'mlflow.db'}")
    drawn = features(customers)
    frame = drawn.assign(customer_id=customer_ids(customers), cutoff=CUTOFF)
    seen = outcomes(drawn)
    made = Made(
        settings,
        frame,
        {name: artifact_of(name, frame[:LEARNED], seen[target][:LEARNED]) for name, target in MODELS.items()},
    )
    np.save(made.rows, drawn.to_numpy())
    for name, artifact in made.artifacts.items():
        artifact.save(made.folder(name))
        made.booster(name).parent.mkdir(parents=True)
        made.booster(name).write_bytes(to_bytes(artifact.model.booster_))  # type: ignore[attr-defined]  # boosted's
        _register(made, artifact)
    return made


def artifact_of(
    name: str, frame: pd.DataFrame, outcome: NDArray[np.float64], *, trees: Mapping[str, Any] = TREES
) -> Artifact:
    """Fit trees on what became of customers."""
    target = TARGETS[MODELS[name]]
    model = create("boosted", **trees, kind=target.kind).fit(frame, pd.Series(outcome))
    return Artifact(
        name=name,
        dataset=DATASET,
        population="known",
        population_fingerprint=POPULATIONS["known"].fingerprint,
        target=target.name,
        kind=target.kind,
        horizon_days=91,
        lead_days=0,
        features={each: FEATURES[each].fingerprint for each in NAMES},
        categories=[],
        trained_to=CUTOFF - pd.Timedelta(days=91),
        model_name="boosted",
        model=model,
        calibration=Calibration(),
        profile=profile(frame[list(NAMES)].assign(score=model.predict(frame))),
        provenance={"version": BATCH},
    )


def _register(made: Made, artifact: Artifact) -> None:
    """Register both versions, and write the batch of the first."""
    again = replace(artifact, provenance={"version": AGAIN})
    registry = ModelRegistry(made.settings.mlflow)
    experiment = experiment_of(registry, DATASET, artifacts=made.settings.runs)
    for each, version in ((artifact, BATCH), (again, AGAIN)):
        with recording(registry, experiment, name=artifact.name, tags={}) as run:
            assert registry.add(each, run_id=run.id) == version
    scores = artifact.score(made.frame, version=BATCH)
    store, about = store_of(made.settings.store), {"cutoff": CUTOFF.isoformat()}
    terms = terms_of(artifact, made.frame)
    write_block(store, Registered(artifact, BATCH), made.frame, scores, terms, about=about)

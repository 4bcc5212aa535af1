"""A BentoML service as its tutorials write it: a DataFrame of each request, the model asked by it, all defaults."""

import os
from pathlib import Path
from typing import Any

import bentoml
import pandas as pd

from models.artifact import Artifact


@bentoml.service
class Naive:
    """Scores a customer from the features in the request."""

    def __init__(self) -> None:
        artifact = Artifact.load(Path(os.environ["NAIVE_ARTIFACT"]))
        self.name, self.version = artifact.name, artifact.id
        self.features, self.booster = list(artifact.features), artifact.model.booster_  # type: ignore[attr-defined]

    @bentoml.api
    def score(self, customer_id: str, features: dict[str, Any]) -> dict[str, Any]:
        """Score one customer."""
        frame = pd.DataFrame([features])[self.features].astype("float64")
        score = float(self.booster.inplace_predict(frame)[0])
        return {"customer_id": customer_id, "model": self.name, "version": self.version, "score": score}

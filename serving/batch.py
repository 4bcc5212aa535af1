"""`score`: everyone of a population at one cutoff, to Parquet."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from configs.whole import whole_folder
from features.frame import frame
from features.history import History
from models.artifact import Artifact
from models.registry import Registered
from serving.definitions import features_of, population_of
from serving.reasons import explained

FRAME, SCORES, REASONS, MANIFEST = "frame.parquet", "scores.parquet", "reasons.parquet", "batch.json"


def score(
    history: History, registered: Registered, *, cutoff: pd.Timestamp, to: Path, reasons: int = 0
) -> pd.DataFrame:
    """Score a population at a cutoff into the folder `to`, whole or not at all: frame, scores and a manifest.

    With `reasons` so many of each customer's are written too. Gives the scores. Raises `ValueError` for a cutoff beyond
    the data, `ArtifactError` for changed definitions, `NotExplained` for a model that gives no reasons.
    """
    artifact = registered.artifact
    observed = batch_frame(history, registered, cutoff=cutoff)
    scores = artifact.score(observed, version=registered.version)
    why = explained(artifact, observed, top=reasons) if reasons else None
    manifest = {
        "model": artifact.name,
        "version": registered.version,
        "artifact": artifact.id,
        "asked": asked(artifact),
        "dataset": history.name,
        "data": history.fingerprint,
        "cutoff": cutoff.isoformat(),
        "rows": len(scores),
        "customers": int(scores["customer_id"].nunique()),
    }
    with whole_folder(to) as folder:
        observed.to_parquet(folder / FRAME, index=False)
        scores.to_parquet(folder / SCORES, index=False)
        if why is not None:
            why.to_parquet(folder / REASONS, index=False)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return scores


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
    artifact = registered.artifact
    population = population_of(artifact)
    return frame(
        history,
        [cutoff - artifact.closes_in, cutoff] if population.anchored else [cutoff],
        population=population,
        features=features_of(artifact),
        categories=artifact.categories,
    )

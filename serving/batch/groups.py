"""Which models may share a reading of rows."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from features.history import History
from models.registry import Registered
from serving.batch.manifest import short_hash
from serving.batch.observed import Observed, asked
from serving.batch.place import Place
from serving.batch.question import Group
from serving.batch.ready import Ready
from serving.definitions import population_of


def of_history(history: History, models: Sequence[Registered], *, cutoff: pd.Timestamp) -> list[Group]:
    """Bring those together that ask the same features of the same population at a cutoff.

    Raises `ArtifactError` for a population that is gone or has changed.
    """
    groups: dict[str, Group] = {}
    for registered in models:
        artifact = registered.artifact
        until = artifact.closes_in if population_of(artifact).anchored else None
        group = groups.setdefault(
            short_hash(asked(artifact), until), Group(Observed(history, artifact, history.local(cutoff)), {})
        )
        groups[short_hash(asked(artifact), until)] = Group(group.source, {**group.models, artifact.name: registered})
    return list(groups.values())


def of_rows(place: Place, models: Sequence[Registered], *, folder: Path, keeps_frame: bool) -> list[Group]:
    """Let all models answer rows that are ready made; `folder` is for what must be copied."""
    source = Ready(place, [each.artifact for each in models], folder, keeps_frame)
    return [Group(source, {each.artifact.name: each for each in models})]

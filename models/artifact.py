"""A fitted model and all that is needed to ask it: what travels from training to serving, as plain data."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.whole import whole_folder
from models.calibration import Calibration
from models.contract import Detailed, Explained, Model, TargetKind, eligible, keys_of
from models.estimators import create
from models.profile import Cells

FORMAT: Final = 3
_FILE: Final = "artifact.json"


class NotExplained(ValueError):
    """A model that gives no reasons."""


class ArtifactError(ValueError):
    """An artifact that cannot be read or asked here; the message says why and what to do."""


@dataclass(frozen=True)
class Artifact:
    """A fitted model with its task.

    `features` gives for each feature the fingerprint of the definition it was trained on; `categories` those that
    pairs are made of (empty: customers are asked about); `trained_to` the last cutoff it has learned from. The
    horizon begins `lead_days` after the cutoff. `calibration` makes a probability of what the model says.
    """

    name: str
    dataset: str
    population: str
    population_fingerprint: str
    target: str
    kind: TargetKind
    horizon_days: int
    lead_days: int
    features: Mapping[str, str]
    categories: Sequence[str]
    trained_to: pd.Timestamp
    model_name: str
    model: Model
    calibration: Calibration
    profile: Mapping[str, Cells]
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def closes_in(self) -> pd.Timedelta:
        """How long after a cutoff its outcome is known."""
        return pd.Timedelta(days=self.lead_days + self.horizon_days)

    @cached_property
    def id(self) -> str:
        """Hash of everything that decides an answer."""
        return _digest(*self._plain())

    def predict(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Give the expected value of the target for each row, calibrated."""
        return self.calibration.apply(self.model.predict(frame))

    def contributions(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's terms: one a feature of the model, and last the base; they add up to the score's log-odds.

        Of counts and amounts to its logarithm. Raises `NotExplained` for a model whose score is no sum.
        """
        if not isinstance(self.model, Explained):
            raise NotExplained(f"the scores of {self.model_name!r} are no sums over features, so it gives no reasons")
        return self.calibration.contributions(self.model.contributions(frame), self.model.predict(frame))

    @cached_property
    def texts(self) -> frozenset[str]:
        """Name the features that are text; the others are numbers."""
        return frozenset(name for name, cells in self.profile.items() if cells.levels is not None)

    @property
    def typical(self) -> dict[str, float]:
        """What is usual of each feature that is a number: the median where the model was fitted."""
        medians = {name: cells.median for name, cells in self.profile.items() if name in self.features}
        return {name: value for name, value in medians.items() if np.isfinite(value)}

    def score(self, frame: pd.DataFrame, *, version: str) -> pd.DataFrame:
        """Score the rows of a frame that are asked about: keys, score, label where there are labels, model, version.

        What a model tells of a row beside its score (`Detailed`) follows the score, as the model says it.
        """
        asked = eligible(frame)
        scores = frame.loc[asked, keys_of(frame)].reset_index(drop=True)
        scores["score"] = self.predict(frame)[asked]
        if self.model.labels:
            scores["label"] = [self.model.labels[int(code)] for code in scores["score"]]
        if isinstance(self.model, Detailed):
            scores = scores.join(self.model.details(frame)[asked].reset_index(drop=True))
        return scores.assign(model=self.name, version=version)

    def save(self, folder: Path) -> None:
        """Write the artifact as JSON, and XGBoost's trees as UBJSON, whole or not at all."""
        text, blobs = self._plain()
        with whole_folder(folder) as draft:
            (draft / _FILE).write_text(json.dumps({**text, "id": self.id}, indent=1) + "\n", encoding="utf-8")
            for name, blob in blobs.items():
                (draft / name).write_bytes(blob)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read an artifact. Raises `ArtifactError` where the file is missing, of another format, or not as written."""
        text, blobs = _read(folder)
        state = {key: blobs[value["file"]] if _is_file(value) else value for key, value in text["state"].items()}
        model = create(text["model_name"], **text["params"]).restore(state)
        cells = {name: Cells.restore(each) for name, each in text["profile"].items()}
        same = (
            "name",
            "dataset",
            "population",
            "population_fingerprint",
            "target",
            "kind",
            "horizon_days",
            "lead_days",
        )
        return cls(
            **{key: text[key] for key in (*same, "features", "categories", "model_name", "provenance")},
            trained_to=pd.Timestamp(text["trained_to"]),
            model=model,
            calibration=Calibration.restore(text["calibration"]),
            profile=cells,
        )

    def _plain(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Give what JSON holds, and what goes to files of its own."""
        state = self.model.state()
        blobs = {f"{key}.ubj": value for key, value in state.items() if isinstance(value, bytes)}
        text = {
            "format": FORMAT,
            "name": self.name,
            "dataset": self.dataset,
            "population": self.population,
            "population_fingerprint": self.population_fingerprint,
            "target": self.target,
            "kind": self.kind,
            "horizon_days": self.horizon_days,
            "lead_days": self.lead_days,
            "features": dict(self.features),
            "categories": list(self.categories),
            "trained_to": self.trained_to.isoformat(),
            "model_name": self.model_name,
            "params": self.model.get_params(),
            "state": {key: {"file": f"{key}.ubj"} if isinstance(v, bytes) else v for key, v in state.items()},
            "calibration": self.calibration.state(),
            "profile": {name: cells.state() for name, cells in self.profile.items()},
            "provenance": dict(self.provenance),
        }
        return text, blobs


def _is_file(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"file"}


def _digest(text: Mapping[str, Any], blobs: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256(json.dumps(text, sort_keys=True).encode())
    for name in sorted(blobs):
        digest.update(name.encode() + blobs[name])
    return digest.hexdigest()[:16]


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read what `save` wrote and hold it against its id, before anything is made of it."""
    path = folder / _FILE
    if not path.is_file():
        raise ArtifactError(f"there is no artifact at {folder}: {_FILE} is missing")
    try:
        text: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArtifactError(f"{path} is not JSON ({error}): fetch it anew") from error
    if text.get("format") != FORMAT:
        raise ArtifactError(
            f"{path} is of format {text.get('format')}; this version reads format {FORMAT}. Train it anew, "
            "or load it with the version of Augury that wrote it"
        )
    blobs = {each.name: each.read_bytes() for each in folder.glob("*.ubj")}
    written, found = text.pop("id", None), _digest(text, blobs)
    if found != written:
        raise ArtifactError(f"{folder} is not what was saved (id {found}, not {written}): fetch it anew")
    return text, blobs

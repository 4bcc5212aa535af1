"""Why an artifact's scores are what they are, in the words of the API: the same reasons as a batch gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import pandas as pd

from features.concepts import concepts_of
from models.artifact import Artifact
from models.contract import Explained, OfRows, eligible
from models.reasons import Reasoner
from serving.messages import Reason
from serving.store.layout import Matrix


@dataclass(frozen=True)
class Why:
    """Gives an artifact's reasons; its model is `Explained`."""

    artifact: Artifact

    @cached_property
    def names(self) -> list[str]:
        """Name the model's features, in the order of its terms."""
        return list(cast(Explained, self.artifact.model).features_)

    @cached_property
    def reasoner(self) -> Reasoner:
        """What tells of the terms, by what the features mean to people."""
        return Reasoner.of(self.names, concepts=concepts_of(self.names))

    @cached_property
    def typical(self) -> Mapping[str, float]:
        """What is usual of the features."""
        return self.artifact.typical

    def of_rows(self, values: Matrix, *, top: int) -> tuple[Matrix, list[list[Reason]]]:
        """Give the calibrated predictions of rows × the model's features, and their reasons, where it takes rows."""
        calibration = self.artifact.calibration
        predicted, terms = cast(OfRows, self.artifact.model).explained_rows(values)
        told = self.of_terms(calibration.contributions(terms, predicted), self.columns(values), top=top)
        return calibration.apply(predicted), told

    def of_frame(self, frame: pd.DataFrame, *, top: int, terms: Matrix | None = None) -> list[list[Reason]]:
        """Give the reasons of the rows of a frame that are asked about; `terms` are all rows', if they are known."""
        asked, known = eligible(frame), self.artifact.contributions(frame) if terms is None else terms
        return self.of_terms(known[asked], frame[asked].reset_index(drop=True), top=top)

    def columns(self, values: Matrix) -> dict[str, list[float]]:
        """Give rows × the model's features by feature."""
        return dict(zip(self.names, values.T.tolist(), strict=True))

    def of_terms(
        self, terms: Matrix, values: pd.DataFrame | Mapping[str, Sequence[Any]], *, top: int
    ) -> list[list[Reason]]:
        """Give the reasons of rows by their terms, in words by their values."""
        found = self.reasoner.reasons(terms, values, top=top, typical=self.typical)
        return [[Reason(*each[1:-1], list(each.features)) for each in mine] for mine in found]

"""A model with its batch, ready to answer: what the batch answered by this artifact is read, the rest computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain, repeat
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.contract import Explained, PredictsRows
from models.registry import Registered
from serving.block import ANSWER, Held
from serving.history import local_of, zone_of
from serving.live.answers import Answers
from serving.live.why import Why
from serving.messages import Reason
from serving.reasons import TERM, terms_named
from serving.store.layout import Column, Matrix
from serving.store.store import StoreAway

FEW: Final = 64
"""Up to so many rows are answered in the event loop; more go to a thread."""
FEW_EXPLAINED: Final = 4
"""So many with reasons."""
_KEYS: Final = frozenset({"customer_id", "cutoff", "category", "label", "model", "version"})


@dataclass(frozen=True, eq=False)
class Live:
    """A registered artifact and the batch it answers from, None where there is none.

    `away` says why the store could not be asked for a batch; then nobody can tell whom it holds.
    """

    registered: Registered
    held: Held | None
    away: str | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.registered.artifact.name

    @cached_property
    def cutoff(self) -> str | None:
        """The cutoff of the batch in ISO's words, None where there is no batch."""
        return None if self.held is None else self.held.cutoff.isoformat()

    @cached_property
    def read(self) -> bool:
        """Whether the batch's answers are this artifact's, so that they are read and not computed anew."""
        return self.held is not None and self.held.answered_by(self.registered.artifact)

    @cached_property
    def rows_model(self) -> PredictsRows | None:
        """The model as one that takes rows of floats as they are, or None."""
        model = self.registered.artifact.model
        if isinstance(model, PredictsRows) and model.takes_rows and not self.registered.artifact.categories:
            return model
        return None

    @cached_property
    def why(self) -> Why | None:
        """What gives reasons, None where the model has none."""
        artifact = self.registered.artifact
        return Why(artifact) if isinstance(artifact.model, Explained) else None

    def age(self, now: datetime) -> timedelta:
        """How long ago the batch's cutoff was, in the local time of its data. Needs a batch."""
        return self.local(now) - self._held.cutoff.to_pydatetime()

    def local(self, time: datetime) -> datetime:
        """Give an instant in the local time of the model's data; a time without an offset is that already."""
        return local_of(time, zone_of(self.registered.artifact))

    def quick(self, found: Sequence[bytes], *, explain: int) -> bool:
        """Tell whether to answer takes a fraction of a millisecond: for a few rows, read or by compiled trees."""
        rows = sum(map(len, found)) // (8 * len(self._held.layout.columns))
        if explain and self.why is not None:
            return self.rows_model is not None and rows <= FEW_EXPLAINED
        return (self.read or self.rows_model is not None) and rows <= FEW

    async def rows(self, customer_ids: Sequence[str]) -> list[bytes | None]:
        """Give each customer's rows; None for one whom the batch does not hold. Raises `StoreAway`."""
        if self.away is not None:
            raise StoreAway(self.away)
        if self.held is None:
            return [None] * len(customer_ids)
        return await self.held.block.get(customer_ids)

    def answers(self, customer_ids: Sequence[str], found: Sequence[bytes], *, compute: bool = False) -> Answers:
        """Answer for customers by their rows; `compute` does not read what the batch answered."""
        owners, matrix = self._matrix(customer_ids, found)
        if self.read and not compute:
            return self._keyed(owners, matrix, self._read(matrix))
        if self.rows_model is not None:
            return self._keyed(owners, matrix, {"score": self.predicted(self._own(matrix)).tolist()})
        return self.of_frame(self._held.frame(owners, matrix))

    def frame(self, customer_ids: Sequence[str], found: Sequence[bytes]) -> pd.DataFrame:
        """Give customers' rows as `Artifact.score` takes them. Needs a batch."""
        return self._held.frame(*self._matrix(customer_ids, found))

    def explained(
        self, customer_ids: Sequence[str], found: Sequence[bytes], *, top: int, compute: bool = False
    ) -> tuple[Answers, list[list[Reason]] | None]:
        """Give what `answers` gives, and its reasons row by row; None where the model has none.

        The batch's terms are read where it wrote them, and its answers are.
        """
        if self.why is None:
            return self.answers(customer_ids, found, compute=compute), None
        owners, matrix = self._matrix(customer_ids, found)
        read = self.read and not compute
        terms = matrix[:, self._terms] if read and self._terms is not None else None
        if self.rows_model is None:
            answers, frame = self.answers(customer_ids, found, compute=compute), self._held.frame(owners, matrix)
            return answers, self.why.of_frame(frame, top=top, terms=terms)
        values = self._own(matrix)
        if terms is not None:
            reasons = self.why.of_terms(terms, self.why.columns(values), top=top)
            return self._keyed(owners, matrix, self._read(matrix)), reasons
        predicted, reasons = self.why.of_rows(values, top=top)
        return self._keyed(owners, matrix, self._read(matrix) if read else {"score": predicted.tolist()}), reasons

    def predicted(self, values: Matrix) -> Matrix:
        """Give the calibrated prediction of rows × the model's features; only where it takes rows."""
        assert self.rows_model is not None
        return self.registered.artifact.calibration.apply(self.rows_model.predict_rows(values))

    def of_frame(self, frame: pd.DataFrame) -> Answers:
        """Answer for a frame of keys and features, as a batch does."""
        scores = self.registered.artifact.score(frame, version=self.registered.version)
        return Answers(
            owners=scores["customer_id"].tolist(),
            cutoffs=scores["cutoff"].tolist() if "cutoff" in scores else None,
            categories=scores["category"].tolist() if "category" in scores else None,
            columns={str(name): plain(scores[name]) for name in scores if name not in _KEYS},
        )

    @property
    def _held(self) -> Held:
        assert self.held is not None
        return self.held

    def _matrix(self, customer_ids: Sequence[str], found: Sequence[bytes]) -> tuple[list[str], Matrix]:
        """Give each row's customer, and the rows."""
        matrix, counts = self._held.layout.matrix(found)
        if len(matrix) == len(customer_ids):
            return list(customer_ids), matrix
        return list(chain.from_iterable(map(repeat, customer_ids, counts))), matrix

    def _own(self, matrix: Matrix) -> Matrix:
        """Take the model's features out of the batch's rows."""
        return np.ascontiguousarray(matrix[:, self._places])

    @cached_property
    def _places(self) -> slice | NDArray[np.intp]:
        assert self.rows_model is not None
        names = self._held.layout.names
        places = [names.index(name) for name in self.rows_model.features_]
        return slice(0, len(places)) if places == list(range(len(places))) else np.array(places, dtype=np.intp)

    def _read(self, matrix: Matrix) -> dict[str, list[Any]]:
        """Take the batch's answers out of its rows."""
        return {column.name.removeprefix(ANSWER): column.plain(matrix[:, place]) for place, column in self._answered}

    @cached_property
    def _answered(self) -> list[tuple[int, Column]]:
        return [(place, each) for place, each in enumerate(self._held.layout.columns) if each.name.startswith(ANSWER)]

    @cached_property
    def _terms(self) -> slice | None:
        """Say where the batch's terms lie in its rows, None where it wrote none."""
        names = self._held.layout.names
        if TERM not in names:
            return None
        last = names.index(TERM)
        return slice(last - len(terms_named(self.registered.artifact)) + 1, last + 1)

    def _keyed(self, owners: list[str], matrix: Matrix, values: dict[str, list[Any]]) -> Answers:
        """Put keys to values; rows that are not asked about fall out."""
        if not self._own_keys:
            return Answers(owners, None, None, values)
        keys = {name: column.plain(matrix[:, place]) for place, name, column in self._own_keys}
        answers = Answers(owners, keys.get("cutoff"), keys.get("category"), values)
        return answers.where(matrix[:, self._held.layout.place("eligible")] == 1) if "eligible" in keys else answers

    @cached_property
    def _own_keys(self) -> list[tuple[int, str, Column]]:
        """Name the keys that differ from row to row, with their places."""
        asked = {"category", "eligible", *(["cutoff"] if self._held.cutoffs_differ else [])}
        columns = enumerate(self._held.layout.columns)
        return [(place, each.name, each) for place, each in columns if each.name in asked]


def plain(column: "pd.Series[Any]") -> list[Any]:
    """Give a column as plain values; a null is NaN among numbers, else None."""
    if pd.api.types.is_float_dtype(column):
        return column.tolist()
    return [None if pd.isna(each) else each for each in column.tolist()]

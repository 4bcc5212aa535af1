"""A frame as a matrix for trees: numbers as they are, and what a training frame's columns of text become."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.contract import check_features, feature_names, matrix
from models.levels import NULL, Levels, is_text

STYLES: Final = ("one_hot", "native")


@dataclass(frozen=True)
class Encoding:
    """The features of a training frame, and the levels of those that are text.

    In the style `one_hot` a text is a 0/1 column a level (`models.levels.Levels.one_hot`). In the style `native` it is
    one column of codes for XGBoost's own splits on sets of levels: those of the levels, one for all that were rare in
    training, and NaN for a null and for a new level where none was rare. A number is one column in either style, its
    nulls NaN.
    """

    features: list[str]
    levels: Mapping[str, Levels]
    style: str = "one_hot"

    @classmethod
    def of(cls, frame: pd.DataFrame, *, style: str = "one_hot") -> Self:
        """Learn from the features of a frame. Raises `ValueError` for a style that is none."""
        if style not in STYLES:
            raise ValueError(f"text is encoded as {' or '.join(map(repr, STYLES))}, not as {style!r}")
        features = feature_names(frame)
        return cls(features, {name: Levels.of(frame[name]) for name in features if is_text(frame[name])}, style)

    @property
    def owners(self) -> list[int]:
        """Give for each column of the matrix the place of its feature in `features`."""
        widths = [1 if self._is_one(name) else len(self.levels[name].labels) for name in self.features]
        return [place for place, width in enumerate(widths) for _ in range(width)]

    @property
    def types(self) -> list[str] | None:
        """Give each column's type in XGBoost's words, "q" for a number and "c" for a code; None where all are "q"."""
        if self.style == "one_hot" or not self.levels:
            return None
        return ["c" if name in self.levels else "q" for name in self.features]

    def matrix(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Give rows × columns. Raises `ValueError` that names features that are not there, or no numbers any more."""
        check_features(frame, self.features)
        named = [name for name in self.features if name not in self.levels]
        values = numbers(frame, named)
        if not self.levels:
            return values
        columns = dict(zip(named, values.T, strict=True))
        parts = [columns[name] if name in columns else self._columns(frame[name]) for name in self.features]
        return np.column_stack(parts)

    def state(self) -> dict[str, Any]:
        """Give the levels as plain data; the features and the style are the model's to keep."""
        return {name: levels.state() for name, levels in self.levels.items()}

    @classmethod
    def restore(cls, features: Sequence[str], state: Mapping[str, Any], *, style: str = "one_hot") -> Self:
        """Take them back."""
        return cls(list(features), {name: Levels.restore(each) for name, each in state.items()}, style)

    def _is_one(self, name: str) -> bool:
        return name not in self.levels or self.style == "native"

    def _columns(self, column: pd.Series) -> NDArray[np.float64]:
        levels = self.levels[str(column.name)]
        if self.style == "one_hot":
            return levels.one_hot(column)
        codes = levels.codes(column)
        unknown = (codes == NULL) | (codes >= len(levels.names) + levels.rare)
        return np.where(unknown, np.nan, codes)[:, None]


def numbers(frame: pd.DataFrame, features: list[str]) -> NDArray[np.float64]:
    """Take columns as floats. Raises `ValueError` that names those that were numbers in training and are text now."""
    try:
        return matrix(frame, features)
    except (TypeError, ValueError) as error:
        texts = [name for name in features if name in frame and is_text(frame[name])]
        if not texts:
            raise
        raise ValueError(f"the features {texts} were numbers in training and are text here: {error}") from error

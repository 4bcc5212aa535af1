"""Columns that an engine made become a frame."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.declaration import Declaration


def framed(
    declarations: Sequence[Declaration], numbers: npt.NDArray[np.float64], texts: Mapping[int, npt.NDArray[Any]]
) -> pd.DataFrame:
    """Give a column a declaration, without a copy of the numbers; `texts` are by the place of their declaration."""
    frame = pd.DataFrame(numbers.T, columns=[each.name for each in declarations], copy=False)
    return frame.assign(**{declarations[place].name: pd.array(each, dtype="str") for place, each in texts.items()})

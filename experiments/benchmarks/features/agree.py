"""Whether systems computed the same: what computes another thing is not compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

RELATIVE, ABSOLUTE = 1e-6, 1e-7
"""Augury rounds the terms of decayed sums to 1e-9, so that they add up the same in any order."""


@dataclass(frozen=True)
class Answer:
    """A system's digest."""

    system: str
    frame_rows: int
    columns: Mapping[str, list[float]]
    sample: Path


def agree(one: Answer, other: Answer) -> None:
    """Raise `ValueError` for the first thing on which two answers differ: rows, checksums, values of a customer."""
    if one.frame_rows != other.frame_rows:
        raise ValueError(f"{one.system} gives {one.frame_rows} rows and {other.system} {other.frame_rows}")
    names = [name for name in one.columns if name in other.columns]
    if not names:
        raise ValueError(f"{one.system} and {other.system} have no feature in common")
    for name in names:
        if not np.allclose(one.columns[name], other.columns[name], rtol=RELATIVE, atol=ABSOLUTE):
            told = f"{one.system} {one.columns[name]} and {other.system} {other.columns[name]}"
            raise ValueError(f"checksums of {name} (nulls, sum, weighted sum) differ: {told}")
    _same_values(one, other, names)


def _same_values(one: Answer, other: Answer, names: list[str]) -> None:
    keys = ["day", "number"]
    first, second = (pd.read_parquet(each.sample).set_index(keys) for each in (one, other))
    if not first.index.equals(second.index):
        raise ValueError(f"{one.system} and {other.system} give rows of different customers")
    for name in names:
        close = np.isclose(first[name], second[name], rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
        if not close.all():
            row = first.index[~close][0]
            told = f"{one.system} {first.loc[row, name]} and {other.system} {second.loc[row, name]}"
            raise ValueError(f"{name} of customer {row[1]} differs: {told}")

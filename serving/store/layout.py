"""What the bytes of a customer hold: rows of floats, a column a feature and a column an answer of the batch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.levels import is_text

Kind = Literal["number", "text", "time"]
Matrix = NDArray[np.float64]
_MICROSECONDS: Final = "datetime64[us]"
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # times of a frame are local, without a zone


@dataclass(frozen=True)
class Column:
    """A column: numbers as they are (null is NaN), texts by their place among `texts`, times in microseconds of 1970.

    Both are whole numbers that a float holds without loss.
    """

    name: str
    kind: Kind
    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: "pd.Series[Any]") -> Self:
        """Tell a column's kind from a frame's."""
        name = str(values.name)
        if pd.api.types.is_datetime64_any_dtype(values):
            return cls(name, "time")
        if is_text(values):
            return cls(name, "text", tuple(sorted(values.dropna().astype(str).unique())))
        return cls(name, "number")

    def encode(self, values: "pd.Series[Any]") -> Matrix:
        """Give a column as floats. Raises `ValueError` for a text that is not among `texts`."""
        if self.kind == "number":
            return values.to_numpy(dtype=np.float64, na_value=np.nan)
        floats = np.full(len(values), np.nan)
        there = values.notna().to_numpy()
        if self.kind == "time":
            floats[there] = values[there].to_numpy(dtype=_MICROSECONDS).astype(np.int64)
            return floats
        codes = pd.Index(self.texts).get_indexer(pd.Index(values[there].astype(str)))
        if (codes < 0).any():
            raise ValueError(f"column {self.name!r} has texts that are not among its {len(self.texts)}")
        floats[there] = codes
        return floats

    def decode(self, floats: Matrix) -> "pd.Series[Any]":
        """Give a column of floats as it was in the frame."""
        if self.kind == "number":
            return pd.Series(floats, name=self.name)
        there = ~np.isnan(floats)
        whole = np.where(there, floats, 0).astype(np.int64)
        if self.kind == "time":
            times = np.where(there, whole.astype(_MICROSECONDS), np.datetime64("NaT", "us"))
            return pd.Series(times, name=self.name)
        found = np.array([*self.texts, None], dtype=object)[np.where(there, whole, len(self.texts))]
        return pd.Series(found, name=self.name, dtype="str")

    def plain(self, floats: Matrix) -> list[Any]:
        """Give a column of floats as plain values, a few of them many times faster than `decode`: numbers (null is
        NaN), texts and times (null is None).
        """
        if self.kind == "number":
            numbers: list[Any] = floats.tolist()
            return numbers
        told = self.texts.__getitem__ if self.kind == "text" else _time
        return [told(int(each)) if each == each else None for each in floats.tolist()]


@dataclass(frozen=True)
class Layout:
    """The columns of a block's rows, in order."""

    columns: tuple[Column, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        """Take a frame's columns but the customer."""
        return cls(tuple(Column.of(frame[name]) for name in frame if name != "customer_id"))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name the columns."""
        return tuple(each.name for each in self.columns)

    def place(self, name: str) -> int:
        """Give a column's place."""
        return self.names.index(name)

    def encode(self, frame: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
        """Give each customer's rows as bytes, customers in the order of their ids, rows in the frame's."""
        if not len(frame):
            return
        ordered = frame.sort_values("customer_id", kind="stable")
        values = np.column_stack([each.encode(ordered[each.name]) for each in self.columns])
        ids = ordered["customer_id"].astype(str).to_numpy()
        starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(ids)], strict=True):
            yield ids[start], values[start:end].tobytes()

    def matrix(self, found: Sequence[bytes]) -> tuple[Matrix, list[int]]:
        """Give the rows of some customers, one after the other, and how many each has."""
        width = 8 * len(self.columns)
        joined = found[0] if len(found) == 1 else b"".join(found)
        counts = [len(each) // width for each in found]
        return np.frombuffer(joined).reshape(-1, len(self.columns)), counts

    def frame(self, matrix: Matrix, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Give rows as the frame's columns were, all or those that are named."""
        asked = self.names if columns is None else columns
        places = [self.place(name) for name in asked]
        return pd.DataFrame(
            {name: self.columns[at].decode(matrix[:, at]) for name, at in zip(asked, places, strict=True)}
        )

    def plain(self) -> list[dict[str, Any]]:
        """Give it as plain data."""
        return [asdict(each) for each in self.columns]

    @classmethod
    def restore(cls, plain: Sequence[Mapping[str, Any]]) -> Self:
        """Take it back."""
        return cls(tuple(Column(each["name"], each["kind"], tuple(each["texts"])) for each in plain))


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)

"""Distinct histories of customers, and how many customers have each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
LISTED: Final = 16
"""Kinds a customer up to which all that might be are listed, and those that are ticked off."""
LONGEST_LIST: Final = 2**25
SMALL: Final = 2**10
"""Whole numbers below this need not be numbered."""


@dataclass(frozen=True)
class Histories:
    """Distinct histories: x repeat purchase days, t_x time from first to last purchase, T from first purchase to now.

    All are arrays of n, t_x and T in one unit of time. `weight` is how many customers have the history, and `which`
    gives for each customer the place of theirs. A process is reckoned with once a history, however many have it.
    """

    x: Floats
    t_x: Floats
    T: Floats
    weight: Floats
    which: NDArray[np.intp]

    @classmethod
    def of(cls, *, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weight: ArrayLike | None = None) -> Self:
        """Group customers, in the order of x, t_x, T. Raises `ValueError` for histories that cannot be."""
        x, t_x, T = checked(x, t_x, T)
        counted = weights(weight, len(x))
        first, which = alike(x, t_x, T)
        total = np.bincount(which, weights=counted, minlength=len(first)).astype(np.float64)
        return cls(x[first], t_x[first], T[first], total, which)

    @property
    def unit(self) -> float:
        """The mean T: a length of time in which every process has parameters of the order of 1."""
        return float(np.average(self.T, weights=self.weight)) or 1.0

    def per(self, unit: float) -> Self:
        """Give the same histories with a time of this length as 1."""
        return replace(self, t_x=self.t_x / unit, T=self.T / unit)

    def each(self, column: str, of: Callable[..., Floats], *params: float | Floats) -> Floats:
        """Give `of(values, *params)` of the column x, t_x or T: reckoned once a distinct value where it can be.

        That is where no parameter is an array of n. What `of` gives has as many values as it is given, along its last
        axis.
        """
        if any(np.ndim(param) for param in params):
            return of(getattr(self, column), *params)
        distinct, which = self._coded[column]
        return np.take(of(distinct, *params), which, axis=-1)

    @cached_property
    def _coded(self) -> dict[str, tuple[Floats, NDArray[np.intp]]]:
        """The distinct values of each column, and which of them each history has."""
        coded = {}
        for column in ("x", "t_x", "T"):
            which, distinct = pd.factorize(getattr(self, column))
            coded[column] = distinct, which
        return coded

    def spread(self, values: Floats) -> Floats:
        """Give each customer the value of their history: of n or n × m values as many rows as there are customers."""
        return values[self.which]


def alike(*columns: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the distinct rows of some columns, in order: where each first stands, and for each row which it is."""
    key, kinds = np.zeros(len(columns[0]), dtype=np.intp), 1
    for column in columns:
        codes, count = _codes(column)
        if kinds * count > _most(len(key)):
            key, kinds = _ranks(key, kinds)
        key *= count
        key += codes
        kinds *= count
    which, count = _ranks(key, kinds)
    first = np.empty(count, dtype=np.intp)
    first[which[::-1]] = np.arange(len(which) - 1, -1, -1)
    return first, which


def _codes(column: Floats) -> tuple[NDArray[np.intp], int]:
    """Give whole numbers in the order of the values, and what all of them are below: small counts as they are."""
    if len(column) and column.min() >= 0 and column.max() < SMALL:
        whole = column.astype(np.intp)
        if np.array_equal(whole, column):
            return whole, int(whole.max()) + 1
    codes, distinct = pd.factorize(column, sort=True)
    return codes, len(distinct)


def _ranks(key: NDArray[np.intp], kinds: int) -> tuple[NDArray[np.intp], int]:
    """Number the whole numbers from 0 to below `kinds` that occur, in order, and count them."""
    if kinds > _most(len(key)):
        ranks, distinct = pd.factorize(key, sort=True)
        return ranks, len(distinct)
    there = np.zeros(kinds, dtype=np.bool_)
    there[key] = True
    return (np.cumsum(there, dtype=np.int32) - 1)[key].astype(np.intp), int(there.sum())


def _most(rows: int) -> int:
    """Give how many kinds of so many rows are ticked off in a list, which is quicker than to look each up."""
    return min(LISTED * rows, LONGEST_LIST)


def weights(weight: ArrayLike | None, customers: int) -> Floats:
    """Take a weight for each customer: 1 unless given. Raises `ValueError` for a number below 0, or of none."""
    if weight is None:
        return np.ones(customers)
    taken = np.ascontiguousarray(weight, dtype=np.float64)
    if taken.shape != (customers,):
        raise ValueError(f"there are {customers} customers and weights of the shape {taken.shape}; give one for each")
    refuse(~(np.isfinite(taken) & (taken >= 0)), "a weight that is no number from 0 on")
    if not taken.any():
        raise ValueError("all weights are 0: nobody is left to learn from")
    return taken


def checked(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Take x, t_x and T as floats. Raises `ValueError` that says which customers' history cannot be."""
    x, t_x, T = (np.ascontiguousarray(values, dtype=np.float64) for values in (x, t_x, T))
    refuse(~np.isfinite(x + t_x + T), "a null or infinite x, t_x or T; leave out who has not bought yet")
    refuse((x < 0) | (x != np.floor(x)), "an x that is no count of repeat purchase days (0, 1, 2 …)")
    refuse((t_x < 0) | (t_x > T), "a t_x outside 0 … T; recency is first to last purchase, not last purchase to now")
    refuse((x == 0) & (t_x > 0), "x = 0 with t_x above 0; count purchase days, not orders, in x and in t_x alike")
    return x, t_x, T


def refuse(wrong: NDArray[np.bool_], what: str) -> None:
    """Raise `ValueError` that says how many customers, and which first, have what they should not."""
    if wrong.any():
        raise ValueError(f"{wrong.sum()} of {len(wrong)} customers (first: row {wrong.argmax()}) have {what}")

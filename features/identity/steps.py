"""From rows of the table `identities` to the steps of a map: what changes it, when that is seen, and for whom."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from features.identity.faults import refuse_circles, refuse_repeated


@dataclass(frozen=True)
class Steps:
    """The ids, by number, and the steps: `who` belongs to `into`, from `time` on, as cutoffs after `seen` know.

    An id and all that it was ever merged with, by whatever chain, are a group (`groups` by id). A group's steps are
    numbered by `state`, from 1 on; those seen at one instant alike.
    """

    names: pd.Index
    groups: npt.NDArray[np.int64]
    table: pd.DataFrame


def steps(rows: pd.DataFrame) -> Steps:
    """Make steps of rows: customer_id, into, time and, if any, known_time.

    Raises `HistoryError` for several rows of an id and instant, and for ids that are merged in a circle.
    """
    numbers, names = pd.factorize(pd.concat([rows["customer_id"], rows["into"]], ignore_index=True), sort=True)
    table = pd.DataFrame(numbers.reshape(2, -1).T, columns=["who", "into"])
    table["time"] = rows["time"].to_numpy("datetime64[us]")
    table["seen"] = _seen(rows)
    refuse_repeated(table, names)
    table = _changes(table)
    groups = _joined(len(names), table, "weak")
    table["group"] = groups[table["who"]]
    table["state"] = table.groupby("group")["seen"].rank("dense").astype("int64")
    ring = _joined(len(names), table, "strong")[table["who"]]
    refuse_circles(table[np.bincount(ring)[ring] > 1], names)
    return Steps(names, groups, table.sort_values(["who", "state"], ignore_index=True))


def _seen(rows: pd.DataFrame) -> npt.NDArray[np.datetime64]:
    time = rows["time"].to_numpy("datetime64[us]")
    return np.fmax(time, rows["known_time"].to_numpy("datetime64[us]")) if "known_time" in rows else time


def _changes(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows that change the map as they are seen: not those seen after a later one of their id."""
    rows = rows.sort_values(["who", "seen", "time"])
    rows = rows[rows["time"] == rows.groupby("who")["time"].cummax()]
    rows = rows.drop_duplicates(["who", "seen"], keep="last")
    before = rows.groupby("who")["into"].shift().fillna(rows["who"])
    return rows[rows["into"] != before].reset_index(drop=True)


def _joined(count: int, table: pd.DataFrame, connection: Literal["weak", "strong"]) -> npt.NDArray[np.int64]:
    """Number the groups of ids that steps join."""
    edges = coo_array((np.ones(len(table), np.int8), (table["who"], table["into"])), shape=(count, count))
    return connected_components(edges.tocsr(), connection=connection)[1].astype(np.int64)

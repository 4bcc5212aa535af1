"""From linked pairs to merges: each customer goes into the next on the likeliest way to its person's first."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

Ints = npt.NDArray[np.int64]


def groups(ids: pd.Series, pairs: pd.DataFrame) -> Ints:
    """Number the persons: ids that pairs (one, other) join, by whatever way, have one number."""
    graph = _graph(np.ones(len(pairs)), *_ends(ids, pairs), len(ids))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def forest(ids: pd.Series, pairs: pd.DataFrame) -> pd.DataFrame:
    """Give customer_id and into: trees of the pairs (one, other, match_weight) that weigh most.

    Each tree ends at the first of its ids, in their order.
    """
    cost = pairs["match_weight"].max() + 1 - pairs["match_weight"].to_numpy()
    tree = minimum_spanning_tree(_graph(cost, *_ends(ids, pairs), len(ids))).tocoo()
    into = _parents(tree.row.astype(np.int64), tree.col.astype(np.int64), groups(ids, pairs))
    kept = np.flatnonzero(into >= 0)
    return pd.DataFrame({"customer_id": ids.to_numpy()[kept], "into": ids.to_numpy()[into[kept]]}, dtype="str")


def _ends(ids: pd.Series, pairs: pd.DataFrame) -> tuple[Ints, Ints]:
    names = pd.Index(ids)
    return names.get_indexer(pd.Index(pairs["one"])), names.get_indexer(pd.Index(pairs["other"]))


def _graph(weight: npt.NDArray[np.float64], one: Ints, other: Ints, size: int) -> coo_array:
    return coo_array((weight, (one, other)), shape=(size, size))


def _parents(one: Ints, other: Ints, group: Ints) -> Ints:
    """Turn trees towards their least number; −1 for that itself. They are walked from a node above all of those."""
    above = len(group)
    _, roots = np.unique(group, return_index=True)
    ends = np.concatenate([one, np.full(len(roots), above)]), np.concatenate([other, roots])
    walked = _graph(np.ones(len(ends[0])), *ends, above + 1).tocsr()
    into = breadth_first_order(walked, above, directed=False)[1][:above].astype(np.int64)
    return np.where(into == above, -1, into)

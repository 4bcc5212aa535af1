"""From linked pairs to merges: each record goes into the next on the likeliest way to its person's first."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree


def forest(ids: pd.Series, pairs: pd.DataFrame) -> pd.DataFrame:
    """Give customer_id and into, and the columns of their pair beside one and other: trees of the weightiest pairs.

    Each ends at the first of its ids, in their order.
    """
    names = pd.Index(ids)
    one, other = names.get_indexer(pd.Index(pairs["one"])), names.get_indexer(pd.Index(pairs["other"]))
    cost = pairs["match_weight"].max() + 1 - pairs["match_weight"].to_numpy()
    size = len(names)
    tree = minimum_spanning_tree(coo_array((cost, (one, other)), shape=(size, size)).tocsr()).tocoo()
    into = _parents(tree.row, tree.col, size)
    kept = np.flatnonzero(into >= 0)
    keys = pd.MultiIndex.from_arrays([np.minimum(one, other), np.maximum(one, other)])
    found = keys.get_indexer(pd.MultiIndex.from_arrays([np.minimum(kept, into[kept]), np.maximum(kept, into[kept])]))
    merged = pd.DataFrame({"customer_id": names[kept], "into": names[into[kept]]}).astype("str")
    return merged.join(pairs.drop(columns=["one", "other"]).iloc[found].reset_index(drop=True))


def _parents(one: np.ndarray, other: np.ndarray, size: int) -> np.ndarray:
    """Turn trees towards their least number; −1 for that itself."""
    labels = connected_components(coo_array((np.ones(len(one)), (one, other)), shape=(size, size)), directed=False)[1]
    _, roots = np.unique(labels, return_index=True)
    above = np.full(len(roots), size)
    edges = (np.concatenate([one, above]), np.concatenate([other, roots]))
    joined = coo_array((np.ones(len(edges[0])), edges), shape=(size + 1, size + 1)).tocsr()
    _, before = breadth_first_order(joined, size, directed=False)
    into = before[:size].astype(np.int64)
    return np.where(into == size, -1, into)

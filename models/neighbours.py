"""Item-item collaborative filtering: which categories are bought by the same customers."""

import numpy as np
from numpy.typing import NDArray

GRID = 2.0**-20
"""Similarities are multiples of this, so that sums of them are exact and one customer scores as many do."""


def similarity(bought: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine between the columns of a 0/1 matrix, customers × categories; 0 on the diagonal and for empty columns."""
    together = bought.T @ bought
    size = np.sqrt(np.diag(together))
    both = np.outer(size, size)
    cosine = np.divide(together, both, out=np.zeros_like(together), where=both > 0)
    np.fill_diagonal(cosine, 0.0)
    return np.asarray(np.round(cosine / GRID) * GRID)


def closeness(bought: NDArray[np.float64], similar: NDArray[np.float64]) -> NDArray[np.float64]:
    """How close each category is to what each customer bought, as a share of its similarity to all categories.

    Σ_j bought[u, j] · s[j, i] / Σ_j s[j, i] (Sarwar et al. 2001, eq. 4, for 0/1 ratings).
    """
    whole = np.maximum(similar.sum(axis=0), GRID)
    return np.asarray((bought @ similar) / whole)

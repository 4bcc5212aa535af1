"""Item-item similarity and closeness, against loops and to the last bit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.neighbours import GRID, closeness, similarity

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
matrices = st.tuples(st.integers(1, 12), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0]))
)


def cosine(bought: Matrix, i: int, j: int) -> float:
    """Count who bought both over the geometric mean of who bought either one."""
    both = sum(1 for row in bought if row[i] and row[j])
    sizes = sum(1 for row in bought if row[i]) * sum(1 for row in bought if row[j])
    return both / math.sqrt(sizes) if sizes else 0.0


@settings(derandomize=True, deadline=None)
@given(matrices)
def test_similarity_is_the_cosine_a_loop_counts(bought: Matrix) -> None:
    similar = similarity(bought)
    items = range(bought.shape[1])
    expected = [[0.0 if i == j else cosine(bought, i, j) for j in items] for i in items]
    assert similar.tolist() == [pytest.approx(row, abs=GRID) for row in expected]
    assert (similar == similar.T).all()
    assert ((similar >= 0) & (similar <= 1)).all()
    assert (similar / GRID == np.round(similar / GRID)).all()


@settings(derandomize=True, deadline=None)
@given(matrices)
def test_closeness_is_the_share_a_loop_adds_up(bought: Matrix) -> None:
    similar = similarity(bought)
    close = closeness(bought, similar)
    items = range(bought.shape[1])
    for u, row in enumerate(bought):
        for i in items:
            whole = sum(similar[j, i] for j in items)
            expected = sum(similar[j, i] for j in items if row[j]) / whole if whole else 0.0
            assert close[u, i] == expected
    assert ((close >= 0) & (close <= 1)).all()


def test_by_hand() -> None:
    """Three customers: bread and tea go together in two of three, wine was bought by nobody."""
    bought = np.array([[1.0, 1, 0], [1, 1, 0], [1, 0, 0]])
    both = round(2 / math.sqrt(6) / GRID) * GRID
    assert similarity(bought).tolist() == [[0, both, 0], [both, 0, 0], [0, 0, 0]]
    assert closeness(bought, similarity(bought)).tolist() == [[1, 1, 0], [1, 1, 0], [0, 1, 0]]


def test_one_customer_is_as_close_alone_as_among_many() -> None:
    rng = np.random.default_rng(0)
    bought = (rng.random((500, 100)) < 0.3).astype(float)
    similar = similarity(bought)
    together = closeness(bought, similar)
    for row in range(0, 500, 7):
        assert closeness(bought[[row]], similar).tolist() == together[[row]].tolist()
    order = rng.permutation(100)
    mixed = closeness(bought[:, order], similar[np.ix_(order, order)])
    assert mixed.tolist() == together[:, order].tolist()

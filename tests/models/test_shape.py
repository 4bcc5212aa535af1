"""The shape of a number: its terms by hand, in training's range and outside of it."""

import json
import math

import numpy as np
import pytest

from models.shape import Shape


def test_terms_by_hand() -> None:
    """Knots at the least, the median and the greatest of log(1 + x) for x = 0 … 6."""
    shape = Shape.of(np.arange(7.0), bends=1)
    assert shape == Shape((0.0, math.log1p(3), math.log1p(6)), nulls=False)
    for x in (0.0, 2.0, 3.0, 5.0, 6.0):
        by_hand = [math.log1p(x), max(math.log1p(x) - math.log1p(3), 0)]
        assert shape.terms(np.array([x]))[0].tolist() == pytest.approx(by_hand, rel=1e-15)


def test_negative_values_have_the_logs_of_their_size() -> None:
    shape = Shape.of(np.array([-3.0, 0.0, 3.0]), bends=0)
    assert shape.knots == (-math.log1p(3), math.log1p(3))
    assert shape.terms(np.array([-3.0, 0.0]))[:, 0].tolist() == pytest.approx([0, math.log1p(3)])


def test_outside_of_training_the_line_is_flat() -> None:
    shape = Shape.of(np.arange(5.0), bends=2)
    inside, outside = shape.terms(np.array([0.0, 4.0])), shape.terms(np.array([-9.0, 1e300]))
    assert outside.tolist() == inside.tolist() == shape.terms(np.array([-np.inf, np.inf])).tolist()


def test_infinities_in_training_are_beyond_the_greatest_and_the_least() -> None:
    infinite = np.array([-np.inf, 0.0, 1.0, 2.0, np.inf])
    assert Shape.of(infinite, bends=1) == Shape.of(infinite[1:-1], bends=1)


def test_a_value_that_many_share_is_one_bend() -> None:
    assert Shape.of(np.array([0.0] * 90 + [1.0] * 10), bends=6).knots == (0.0, math.log1p(1))


def test_a_null_is_nan_and_a_term_of_its_own_where_training_had_nulls() -> None:
    without, having = Shape.of(np.array([1.0, 2.0]), bends=0), Shape.of(np.array([1.0, 2.0, np.nan]), bends=0)
    asked = np.array([1.0, np.nan])
    np.testing.assert_array_equal(without.terms(asked), [[0], [np.nan]])
    np.testing.assert_array_equal(having.terms(asked), [[0, 0], [np.nan, 1]])


@pytest.mark.parametrize(("values", "terms"), [([7.0, 7.0], 0), ([np.nan, np.nan], 1), ([], 0)])
def test_what_never_varies_has_no_line(values: list[float], terms: int) -> None:
    assert Shape.of(np.array(values), bends=3).terms(np.array([1.0, 2.0])).shape == (2, terms)


def test_it_survives_json() -> None:
    shape = Shape.of(np.random.default_rng(0).normal(size=99), bends=3)
    assert Shape.restore(json.loads(json.dumps(shape.state()))) == shape

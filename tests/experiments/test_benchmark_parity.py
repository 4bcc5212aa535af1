"""Parity is counted as it is: a score that is another one is found, and one that is missing is no parity."""

import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.serving.parity import Compared, compare

BATCH = pd.DataFrame({"customer_id": ["a", "b", "c"], "score": [0.1, 0.2, np.nan], "clv": [1.0, 2.0, 3.0]})


def test_the_same_is_no_difference_in_whatever_order_it_comes() -> None:
    found = BATCH.iloc[::-1].assign(label="other")
    assert compare("by id", "value", found, BATCH) == Compared("by id", "value", 3, 3, 0, 0.0)


def test_the_least_difference_is_one() -> None:
    found = BATCH.assign(clv=[1.0, np.nextafter(2.0, 3.0), 3.0])
    told = compare("by id", "value", found, BATCH)
    assert told.different == 1
    assert 4e-16 < told.largest < 5e-16


def test_a_number_where_there_was_none_is_a_difference_without_measure() -> None:
    told = compare("by id", "value", BATCH.assign(score=[0.1, 0.2, 0.3]), BATCH)
    assert (told.different, told.largest) == (1, np.inf)


def test_what_a_way_does_not_tell_is_not_compared() -> None:
    assert compare("training", "value", BATCH[["customer_id", "score"]], BATCH).different == 0


@pytest.mark.parametrize("found", [BATCH.iloc[1:], BATCH.assign(customer_id=["a", "b", "d"])])
def test_other_customers_are_no_parity(found: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"by id gives \d scores of value, the batch 3, both 2"):
        compare("by id", "value", found, BATCH)


def test_pairs_are_compared_by_category() -> None:
    pairs = pd.DataFrame({"customer_id": ["a", "a"], "category": ["tea", "wine"], "score": [0.1, 0.2]})
    assert compare("bulk", "pairs", pairs.iloc[::-1], pairs) == Compared("bulk", "pairs", 1, 2, 0, 0.0)
    assert compare("bulk", "pairs", pairs.assign(score=[0.2, 0.1]), pairs).different == 2

"""The encoding of a frame: columns of either style, by hand, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest

from models.encoding import Encoding, numbers

TRAINED = pd.DataFrame(
    {
        "customer_id": [f"c{number}" for number in range(25)],
        "age": [30.0, np.nan] + [40.0] * 23,
        "plan": pd.Series(["a"] * 11 + ["b"] * 10 + ["rare"] * 3 + [None], dtype="str"),
        "vip": [True] * 12 + [False] * 13,
        "city": pd.Series(["x"] * 25, dtype="str"),
    }
)
ASKED = pd.DataFrame(
    {"age": [1, None], "plan": ["b", None], "vip": [False, True], "city": ["new", "x"], "other": [9, 9]}, dtype=object
)
NAN = np.nan


def test_one_hot_by_hand() -> None:
    encoding = Encoding.of(TRAINED)
    assert encoding.features == ["age", "plan", "vip", "city"]
    assert encoding.owners == [0, 1, 1, 1, 1, 2, 3]
    assert encoding.types is None
    expected = [[1, 0, 1, 0, 0, 0, 0], [NAN, 0, 0, 0, 1, 1, 1]]
    np.testing.assert_array_equal(encoding.matrix(ASKED), expected)


def test_native_by_hand() -> None:
    encoding = Encoding.of(TRAINED, style="native")
    assert encoding.owners == [0, 1, 2, 3]
    assert encoding.types == ["q", "c", "q", "c"]
    np.testing.assert_array_equal(encoding.matrix(ASKED), [[1, 1, 0, NAN], [NAN, NAN, 1, 0]])
    rare = ASKED.assign(plan=["rare", "never seen"])
    assert encoding.matrix(rare)[:, 1].tolist() == [2, 2]


@pytest.mark.parametrize("style", ["one_hot", "native"])
def test_it_survives_json(style: str) -> None:
    encoding = Encoding.of(TRAINED, style=style)
    again = Encoding.restore(encoding.features, json.loads(json.dumps(encoding.state())), style=style)
    assert again == encoding
    np.testing.assert_array_equal(again.matrix(TRAINED), encoding.matrix(TRAINED))


def test_numbers_alone_are_one_matrix_in_either_style() -> None:
    frame = TRAINED[["age", "vip"]]
    for style in ("one_hot", "native"):
        encoding = Encoding.of(frame, style=style)
        assert encoding.types is None
        np.testing.assert_array_equal(encoding.matrix(frame), np.column_stack([frame["age"], frame["vip"]]))


def test_text_where_training_had_numbers_is_refused_by_name() -> None:
    frame = TRAINED.assign(age="old")
    with pytest.raises(ValueError, match=r"features \['age'\] were numbers in training and are text here.*'old'"):
        Encoding.of(TRAINED).matrix(frame)
    with pytest.raises(ValueError, match=r"\['age'\] were numbers"):
        numbers(frame, ["vip", "age"])
    with pytest.raises(ValueError, match=r"lacks the features \['plan'\]"):
        Encoding.of(TRAINED).matrix(TRAINED.drop(columns="plan"))


def test_a_style_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="encoded as 'one_hot' or 'native', not as 'onehot'"):
        Encoding.of(TRAINED, style="onehot")

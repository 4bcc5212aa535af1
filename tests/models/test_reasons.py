"""Reasons and importance against loops over the terms, cases by hand, and what they must never do."""

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.concepts import concepts_of
from features.library import FEATURES
from models.reasons import Reason, Reasoner, Value, importance, over_cutoffs, reasons


@dataclass(frozen=True)
class Plain:
    """A concept that says which features it was given, and their values."""

    name: str
    movable: bool = True

    @property
    def title(self) -> str:
        return self.name.upper()

    def sentence(
        self,
        values: Mapping[str, Value],
        *,
        features: Sequence[str],
        typical: Mapping[str, float] | None = None,
        currency: str = "",
    ) -> str:
        return f"{currency}{', '.join(f'{name} {values.get(name)}' for name in features)} ({dict(typical or {})})"


FEATURES_OF = {"a1": Plain("a"), "b1": Plain("b", movable=False), "a2": Plain("a"), "c1": Plain("c")}
NAMES = list(FEATURES_OF)


def given_reasons(terms: list[list[float]], top: int = 3, **more: Sequence[Value]) -> list[list[Reason]]:
    values = pd.DataFrame({name: [float(row) for row in range(len(terms))] for name in NAMES} | dict(more))
    return reasons(np.array(terms).reshape(-1, 5), NAMES, values, concepts=FEATURES_OF, top=top)


def test_terms_add_up_by_concept_and_the_greatest_comes_first() -> None:
    # a = 1 + 0.5, b = -2, c = 0.5; their sizes add up to 4
    (row,) = given_reasons([[1.0, -2.0, 0.5, 0.5, 9.0]])
    assert row == [
        Reason(0, 1, "b", "B", "lowers", -2.0, 0.5, "b1 0.0 ({})", False, ("b1",)),
        Reason(0, 2, "a", "A", "raises", 1.5, 0.375, "a1 0.0, a2 0.0 ({})", True, ("a1", "a2")),
        Reason(0, 3, "c", "C", "raises", 0.5, 0.125, "c1 0.0 ({})", True, ("c1",)),
    ]


def test_the_features_that_pull_in_the_reasons_direction_come_first() -> None:
    up, down = given_reasons([[-1.0, 0.0, 3.0, 0.0, 0.0], [-3.0, 0.0, 1.0, 0.0, 0.0]])
    assert [each.features for each in (*up, *down)] == [("a2", "a1"), ("a1", "a2")]
    assert [each.direction for each in (*up, *down)] == ["raises", "lowers"]
    assert [each.sentence[:6] for each in (*up, *down)] == ["a2 0.0", "a1 1.0"]


def test_ties_go_by_the_concepts_name() -> None:
    (row,) = given_reasons([[0.5, 1.0, 0.5, -1.0, 0.0]])
    assert [each.concept for each in row] == ["a", "b", "c"]
    (two,) = given_reasons([[0.5, 1.0, 0.5, -1.0, 0.0]], top=2)
    assert two == row[:2]


def test_what_adds_nothing_is_no_reason() -> None:
    found = given_reasons([[0.0, 0.0, 0.0, 2.0, 0.3], [0.0, 0.0, 0.0, 0.0, 0.3], [1.0, 0.0, -1.0, 2.0, 0.3]])
    assert [[each.concept for each in row] for row in found] == [["c"], [], ["c"]]
    assert given_reasons([]) == []
    assert given_reasons([[1.0, 1.0, 1.0, 1.0, 1.0]], top=0) == [[]]


def test_a_term_that_is_no_number_is_no_reason_and_hides_none() -> None:
    nan = float("nan")
    found = given_reasons([[nan, 0.0, 0.0, 0.5, 0.0], [0.0, 0.0, nan, 0.5, 0.0], [2.0, 1.0, 0.0, nan, 0.0]])
    assert [[each.concept for each in row] for row in found] == [["c"], ["c"], ["a", "b"]]
    assert [each.share for each in found[2]] == [2 / 3, 1 / 3]


def test_values_may_be_texts_nulls_and_columns_without_a_frame() -> None:
    values = pd.DataFrame({"a1": ["x", None], "a2": pd.array([1, None], dtype="Int64"), "b1": [0.5, np.nan], "c1": 0.0})
    values["a1"] = values["a1"].astype("str")
    terms = np.array([[3.0, 1.0, 2.0, 0.0, 0.0]] * 2)
    first, second = reasons(terms, NAMES, values, concepts=FEATURES_OF, typical={"b1": 2.0}, currency="$")
    assert [each.sentence for each in first] == ["$a1 x, a2 1.0 ({'b1': 2.0})", "$b1 0.5 ({'b1': 2.0})"]
    assert [each.sentence for each in second] == ["$a1 None, a2 nan ({'b1': 2.0})", "$b1 nan ({'b1': 2.0})"]
    columns: dict[str, list[Value]] = {"a1": ["x"], "a2": [1.0], "b1": [0.5]}
    assert reasons(terms[:1], NAMES, columns, concepts=FEATURES_OF, typical={"b1": 2.0}, currency="$") == [first]


def test_a_table_of_all_reasons() -> None:
    found = given_reasons([[1.0, -2.0, 0.5, 0.5, 9.0], [0.0, 0.0, 0.0, 2.0, 0.0]])
    table = pd.DataFrame(itertools.chain.from_iterable(found), columns=Reason._fields)
    assert table[["row", "rank", "concept"]].to_numpy().tolist() == [[0, 1, "b"], [0, 2, "a"], [0, 3, "c"], [1, 1, "c"]]


def test_what_does_not_fit_is_refused() -> None:
    values = pd.DataFrame({name: [0.0] for name in NAMES})
    with pytest.raises(ValueError, match=r"shape \(1, 4\); 4 features need rows × 5"):
        reasons(np.zeros((1, 4)), NAMES, values, concepts=FEATURES_OF)
    with pytest.raises(ValueError, match=r"contributions have 2 rows and values have \{'a1': 1"):
        reasons(np.zeros((2, 5)), NAMES, values, concepts=FEATURES_OF)
    with pytest.raises(ValueError, match=r"\['c1'\] have no concept"):
        importance(np.zeros((1, 5)), NAMES, concepts={name: FEATURES_OF[name] for name in NAMES[:3]})


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.data())
def test_all_concepts_and_the_base_make_the_score(data: st.DataObject) -> None:
    names = [f"f{number}" for number in range(data.draw(st.integers(1, 8)))]
    concepts = {name: Plain(data.draw(st.sampled_from("xyz"))) for name in names}
    terms = np.array(
        data.draw(
            st.lists(
                st.lists(st.floats(-50, 50), min_size=len(names) + 1, max_size=len(names) + 1), min_size=1, max_size=5
            )
        )
    )
    found = reasons(terms, names, {}, concepts=concepts, top=len(names))
    for row, mine in enumerate(found):
        loop = {each.name: 0.0 for each in concepts.values()}
        for name, term in zip(names, terms[row], strict=False):
            loop[concepts[name].name] += float(term)
        told = {each.concept: each.points for each in mine}
        assert all(abs(told.get(name, 0.0) - points) < 1e-9 for name, points in loop.items())
        assert [abs(each.points) for each in mine] == sorted((abs(each.points) for each in mine), reverse=True)
        assert sum(told.values()) + terms[row, -1] == pytest.approx(terms[row].sum(), abs=1e-9)
        assert sum(each.share for each in mine) == pytest.approx(1 if mine else 0)


def test_ten_thousand_rows_of_fifty_features_take_no_time() -> None:
    names = [name for name, each in FEATURES.items() if not each.by and not each.text][:50]
    generator = np.random.default_rng(0)
    values = pd.DataFrame(generator.gamma(1, 0.4, size=(10_000, 50)), columns=names)
    values = values.mask(generator.random(values.shape) < 0.1)
    terms, concepts = generator.normal(size=(10_000, 51)), concepts_of(names)
    start = time.process_time()
    found = reasons(terms, names, values, concepts=concepts)
    assert time.process_time() - start < 1.5
    assert {len(row) for row in found} == {3}
    reasoner = Reasoner.of(names, concepts=concepts)
    for row in range(0, 10_000, 499):
        (alone,) = reasoner.reasons(terms[row : row + 1], values[row : row + 1])
        assert [each._replace(row=row) for each in alone] == found[row]


TERMS = np.array([[1.0, -2.0, -1.0, 0.5, 9.0], [3.0, 0.0, 1.0, -1.5, 9.0]])
"""Sizes of concepts: a 0 and 4, b 2 and 0, c 0.5 and 1.5; of features: a1 1 and 3, b1 2 and 0, a2 1 and 1, c1 as c."""


def test_importance() -> None:
    table = importance(TERMS, NAMES, concepts=FEATURES_OF)
    assert table.to_numpy().tolist() == [
        ["concept", "a", "a", "A", True, 4 / 8],
        ["concept", "b", "b", "B", False, 2 / 8],
        ["concept", "c", "c", "C", True, 2 / 8],
        ["feature", "a1", "a", "A", True, 4 / 10],
        ["feature", "a2", "a", "A", True, 2 / 10],
        ["feature", "b1", "b", "B", False, 2 / 10],
        ["feature", "c1", "c", "C", True, 2 / 10],
    ]


def test_a_model_that_uses_nothing_has_no_importance() -> None:
    assert importance(np.zeros((3, 5)), NAMES, concepts=FEATURES_OF)["share"].tolist() == [0.0] * 7


def test_over_few_cutoffs_the_range_is_whole() -> None:
    tables = [importance(TERMS[[0]], NAMES, concepts=FEATURES_OF), importance(TERMS[[1]], NAMES, concepts=FEATURES_OF)]
    table = over_cutoffs(tables).query("level == 'concept'")
    # shares: a 0 and 4/5.5, b 2/2.5 and 0, c 0.5/2.5 and 1.5/5.5
    assert table["name"].tolist() == ["b", "a", "c"]
    np.testing.assert_allclose(table["mean"], [0.4, 4 / 11, (0.2 + 3 / 11) / 2])
    np.testing.assert_allclose(table["low"], [0.0, 0.0, 0.2])
    np.testing.assert_allclose(table["high"], [0.8, 8 / 11, 3 / 11])
    assert set(table["cutoffs"]) == {2}


def test_over_many_cutoffs_the_range_leaves_out_the_tails() -> None:
    def at(share: float) -> pd.DataFrame:
        return importance(np.array([[share, 1 - share, 0.0]]), ["a1", "b1"], concepts=FEATURES_OF)

    five = over_cutoffs([at(share) for share in (0.1, 0.2, 0.3, 0.4, 0.9)]).query("level == 'feature' and name == 'a1'")
    assert five[["mean", "low", "high"]].to_numpy().tolist() == [pytest.approx([0.38, 0.14, 0.7])]
    four = over_cutoffs([at(share) for share in (0.1, 0.2, 0.3, 0.9)]).query("level == 'feature' and name == 'a1'")
    assert four[["low", "high"]].to_numpy().tolist() == [pytest.approx([0.1, 0.9])]


def test_what_is_not_there_at_a_cutoff_weighs_nothing_there() -> None:
    one = importance(np.array([[1.0, 0.0]]), ["a1"], concepts=FEATURES_OF)
    both = importance(np.array([[1.0, 1.0, 0.0]]), ["a1", "b1"], concepts=FEATURES_OF)
    table = over_cutoffs([one, both]).query("level == 'feature'")
    assert table[["name", "mean", "low", "high"]].to_numpy().tolist() == [
        ["a1", 0.75, 0.5, 1.0],
        ["b1", 0.25, 0.0, 0.5],
    ]


def test_no_cutoff_is_refused() -> None:
    with pytest.raises(ValueError, match="give what `importance` gave of at least one cutoff"):
        over_cutoffs([])

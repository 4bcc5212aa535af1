"""What holds for every model, none left out: parameters, state, rows that do not touch each other, refusals."""

import inspect
import json
from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from features.engine.run import outcome
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from models.contract import Detailed, Explained, OfRows, PredictsRows, TargetKind, feature_names, matrix
from models.estimators import MODELS, create
from tests.models.cases import (
    CASES,
    DETAILED,
    EXPLAINED,
    OUTCOMES,
    PAIRS,
    READS_ALL,
    SETTING,
    TAKES_ROWS,
    TAKES_TEXT,
    Case,
    Fitted,
    Floats,
    told_by,
)
from training.splits import Split, rolling
from training.task import Examples, Task


@pytest.fixture(scope="module")
def members_data(simulated: History) -> Split:
    """Give members, and who lapses within 28 days."""
    features = chosen(["membership_days", "opportunities", "recency_days", "tenure_days"])
    task = Task(simulated, POPULATIONS["members"], features, TARGETS["lapsed"], horizon_days=28)
    return rolling(task, first=pd.Timestamp("2024-05-26"), step_days=28, tests=[pd.Timestamp("2025-01-05")]).final


@pytest.fixture(scope="module")
def data(churn_data: Split, pairs_data: Split, members_data: Split) -> dict[str, Split]:
    """Give customers, pairs and members."""
    return {"customers": churn_data, "pairs": pairs_data, "members": members_data}


@pytest.fixture(scope="module")
def examples(churn: Task, data: dict[str, Split]) -> dict[tuple[str, TargetKind], Examples]:
    """Give the training rows of each kind of target: customers, pairs and members."""
    X = data["customers"].train.X
    targets = [TARGETS[name] for name in OUTCOMES.values()]
    found = outcome(churn.history, X[["customer_id", "cutoff"]], targets, horizon_days=28)
    made: dict[tuple[str, TargetKind], Examples] = {("customers", "none"): Examples(X, found["orders"] * 0)}
    for kind in get_args(TargetKind):
        if kind in OUTCOMES:
            made["customers", kind] = Examples(X, found[OUTCOMES[kind]])
        made |= {(name, kind): data[name].train for name in ("pairs", "members")}
    return made


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(case))
def case(
    request: pytest.FixtureRequest,
    examples: dict[tuple[str, TargetKind], Examples],
    data: dict[str, Split],
) -> Fitted:
    name, kind = request.param
    split = data[told_by(name)]
    latest = split.train.X[split.train.X["cutoff"] == split.train.X["cutoff"].max()]
    frame = pd.concat([latest, split.test.X], ignore_index=True)
    made = Case(name, kind, examples[told_by(name), kind], frame)
    model = made.fitted()
    return Fitted(name, kind, made.train, made.frame, model=model, predicted=model.predict(made.frame))


def test_it_predicts_a_finite_value_of_its_kind_for_each_row(case: Fitted) -> None:
    assert case.predicted.shape == (len(case.frame),)
    assert case.predicted.dtype == np.float64
    assert np.isfinite(case.predicted).all()
    assert (case.predicted >= 0).all()
    if case.kind == "binary":
        assert (case.predicted <= 1).all()
    if case.kind == "none":
        assert set(case.predicted) <= set(range(len(case.model.labels)))
    else:
        assert case.model.labels == ()


def test_it_says_different_things_of_different_rows(case: Fitted) -> None:
    assert (len(np.unique(case.predicted)) == 1) == (case.name == "base_rate")


def test_rows_alone_score_as_among_many(case: Fitted) -> None:
    """Of pairs those of one customer and cutoff, which say what the customer bought."""
    groups = list(case.frame.groupby(["customer_id", "cutoff"], sort=False).indices.values())
    for places in groups[:: max(1, len(groups) // 40)]:
        alone = case.model.predict(case.frame.iloc[places])
        assert alone.tolist() == case.predicted[places].tolist()


def test_the_order_and_the_index_of_rows_do_not_matter(case: Fitted) -> None:
    order = np.random.default_rng(5).permutation(len(case.frame))
    assert case.model.predict(case.frame.iloc[order]).tolist() == case.predicted[order].tolist()
    odd = case.frame.set_axis([7] * len(case.frame))
    assert case.model.predict(odd).tolist() == case.predicted.tolist()


def test_rows_and_targets_belong_together_by_position(case: Fitted) -> None:
    X, y = case.train.X, case.train.y
    odd = case.unfitted().fit(X.set_axis([7] * len(X)), y.set_axis(np.arange(len(y))[::-1]))
    assert odd.predict(case.frame).tolist() == case.predicted.tolist()


def test_a_second_fit_with_the_same_seed_is_the_same(case: Fitted) -> None:
    assert case.fitted().predict(case.frame).tolist() == case.predicted.tolist()


def test_fit_and_predict_leave_the_rows_as_they_were(case: Fitted) -> None:
    X, y, frame = case.train.X.copy(), case.train.y.copy(), case.frame.copy()
    case.fitted().predict(case.frame)
    pd.testing.assert_frame_equal(case.train.X, X)
    pd.testing.assert_series_equal(case.train.y, y)
    pd.testing.assert_frame_equal(case.frame, frame)


def plain(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Send a state through JSON, its bytes apart, as an artifact does."""
    for key, value in state.items():
        yield key, bytes(value) if isinstance(value, bytes) else json.loads(json.dumps(value, allow_nan=False))


def test_its_state_is_plain_data_and_brings_it_back_bit_for_bit(case: Fitted) -> None:
    state = case.model.state()
    again = create(case.name, **case.model.get_params()).restore(dict(plain(state)))
    assert again.predict(case.frame).tolist() == case.predicted.tolist()
    assert (again.state(), again.labels) == (state, case.model.labels)


def test_it_reads_its_features_and_nothing_else(case: Fitted) -> None:
    """Without a column either the answer is the same, or an error names it: those required, or all it was fitted on."""
    needed = set()
    for column in feature_names(case.frame) + (["category"] if case.name in PAIRS else []):
        try:
            assert case.model.predict(case.frame.drop(columns=column)).tolist() == case.predicted.tolist()
        except ValueError as error:
            assert repr(column) in str(error)  # noqa: PT017  # most columns may be dropped
            needed.add(column)
    assert needed == {*case.model.requires, *(feature_names(case.frame) if case.name in READS_ALL else [])}


def test_keys_other_columns_and_their_order_do_not_matter(case: Fitted) -> None:
    noise = np.random.default_rng(1).normal(size=len(case.frame))
    ids = "x" + case.frame["customer_id"].str[::-1]
    later = case.frame["cutoff"] + pd.Timedelta(days=3)
    odd = case.frame.assign(noise=noise, customer_id=ids, cutoff=later, eligible=True)
    assert case.model.predict(odd[sorted(odd.columns)]).tolist() == case.predicted.tolist()


def test_a_fit_without_a_required_feature_names_it(case: Fitted) -> None:
    for column in case.model.requires:
        with pytest.raises(ValueError, match=column):
            case.unfitted().fit(case.train.X.drop(columns=column), case.train.y)


def test_parameters_go_in_and_come_out_untouched(case: Fitted) -> None:
    given: dict[str, Any] = {name: object() for name in inspect.signature(MODELS[case.name]).parameters}
    assert MODELS[case.name](**given).get_params() == given
    copy = clone(case.model)
    assert type(copy) is MODELS[case.name]
    assert copy.get_params() == case.model.get_params() == case.unfitted().get_params()
    assert [name for name in vars(copy) if name.endswith("_")] == []


def test_before_the_fit_there_is_nothing_to_ask(case: Fitted) -> None:
    with pytest.raises(AttributeError):
        case.unfitted().predict(case.frame)
    with pytest.raises(AttributeError):
        case.unfitted().state()


def test_an_unknown_parameter_is_refused_with_those_there_are(case: Fitted) -> None:
    known = sorted(inspect.signature(MODELS[case.name]).parameters)
    with pytest.raises(ValueError, match="no parameter \\['trees'\\]") as error:
        create(case.name, trees=7)
    assert str(known) in str(error.value)


def test_what_a_task_fixes_is_taken_by_those_who_know_it(case: Fitted) -> None:
    params = case.model.get_params()
    offered = {"kind": case.kind, **SETTING}
    assert {key: params[key] for key in offered if key in params} == {
        key: value for key, value in offered.items() if key in params
    }


def link(predicted: Floats, kind: TargetKind) -> Floats:
    return np.asarray(np.log(predicted / (1 - predicted)) if kind == "binary" else np.log(predicted))


def test_contributions_add_up_to_the_link_of_what_is_predicted(case: Fitted) -> None:
    if case.name not in EXPLAINED:
        assert not isinstance(case.model, Explained)
        return
    assert isinstance(case.model, Explained)
    terms = case.model.contributions(case.frame)
    assert terms.shape == (len(case.frame), len(case.model.features_) + 1)
    assert terms.sum(axis=1) == pytest.approx(link(case.predicted, case.kind), abs=1e-6)
    assert np.ptp(terms[:, -1]) < 1e-4  # the base is everyone's
    assert len(np.unique(terms[:, :-1].round(9), axis=0)) > 1 or case.name == "base_rate"
    order = np.random.default_rng(2).permutation(len(case.frame))
    assert case.model.contributions(case.frame.iloc[order]).tolist() == terms[order].tolist()
    again = create(case.name, **case.model.get_params()).restore(dict(plain(case.model.state())))
    assert isinstance(again, Explained)
    assert again.features_ == case.model.features_
    assert again.contributions(case.frame).tolist() == terms.tolist()


def test_what_stands_beside_a_score_is_that_of_the_row_alone(case: Fitted) -> None:
    if case.name not in DETAILED:
        assert not isinstance(case.model, Detailed)
        return
    assert isinstance(case.model, Detailed)
    told = case.model.details(case.frame)
    assert told.columns.tolist() == [
        *("p_alive", "expected_purchases", "expected_value", "clv", "low", "high", "next_order", "flags")
    ]
    assert told["clv"].tolist() == case.predicted.tolist()
    assert told.drop(columns="next_order").notna().all(axis=None)
    assert (told["low"] <= told["high"]).all()
    again = create(case.name, **case.model.get_params()).restore(dict(plain(case.model.state())))
    assert isinstance(again, Detailed)
    some = [list(range(len(told)))[::-1], *([row] for row in range(0, len(told), 19))]
    for places in some:
        alone = again.details(case.frame.iloc[places])
        pd.testing.assert_frame_equal(alone, told.iloc[places], check_exact=True)


def test_rows_of_floats_say_what_a_frame_says(case: Fitted) -> None:
    """All at once, each alone, and in memory that may not be written or lies apart."""
    taken = isinstance(case.model, PredictsRows) and case.model.takes_rows
    assert taken == (case.name in TAKES_ROWS)
    if not taken or not isinstance(case.model, PredictsRows):
        return
    values = matrix(case.frame, case.model.features_)
    assert case.model.predict_rows(values).tolist() == case.predicted.tolist()
    assert case.model.predict_rows(values[:0]).tolist() == []
    alone = [case.model.predict_rows(values[row : row + 1]).tolist() for row in range(0, len(values), 19)]
    assert alone == case.predicted[::19, None].tolist()
    values.flags.writeable = False
    assert case.model.predict_rows(values).tolist() == case.predicted.tolist()
    assert case.model.predict_rows(values[::-3]).tolist() == case.predicted[::-3].tolist()


def test_rows_of_floats_have_the_terms_of_a_frame(case: Fitted) -> None:
    if case.name not in TAKES_ROWS & EXPLAINED:
        return
    assert isinstance(case.model, OfRows)
    assert isinstance(case.model, Explained)
    values, terms = matrix(case.frame, case.model.features_), case.model.contributions(case.frame)
    predicted, explained = case.model.explained_rows(values)
    assert predicted.tolist() == case.predicted.tolist()
    assert explained.tolist() == terms.tolist()
    for row in range(0, len(values), 19):
        alone = case.model.explained_rows(values[row : row + 1])
        assert [each.tolist() for each in alone] == [[case.predicted[row]], [terms[row].tolist()]]


PLANS = np.array(["gold", "iron", "", None, "lead"], dtype=object)


def with_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Put a plan and a yes or no beside the features: four levels, nulls, and a plan of one row."""
    rng = np.random.default_rng(len(frame))
    plan = PLANS[rng.integers(0, len(PLANS), len(frame))]
    plan[3] = "unique"
    yes = np.array([True, False, None], dtype=object)[rng.integers(0, 3, len(frame))]
    return frame.assign(plan=pd.Series(plan, index=frame.index, dtype="str"), yes=pd.Series(yes, index=frame.index))


def test_text_is_taken_with_nulls_and_new_levels_and_survives_the_state(case: Fitted) -> None:
    if case.name not in TAKES_TEXT:
        return
    X, frame = with_text(case.train.X), with_text(case.frame)
    gold = (X["plan"] == "gold").astype(float)
    model = case.unfitted().fit(X, 0.1 + 0.8 * gold if case.kind == "amount" else gold)
    new = frame.assign(plan="never seen", yes=None)
    again = create(case.name, **model.get_params()).restore(dict(plain(model.state())))
    assert getattr(model, "takes_rows", False) == (case.name == "base_rate")
    for rows in (frame, new, frame.astype({"plan": "category"}), frame.astype({"plan": object})):
        predicted = model.predict(rows)
        assert np.isfinite(predicted).all()
        assert again.predict(rows).tolist() == predicted.tolist()
        assert isinstance(model, Explained)
        assert model.contributions(rows).sum(axis=1) == pytest.approx(link(predicted, case.kind), abs=2e-5)
    assert model.predict(frame.astype({"plan": object})).tolist() == model.predict(frame).tolist()
    places = next(iter(frame.groupby(["customer_id", "cutoff"], sort=False).indices.values()))
    assert model.predict(frame.iloc[places]).tolist() == model.predict(frame)[places].tolist()
    if case.name != "base_rate":
        means = [model.predict(frame.assign(plan=plan)).mean() for plan in ("gold", "iron", None, "never seen")]
        assert means[0] > max(means[1:]) + 0.02
        assert isinstance(model, Explained)
        assert {"plan", "yes"} <= set(model.features_)

"""Outcomes that are learned over a shorter time than is predicted, and models that learn from both: by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.engine.door import admit
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from models.estimators import create
from tests.training.made import LAST, Said, rolled
from training.fit import NotFitted, fit
from training.splits import Split, rolling
from training.task import Task

DAY = pd.Timedelta(days=1)
SOLD = pd.DataFrame(
    [
        ("a", "2024-01-01", 1.0),
        ("b", "2024-01-02", 2.0),
        ("a", "2024-01-20", 4.0),
        ("b", "2024-01-30", 8.0),
        ("a", "2024-02-08 23:59:59", 16.0),
        ("b", "2024-02-09", 32.0),
        ("c", "2024-02-10", 64.0),
        ("a", "2024-02-20", 128.0),
        ("b", "2024-03-09", 256.0),
        ("c", "2024-03-10", 512.0),
    ],
    columns=["customer_id", "time", "amount"],
)
"""Amounts are powers of two, so that a sum says which they were."""


def asked(sold: pd.DataFrame = SOLD, *, learn_days: int | None = 10, **changed: object) -> Task:
    history = admit("hand", {"transactions": sold}, end=pd.Timestamp("2024-03-31"))
    features = chosen(["frequency", "days_since_last"])
    task = Task(history, POPULATIONS["known"], features, TARGETS["future_spend"], horizon_days=30)
    return replace(task, learn_days=learn_days, **changed)  # type: ignore[arg-type]


def only(task: Task, *, first: str = "2024-01-10", test: str = "2024-02-09") -> Split:
    (part,) = rolling(task, first=pd.Timestamp(first), step_days=10, tests=[pd.Timestamp(test)]).parts
    return part


def rows(split: Split, part: str) -> dict[tuple[str, str], float]:
    X, y = getattr(split, part).X, getattr(split, part).y
    return {(who, f"{at:%m-%d}"): value for who, at, value in zip(X["customer_id"], X["cutoff"], y, strict=True)}


def test_what_is_learned_is_short_and_closed_and_what_is_tested_is_long() -> None:
    """Ten days from each training cutoff, the last of which ends on the test cutoff; thirty from the test cutoff."""
    part = only(asked())
    assert rows(part, "train") == {
        ("a", "01-10"): 0.0,
        ("b", "01-10"): 0.0,
        ("a", "01-20"): 4.0,
        ("b", "01-20"): 0.0,
        ("a", "01-30"): 16.0,
        ("b", "01-30"): 8.0,
    }
    assert rows(part, "test") == {("a", "02-09"): 128.0, ("b", "02-09"): 32.0 + 256.0}
    assert part.closes_in == 10 * DAY


def test_without_learn_days_it_is_the_horizon() -> None:
    assert (asked(learn_days=None).learned_days, asked(learn_days=30).carried) == (30, False)
    plain, said = only(asked(learn_days=None)), only(asked(learn_days=30))
    assert rows(plain, "train") == rows(said, "train") == {("a", "01-10"): 20.0, ("b", "01-10"): 8.0}
    assert plain.closes_in == 30 * DAY


def test_a_lead_is_kept_free_before_what_is_learned_too() -> None:
    part = only(asked(lead_days=3), first="2024-01-15", test="2024-02-08")
    assert rows(part, "train") == {  # 2024-01-29 ends on 02-11, so the last is 01-26: from 01-29 to before 02-08
        ("a", "01-16"): 4.0,
        ("b", "01-16"): 0.0,
        ("a", "01-26"): 0.0,
        ("b", "01-26"): 8.0,
    }
    assert part.closes_in == 13 * DAY


def test_late_rows_count_in_what_is_learned_once_they_are_known() -> None:
    for known, seen in (("2024-02-08", 8.0), ("2024-02-09", 0.0)):
        late = SOLD.assign(known_time=SOLD["time"])
        late.loc[3, "known_time"] = known
        part = only(asked(late))
        assert list(rows(part, "train").values()) == [0.0, 0.0, 4.0, 0.0, 16.0, seen]
        assert rows(part, "test")["b", "02-09"] == 32.0 + 256.0


def test_rows_that_are_questions_are_learned_from_once_the_short_outcome_has_closed() -> None:
    """Touches on three days: ten days of the first two have closed by the origin, thirty of none."""
    at = [pd.Timestamp(day) for day in ("2024-01-25", "2024-01-30", "2024-01-31", "2024-02-09")]
    touches = pd.DataFrame({"customer_id": "b", "time": at, "campaign": "one"})
    history = admit("hand", {"transactions": SOLD, "touches": touches}, end=pd.Timestamp("2024-03-31"))
    task = replace(asked(), history=history, population=POPULATIONS["touched"])
    part = only(task)
    assert rows(part, "train") == {("b", "01-25"): 8.0, ("b", "01-30"): 8.0}
    assert rows(part, "test") == {("b", "02-09"): 32.0 + 256.0}


def test_too_little_says_which_horizon_has_not_closed() -> None:
    told = r"has a 10-day horizon that closes by the test cutoff 2024-02-09; .* a shorter horizon to learn from"
    with pytest.raises(ValueError, match=told):
        only(asked(), first="2024-01-31")


def test_only_counts_and_amounts_are_carried(churn: Task) -> None:
    with pytest.raises(ValueError, match=r"learn_days of 14 for a horizon of 28 days: counts and amounts .* is binary"):
        replace(churn, learn_days=14)
    assert replace(churn, learn_days=28).learned_days == 28
    assert replace(churn, target=TARGETS["orders"], learn_days=14).carried


def test_what_grows_with_the_calendar_is_named(churn: Task) -> None:
    found = replace(churn, features=chosen(["frequency", "days_since_last", "tenure_days", "spend_91d"])).elapsed
    assert found == ("frequency", "tenure_days")


def test_a_model_that_cannot_carry_is_left_out_with_the_reason() -> None:
    task = asked()
    told = r"model 'base_rate' predicts what it has learned, 10 of the 30 days asked about; leave learn_days out, or"
    with pytest.raises(NotFitted, match=told):
        fit(task, only(task), model="base_rate", params={})
    whole = asked(learn_days=None)
    assert fit(whole, only(whole), model="base_rate", params={}).scored["score"].tolist() == [14.0, 14.0]


# Models that learn from both


class Both(Said):
    """Keeps the rows that it is fitted on."""

    learns = "both"

    def fit(self, X: pd.DataFrame, y: pd.Series) -> "Both":
        self.X_, self.y_ = X, y
        return self


def test_both_are_the_labelled_rows_and_the_past_of_those_asked_about() -> None:
    part = only(asked())
    learned = part.learned_by(Both())
    pd.testing.assert_frame_equal(learned.X, pd.concat([part.train.X, part.test.X], ignore_index=True))
    assert learned.y[:6].tolist() == part.train.y.tolist()
    assert learned.y[6:].isna().tolist() == [True, True]
    assert learned.y.index.equals(learned.X.index)


def test_the_outcome_of_what_is_tested_reaches_no_model_that_learns_from_both(simulated: History) -> None:
    part = only(asked())
    blind = replace(part, test=replace(part.test, y=part.test.y * np.inf))
    pd.testing.assert_series_equal(blind.learned_by(Both()).y, part.learned_by(Both()).y)
    features = chosen(["frequency"])
    task = Task(simulated, POPULATIONS["known"], features, TARGETS["future_spend"], horizon_days=56, learn_days=28)
    (whole,) = rolling(task, first=pd.Timestamp("2024-08-18"), step_days=28, tests=[pd.Timestamp("2024-12-08")]).parts
    for inner in whole.inner(2):
        learned = inner.learned_by(Both())
        assert learned.X.loc[learned.y.isna(), "cutoff"].unique().tolist() == [inner.first_test]
        assert (learned.X.loc[learned.y.notna(), "cutoff"] + 28 * DAY <= inner.first_test).all()


def test_groups_go_along(churn: Task) -> None:
    task = replace(churn, group=chosen(["customers.region"], churn.history)[0])
    part = rolling(task, first=pd.Timestamp("2024-10-13"), step_days=28, tests=[LAST]).final
    learned = part.learned_by(Both())
    assert learned.groups is not None
    assert part.train.groups is not None
    assert part.test.groups is not None
    assert learned.groups.tolist() == [*part.train.groups, *part.test.groups]
    assert rolled(origins=1).final.learned_by(Both()).groups is None


def test_a_blend_gets_the_task_s_own_words(simulated: History) -> None:
    features = chosen(["rfm", "spend_28d"])
    task = Task(simulated, POPULATIONS["known"], features, TARGETS["future_spend"], horizon_days=56, learn_days=28)
    part = rolling(task, first=pd.Timestamp("2024-10-13"), step_days=28, tests=[pd.Timestamp("2024-12-08")]).final
    made = fit(task, part, model="clv_blend", params={"fewest_customers": 100, "rounds": 5})
    params = made.model.get_params()
    assert (params["horizon_days"], params["learn_days"]) == (56, 28)
    assert set(params["elapsed"]) == {"frequency", "recency_days", "tenure_days", "purchase_days", "spend"}
    learned = part.learned_by(made.model)
    again = create("clv_blend", **params).fit(learned.X, learned.y)
    assert again.state() == made.model.state()
    assert made.learned.X["cutoff"].max() == part.first_test

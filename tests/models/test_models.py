"""Which models there are, what each says that it can do, and that none learns from pairs not asked about."""

import pytest

from models.contract import eligible
from models.estimators import MODELS, create
from tests.models.cases import (
    CASES,
    EXPLAINED,
    MEMBERS,
    PAIRS,
    QUICK,
    TAKES_TEXT,
)
from training.splits import Split


def test_no_model_is_left_out() -> None:
    assert sorted(MODELS) == sorted({name for name, _ in CASES})
    assert sorted((name, kind) for name, model in MODELS.items() for kind in model.kinds) == CASES
    assert {name for name, model in MODELS.items() if "category" in model.requires} == PAIRS
    assert {name for name, model in MODELS.items() if getattr(model, "takes_text", False)} == TAKES_TEXT
    assert {name for name, model in MODELS.items() if hasattr(model, "contributions")} == EXPLAINED
    assert {name: model.answers for name, model in MODELS.items() if hasattr(model, "answers")} == {
        "beta_discrete_weibull": ("subscription_ended", "lapsed"),
        "clv": (),
        "clv_blend": ("future_spend",),
        "no_purchase": ("churned",),
        "shifted_beta_geometric": ("subscription_ended", "lapsed"),
    }


def test_models_of_customers_who_leave_unseen_say_so() -> None:
    silent = {"bgbb", "bgnbd", "clv", "clv_blend", "mbgnbd", "no_purchase", "pareto_nbd"}
    assert {name for name, model in MODELS.items() if getattr(model, "noncontractual", False)} == silent
    assert {name for name, model in MODELS.items() if getattr(model, "at_opportunities", False)} == {"bgbb"}


@pytest.mark.parametrize(
    "name",
    sorted(
        name for name, kind in CASES if kind == "binary" and MODELS[name].learns == "outcome" and name not in MEMBERS
    ),
)
def test_pairs_that_are_not_asked_about_are_never_examples(name: str, pairs_data: Split) -> None:
    """Whatever the outcome of the others, the fit is the same; with that of an asked pair changed it is not."""
    X, y = pairs_data.train.X, pairs_data.train.y
    X = X.assign(days_since_last=X["recency_days"], purchase_days=X["frequency"], mean_day_spend=X["category_spend"])
    asked = eligible(X)
    state = create(name, **QUICK.get(name, {})).fit(X, y).state()
    assert create(name, **QUICK.get(name, {})).fit(X, y.where(asked, 1 - y)).state() == state
    assert create(name, **QUICK.get(name, {})).fit(X, y.where(~asked, 1 - y)).state() != state

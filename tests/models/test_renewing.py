"""Models of contracts on frames: which renewals lie behind a customer, and which in the horizon."""

import numpy as np
import pandas as pd
import pytest

from models.estimators.beta_discrete_weibull import BetaDiscreteWeibull
from models.estimators.shifted_beta_geometric import ShiftedBetaGeometric
from models.renewing import RenewalModel

MODELS = pytest.mark.parametrize("model", [ShiftedBetaGeometric, BetaDiscreteWeibull])


def drawn(customers: int = 40_000, *, term: int = 30, horizon: int = 60) -> tuple[pd.DataFrame, pd.Series]:
    """Draw members of any age by a loss probability of their own ~ Beta(1, 6), and who is lost within the horizon."""
    rng = np.random.default_rng(5)
    theta, age = rng.beta(1.0, 6.0, customers), rng.integers(1, 600, customers)
    lost_at = term * rng.geometric(theta)
    there = lost_at >= age
    age, lost_at = age[there], lost_at[there]
    return pd.DataFrame({"membership_days": age.astype(float)}), pd.Series((lost_at < age + horizon).astype(float))


def exact(model: type[RenewalModel], horizon: int = 60, **params: float) -> RenewalModel:
    return model(horizon, term_days=30, slack_days=0, **params)  # type: ignore[arg-type]


@MODELS
def test_probabilities_are_those_that_came_true(model: type[RenewalModel]) -> None:
    """By hand: a renewal on the day of the cutoff is in the horizon, one on the day that ends it is not."""
    X, y = drawn()
    made = exact(model).fit(X, y)
    said = made.predict(X)
    for low, high in ((1, 60), (60, 200), (200, 600)):
        kept = X["membership_days"].between(low, high - 1).to_numpy()
        spread = np.sqrt((said[kept] * (1 - said[kept])).sum()) / kept.sum()
        assert abs(said[kept].mean() - y[kept].mean()) < 3 * spread
    if model is ShiftedBetaGeometric:
        for name, truth in (("alpha", 1.0), ("beta", 6.0)):
            assert abs(made.params_[name] - truth) < 3 * made.fit_.standard_errors[name]
    else:
        assert abs(made.params_["c"] - 1) < 3 * made.fit_.standard_errors["c"]


def survives(renewals: int) -> float:
    """Of Beta(1, 1): the mean of (1 − θ)^t is 1 / (1 + t)."""
    return 1 / (1 + renewals)


def known(**params: float) -> ShiftedBetaGeometric:
    """Give a model of terms of 30 days whose loss probabilities are uniform."""
    X, y = drawn(400)
    state = exact(ShiftedBetaGeometric).fit(X, y).state()
    made = ShiftedBetaGeometric(**{"horizon_days": 45, "term_days": 30, "slack_days": 0, **params})  # type: ignore[arg-type]
    return made.restore({**state, "params": {"alpha": 1.0, "beta": 1.0}})


@pytest.mark.parametrize(
    ("age", "before", "within"),
    [
        (0, 0, 1),  # joins at the cutoff: the renewals are on days 30 and 60, the horizon ends before day 45
        (1, 0, 1),
        (15, 0, 1),  # the second renewal is on the day that ends the horizon
        (16, 0, 2),
        (30, 0, 2),  # a renewal is on the day of the cutoff
        (31, 1, 1),
        (300, 9, 2),
    ],
)
def test_renewals_are_counted_by_the_day(age: int, before: int, within: int) -> None:
    said = known().predict(pd.DataFrame({"membership_days": [float(age)]}))
    assert said == pytest.approx([1 - survives(before + within) / survives(before)], rel=1e-12)


def test_who_is_lost_in_the_lead_is_not_lost_in_the_horizon() -> None:
    """At day 31 with a lead of 30: the renewal on day 60 is in the lead, that on day 90 in the horizon."""
    said = known(lead_days=30).predict(pd.DataFrame({"membership_days": [31.0]}))
    assert said == pytest.approx([(survives(2) - survives(3)) / survives(1)], rel=1e-12)


def test_a_renewal_near_the_edge_counts_in_part() -> None:
    """Within three days of the cutoff it is not sure on which side it lies: at the edge one half."""
    model = known(slack_days=3.0, horizon_days=15)
    ages = pd.DataFrame({"membership_days": [26.0, 27, 28.5, 30, 33, 34]})
    before = np.array([0, 0, 0.25, 0.5, 1, 1])
    assert model.predict(ages) == pytest.approx(1 - (1 / (1 + 1)) / (1 / (1 + before)), rel=1e-12)


def test_terms_may_be_each_customers_own() -> None:
    model = known()
    own = ShiftedBetaGeometric(45, term_days=0, slack_days=0).restore(model.state())
    assert own.requires == ("membership_days", "subscription_term_days")
    assert ShiftedBetaGeometric.requires == model.requires == ("membership_days",)
    X = pd.DataFrame({"membership_days": [16.0, 16.0], "subscription_term_days": [30.0, 365.0]})
    assert own.predict(X) == pytest.approx([1 - survives(2) / survives(0), 0.0], abs=1e-15)


@MODELS
def test_weights_count_rows(model: type[RenewalModel]) -> None:
    X, y = drawn(2000)
    weight = np.arange(len(X)) % 3
    weighed = exact(model).fit(X, y, sample_weight=weight)
    repeated = exact(model).fit(X.loc[X.index.repeat(weight)], y.loc[y.index.repeat(weight)])
    assert weighed.params_ == pytest.approx(repeated.params_, rel=1e-9)


@MODELS
def test_what_cannot_be_learned_from_is_refused(model: type[RenewalModel]) -> None:
    X, y = drawn(2000)
    with pytest.raises(ValueError, match=r"only 9 of .* customers were lost, and .* needs 10"):
        exact(model).fit(X, y.where(y.cumsum() <= 9, 0.0))
    with pytest.raises(ValueError, match="no membership_days or no term; ask about the population 'subscribers'"):
        exact(model).fit(X.assign(membership_days=X["membership_days"].where(X.index > 0)), y)
    with pytest.raises(ValueError, match="been lost where no renewal was due"):
        exact(model, horizon=7).fit(X, y)
    with pytest.raises(ValueError, match=r"lacks the features \['subscription_term_days'\]"):
        model(60, term_days=0).fit(X, y)

"""RFM logistic regression: its formula, and that it is the minimum of what it minimises."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.contract import eligible, matrix
from models.estimators.rfm_logistic import RfmLogistic


@pytest.fixture(scope="module")
def sample() -> tuple[pd.DataFrame, pd.Series]:
    """Draw 600 customers of whom the silent ones leave."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "days_since_last": rng.exponential(60, 600),
            "purchase_days": 1 + rng.poisson(4, 600),
            "mean_day_spend": rng.gamma(2, 15, 600),
        }
    )
    log_odds = 1.5 * (np.log1p(frame["days_since_last"]) - 3.5) - 0.4 * (frame["purchase_days"] - 5)
    return frame, pd.Series((rng.random(600) < 1 / (1 + np.exp(-log_odds))).astype(float))


def by_hand(state: dict[str, list[float]], row: tuple[float, ...], intercept: float) -> tuple[float, list[float]]:
    """Give a row's probability and its standardised logs."""
    logs = [math.log1p(value) for value in row]
    standard = [(log - mean) / scale for log, mean, scale in zip(logs, state["mean"], state["scale"], strict=True)]
    log_odds = intercept + sum(w * x for w, x in zip(state["coefficients"], standard, strict=True))
    return 1 / (1 + math.exp(-log_odds)), standard


@pytest.mark.parametrize("C", [1.0, 0.01])
def test_it_minimises_the_penalised_loss(C: float, sample: tuple[pd.DataFrame, pd.Series]) -> None:
    """The gradient of ½·‖w‖² + C·Σ log loss is 0 in weights and intercept (scikit-learn's User Guide, 1.1.11)."""
    frame, y = sample
    model = RfmLogistic(C=C).fit(frame, y)
    state = model.state()
    gradient = [weight / C for weight in state["coefficients"]] + [0.0]
    predicted = model.predict(frame)
    for row, actual, score in zip(frame.itertuples(index=False, name=None), y, predicted, strict=True):
        probability, standard = by_hand(state, row, state["intercept"])
        assert score == pytest.approx(probability, rel=1e-12)
        for place, value in enumerate([*standard, 1.0]):
            gradient[place] += (probability - actual) * value
    assert [each / len(frame) for each in gradient] == pytest.approx([0.0] * 4, abs=2e-4)
    assert predicted.mean() == pytest.approx(y.mean(), abs=1e-4)


def test_a_stronger_penalty_gives_smaller_weights(sample: tuple[pd.DataFrame, pd.Series]) -> None:
    weights = [np.abs(RfmLogistic(C=C).fit(*sample).coefficients_).sum() for C in (100.0, 1.0, 0.01, 0.0001)]
    assert weights == sorted(weights, reverse=True)


def test_silence_raises_the_probability_and_purchases_lower_it(sample: tuple[pd.DataFrame, pd.Series]) -> None:
    model = RfmLogistic().fit(*sample)
    row = sample[0].iloc[[0]]
    for column, sign in (("days_since_last", 1), ("purchase_days", -1)):
        more = model.predict(row.assign(**{column: row[column] * 2}))
        assert sign * (more[0] - model.predict(row)[0]) > 0


def test_a_feature_that_is_the_same_for_all_decides_nothing(sample: tuple[pd.DataFrame, pd.Series]) -> None:
    frame, y = sample
    model = RfmLogistic().fit(frame.assign(purchase_days=3), y)
    now, later = (model.predict(frame.assign(purchase_days=days)) for days in (3, 4))
    assert later == pytest.approx(now, abs=1e-6)


def test_who_has_bought_nothing_counts_as_the_mean() -> None:
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.gamma(2, 9, (400, 3)), columns=list(RfmLogistic.requires))
    y = pd.Series((rng.random(400) < 0.3).astype(float))
    X.loc[::10, "mean_day_spend"] = np.nan
    logs = np.log1p(X.to_numpy())
    standard = (logs - np.nanmean(logs, axis=0)) / np.nanstd(logs, axis=0)
    standard[np.isnan(standard)] = 0
    by_hand = LogisticRegression().fit(standard, y)
    fitted = RfmLogistic().fit(X, y)
    assert fitted.predict(X) == pytest.approx(by_hand.predict_proba(standard)[:, 1], abs=1e-9)
    assert fitted.contributions(X.iloc[[0]])[0, 2] == 0
    with pytest.raises(ValueError, match=r"nobody has a value of \['mean_day_spend'\], which rfm_logistic is made of"):
        RfmLogistic().fit(X.assign(mean_day_spend=np.nan), y)


def test_below_nothing_counts_as_nothing(sample: tuple[pd.DataFrame, pd.Series]) -> None:
    """By hand: log(1 + 0) = 0, where log(1 - 1) would be -inf, and below that there is no logarithm."""
    frame, y = sample
    model = RfmLogistic().fit(frame, y)
    row = frame.iloc[[0]]
    nothing = model.predict(row.assign(mean_day_spend=0.0))
    for spend in (-1e-9, -0.5, -1.0, -1.5, -1e9):
        assert np.array_equal(model.predict(row.assign(mean_day_spend=spend)), nothing)


def test_one_row_below_nothing_spoils_no_fit(sample: tuple[pd.DataFrame, pd.Series]) -> None:
    frame, y = sample
    spoilt, zero = frame.copy(), frame.copy()
    spoilt.loc[7, "mean_day_spend"], zero.loc[7, "mean_day_spend"] = -1.0, 0.0
    assert RfmLogistic().fit(spoilt, y).state() == RfmLogistic().fit(zero, y).state()


def test_what_is_not_below_nothing_scores_as_before_bit_for_bit(sample: tuple[pd.DataFrame, pd.Series]) -> None:
    """The formula without the floor at 0, written anew: state and scores have the same bits."""
    frame = sample[0].astype(float)
    frame.iloc[:3] = [[0.0, 0.0, 0.0], [5e-324, 1.0, 1e300], [np.nan, np.nan, np.nan]]
    state = RfmLogistic().fit(frame, sample[1]).state()
    logs = np.log1p(matrix(frame, list(RfmLogistic.requires))[eligible(frame)])
    assert (state["mean"], state["scale"]) == (np.nanmean(logs, axis=0).tolist(), np.nanstd(logs, axis=0).tolist())
    standard = np.nan_to_num((logs - np.array(state["mean"])) / np.array(state["scale"]), nan=0.0)
    regression = LogisticRegression().fit(standard, sample[1])
    assert (state["coefficients"], state["intercept"]) == (regression.coef_[0].tolist(), regression.intercept_[0])
    log_odds = np.full(len(frame), state["intercept"])
    for column, weight in zip(standard.T, state["coefficients"], strict=True):
        log_odds = log_odds + column * weight
    assert expit(log_odds).tobytes() == RfmLogistic().restore(state).predict(frame).tobytes()


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_no_end_is_no_value(value: float, sample: tuple[pd.DataFrame, pd.Series]) -> None:
    frame, y = sample
    model = RfmLogistic().fit(frame, y)
    endless = frame.assign(mean_day_spend=[value, *frame["mean_day_spend"][1:]])
    with pytest.raises(ValueError, match=r"1 of 600 customers \(first: row 0\) have an infinite value"):
        model.predict(endless)
    with pytest.raises(ValueError, match="infinite value"):
        RfmLogistic().fit(endless, y)

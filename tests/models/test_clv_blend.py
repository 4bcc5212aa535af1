"""Lifetime value from two sources: what each of them does, when it is one alone, and that money is but a unit."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.estimators import create
from models.estimators.clv import Clv
from models.estimators.clv_blend import ClvBlend
from models.metrics.amount import normalised_gini

HORIZON, LEARN = 140, 70
START = pd.Timestamp("2023-01-01")
CUTOFFS = [140, 168, 210, 238, 266, 280]
NOW = 350
QUICK: dict[str, Any] = {"learn_days": LEARN, "fewest_customers": 500, "rounds": 40}


def simulate(n: int = 900, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Simulate customers: days and amounts of their purchases, the first within 100 days.

    A third of them stays for good and the others leave soon, which a mark tells and the process can only guess at.
    """
    rng = np.random.default_rng(seed)
    people = []
    for number in range(n):
        rate, price = rng.gamma(1.5, 1 / 60), 40 / rng.gamma(4.0)
        life = rng.exponential(3000.0 if number % 3 == 0 else 60.0)
        days = [int(rng.integers(0, 100))]
        day = float(days[0])
        while True:
            day += 1 + rng.exponential(1 / rate)
            if day > min(days[0] + life, NOW + HORIZON):
                break
            days.append(int(day))
        people.append((np.array(days), rng.gamma(3.0, price / 3.0, len(days))))
    return people


def rows(people: list[tuple[np.ndarray, np.ndarray]], cutoff: int, *, days: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Sum customers up at a cutoff, and what they spent in the days after."""
    found = []
    for number, (at, paid) in enumerate(people):
        past, later = at < cutoff, (at >= cutoff) & (at < cutoff + days)
        if past.any():
            first, last = at[past].min(), at[past].max()
            rate = past.sum() * 30 / (cutoff - first)
            mean = paid[past].mean()
            row = (past.sum() - 1, last - first, cutoff - first, mean, rate, cutoff - last, number % 3 == 0)
            found.append((f"c{number:04}", *row, paid[later].sum()))
    columns = [*Clv.requires, "rate", "days_since_last", "mark"]
    table = pd.DataFrame(found, columns=["customer_id", *columns, "y"]).astype(dict.fromkeys(columns, float))
    table.insert(1, "cutoff", START + pd.Timedelta(days=cutoff))
    return table.drop(columns="y"), table["y"].to_numpy()


def examples(cutoffs: list[int] = CUTOFFS, *, n: int = 900) -> tuple[pd.DataFrame, pd.Series]:
    """Give the closed windows and, without outcomes, those asked about."""
    people = simulate(n)
    made = [rows(people, cutoff, days=LEARN) for cutoff in cutoffs]
    asked, _ = rows(people, NOW, days=HORIZON)
    y = np.concatenate([*(came for _, came in made), np.full(len(asked), np.nan)])
    return pd.concat([*(X for X, _ in made), asked], ignore_index=True), pd.Series(y)


def blend(**params: Any) -> ClvBlend:
    model = create("clv_blend", setting={"horizon_days": HORIZON}, **{**QUICK, **params})
    assert isinstance(model, ClvBlend)
    return model


@pytest.fixture(scope="module")
def data() -> tuple[pd.DataFrame, pd.Series]:
    return examples()


@pytest.fixture(scope="module")
def asked(data: tuple[pd.DataFrame, pd.Series]) -> pd.DataFrame:
    X, y = data
    return X[y.isna()].reset_index(drop=True)


@pytest.fixture(scope="module")
def model(data: tuple[pd.DataFrame, pd.Series]) -> ClvBlend:
    return blend().fit(*data)


def test_it_is_the_mean_of_pareto_nbd_and_of_the_trees(model: ClvBlend, asked: pd.DataFrame) -> None:
    assert model.learned_ is not None
    assert model.clv_.state() == Clv(HORIZON).fit(asked).state()
    alone, predicted = model.clv_.predict(asked), model.predict(asked)
    assert 0 < model.weight_ < 1
    learned = (predicted - (1 - model.weight_) * alone) / model.weight_
    assert (learned >= 0).all()
    stays, leaves = (model.predict(asked.assign(mark=mark)).sum() for mark in (1.0, 0.0))
    assert stays > 1.02 * leaves  # which the histories alone do not tell


def test_the_trees_total_is_pareto_nbd_s_corrected_by_what_it_was_off_by(
    data: tuple[pd.DataFrame, pd.Series], asked: pd.DataFrame
) -> None:
    X, y = data
    model = blend().fit(X, y)
    off_came = off_expected = 0.0
    for _, places in X[y.notna()].groupby("cutoff").indices.items():
        off_expected += Clv(LEARN).fit(X.iloc[places]).predict(X.iloc[places]).sum()
        off_came += y.iloc[places].sum()
    alone = model.clv_.predict(asked).sum()
    total = (1 - model.weight_) * alone + model.weight_ * alone * off_came / off_expected
    assert model.predict(asked).sum() == pytest.approx(total, rel=1e-5)


def test_it_ranks_better_than_pareto_nbd_alone_where_a_feature_tells_more(model: ClvBlend, asked: pd.DataFrame) -> None:
    _, came = rows(simulate(), NOW, days=HORIZON)
    found = [normalised_gini(came, told.predict(asked)) for told in (model, model.clv_)]
    assert found[0] > found[1] + 0.005


def test_three_past_cutoffs_that_could_be_forecast_decide_the_weight(data: tuple[pd.DataFrame, pd.Series]) -> None:
    """Windows of 70 days from days 140, 168, 210, 238, 266 and 280: those at 238, 266 and 280 come after two others."""
    model = blend().fit(*data)
    assert 0 <= model.weight_ <= 1
    assert model.note_.endswith("how much is what would have been best at 3 past cutoffs.")
    X, y = data
    fewer = (X["cutoff"] != START + pd.Timedelta(days=280)).to_numpy()
    half = blend().fit(X[fewer], y[fewer])
    assert half.weight_ == 0.5
    assert half.note_ == (
        "50% of it is learned from what came within 70 days of 5 cutoffs and told of 140 days by what Pareto/NBD "
        "expects; how much is a convention, as 2 past cutoff(s) could be forecast and a fit takes 3."
    )


def test_of_two_sources_the_worthless_one_loses_its_weight(data: tuple[pd.DataFrame, pd.Series]) -> None:
    """Trees that may not split once know nothing of customers: the past would have been best told without them."""
    assert blend(min_child_weight=1e9).fit(*data).weight_ < blend().fit(*data).weight_


@pytest.mark.parametrize(
    ("cutoffs", "params", "told"),
    [
        ([280], {}, "1 labelled window(s), and it takes 2"),
        (
            [],
            {},
            "0 labelled window(s), and it takes 2; 0 customers with outcomes, and it takes 500; nothing",
        ),
        (CUTOFFS, {"fewest_customers": 2000}, "900 customers with outcomes, and it takes 2000"),
    ],
)
def test_thin_data_make_it_fall_back_and_say_so(
    cutoffs: list[int], params: dict[str, Any], told: str, asked: pd.DataFrame
) -> None:
    people = simulate()
    made = [rows(people, cutoff, days=LEARN) for cutoff in cutoffs]
    X = pd.concat([*(X for X, _ in made), asked], ignore_index=True)
    y = pd.Series(np.concatenate([*(came for _, came in made), np.full(len(asked), np.nan)]))
    model = blend(**params).fit(X, y)
    assert told in model.note_
    assert model.note_.startswith("It fell back to Pareto/NBD x Gamma-Gamma alone and has learned from no outcome: ")
    assert model.predict(asked).tolist() == Clv(HORIZON).fit(asked).predict(asked).tolist()
    again = create("clv_blend", **model.get_params()).restore(model.state())
    assert again.predict(asked).tolist() == model.predict(asked).tolist()
    assert again.state() == model.state()
    assert "booster" not in model.state()


def test_two_windows_are_enough(asked: pd.DataFrame) -> None:
    X, y = examples([210, 280])
    assert blend().fit(X, y).learned_ is not None


def test_a_cutoff_so_early_that_nothing_can_be_fitted_is_no_window(data: tuple[pd.DataFrame, pd.Series]) -> None:
    """Three days in, hardly anyone has bought twice."""
    X, y = data
    early, came = rows(simulate(), 3, days=LEARN)
    both = blend().fit(pd.concat([early, X], ignore_index=True), pd.concat([pd.Series(came), y], ignore_index=True))
    assert both.state() == blend().fit(X, y).state()


def test_without_rows_to_ask_about_the_latest_cutoff_stands_for_them(data: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = data
    known = y.notna()
    model = blend().fit(X[known], y[known])
    latest = X[known & (X["cutoff"] == START + pd.Timedelta(days=280))]
    assert model.clv_.state() == Clv(HORIZON).fit(latest).state()


def test_twice_the_money_is_twice_the_value(
    data: tuple[pd.DataFrame, pd.Series], model: ClvBlend, asked: pd.DataFrame
) -> None:
    X, y = data
    twice = blend().fit(X.assign(mean_day_spend=2 * X["mean_day_spend"]), 2 * y)
    dear = asked.assign(mean_day_spend=2 * asked["mean_day_spend"])
    assert twice.predict(dear) == pytest.approx(2 * model.predict(asked), rel=1e-3)
    assert twice.weight_ == model.weight_


def test_what_grows_with_the_calendar_is_not_learned_from(
    data: tuple[pd.DataFrame, pd.Series], asked: pd.DataFrame
) -> None:
    X, y = data
    model = blend(elapsed=("rate",)).fit(X, y)
    assert model.features_ == ["mean_day_spend", "days_since_last", "mark"]
    odd = X.assign(rate=X["tenure_days"])
    assert blend(elapsed=("rate",)).fit(odd, y).state() == model.state()
    assert model.predict(asked.drop(columns="rate")).tolist() == model.predict(asked).tolist()


def test_outcomes_of_windows_matter_and_their_order_does_not(
    data: tuple[pd.DataFrame, pd.Series], model: ClvBlend, asked: pd.DataFrame
) -> None:
    X, y = data
    order = np.argsort(-X["cutoff"].to_numpy().astype("int64"), kind="stable")
    assert blend().fit(X.iloc[order], y.iloc[order]).predict(asked) == pytest.approx(model.predict(asked), rel=1e-12)
    assert blend().fit(X, y.where(y.isna(), y + 10)).predict(asked).sum() > model.predict(asked).sum()


def test_details_are_those_of_the_past_with_the_blend_s_value(model: ClvBlend, asked: pd.DataFrame) -> None:
    told, alone = model.details(asked), model.clv_.details(asked)
    assert told["clv"].tolist() == model.predict(asked).tolist()
    same = [each for each in alone if each not in ("clv", "low", "high")]
    pd.testing.assert_frame_equal(told[same], alone[same])
    moved = told["clv"] / alone["clv"]
    assert told["high"].to_numpy() == pytest.approx((alone["high"] * moved).to_numpy())
    assert (told["low"] <= told["high"]).all()


def test_the_horizon_is_learned_from_where_nothing_else_is_said(data: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = data
    plain = ClvBlend(LEARN, fewest_customers=500, rounds=40).fit(X, y)
    said = ClvBlend(LEARN, learn_days=LEARN, fewest_customers=500, rounds=40).fit(X, y)
    assert plain.state() == said.state()


def test_amounts_that_are_null_are_told_of_and_not_taken_for_thin_data(data: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = data
    broken = X.copy()
    broken.loc[broken.index[y.notna()][0], "mean_day_spend"] = np.nan
    with pytest.raises(ValueError, match="have purchase days but a null or infinite mean amount"):
        blend().fit(broken, y)

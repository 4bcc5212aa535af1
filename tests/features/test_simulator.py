"""The simulator: what it promises about its tables, and that its truth is the truth of its tables."""

from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.datasets.simulator import Simulation, simulate

START = pd.Timestamp("2024-01-01")
DAYS = 730
END = START + pd.Timedelta(days=DAYS)
DAY = pd.Timedelta(days=1)

COLUMNS = {
    "transactions": "customer_id:str time:datetime64[s] order_id:str product_id:str category:str quantity:int64 "
    "amount:float64 discount:float64 channel:str is_return:bool",
    "products": "product_id:str category:str price:float64 brand:str",
    "customers": "customer_id:str joined:datetime64[s] region:str age_band:str",
    "touches": "customer_id:str time:datetime64[s] campaign:str channel:str treatment:bool cost:float64",
    "events": "customer_id:str time:datetime64[s] kind:str",
    "subscriptions": "customer_id:str plan:str start:datetime64[s] end:datetime64[s] price:float64",
}
TRUTH = {
    "process": "r:float64 alpha:float64 s:float64 beta:float64",
    "customers": "customer_id:str lambda:float64 mu:float64 alive_until:datetime64[s] taste:str "
    "treatment_effect:float64",
    "season": "date:datetime64[s] multiplier:float64",
    "campaigns": "campaign:str time:datetime64[s] average_effect:float64",
    "categories": "category:str taste:str complement:str",
    "subscriptions": "customer_id:str hazard:float64",
}


@pytest.fixture(scope="module")
def big() -> Simulation:
    return simulate(20_000, seed=1)


@pytest.fixture(scope="module")
def small() -> Simulation:
    return simulate(1000, seed=2)


def types(frames: dict[str, pd.DataFrame]) -> dict[str, str]:
    return {name: " ".join(f"{key}:{kind}" for key, kind in df.dtypes.items()) for name, df in frames.items()}


def each(frame: pd.DataFrame) -> list[Any]:
    return list(frame.itertuples())


def orders(simulation: Simulation) -> pd.DataFrame:
    """One row an order, returns left out: customer_id, time."""
    bought = simulation.tables["transactions"].query("not is_return")
    return bought.drop_duplicates("order_id")[["customer_id", "time"]]


def people(simulation: Simulation) -> pd.DataFrame:
    """The truth by customer, with the time of the first order and the number of orders after it."""
    by_customer = orders(simulation).groupby("customer_id")["time"]
    truth = simulation.truth["customers"].set_index("customer_id")
    return truth.assign(first=by_customer.min(), repeats=by_customer.size() - 1)


def within(time: pd.Series, since: pd.Timestamp, until: pd.Timestamp) -> pd.Series:
    return time.mask(time < since, since).mask(time > until, until)


def exposure(simulation: Simulation, since: pd.Series, until: pd.Series) -> pd.Series:
    """Weeks between two times, each day weighed by its season."""
    weeks = np.concatenate([[0.0], simulation.truth["season"]["multiplier"].cumsum() / 7])
    since_days, until_days = ((within(time, START, END) - START) / DAY for time in (since, until))
    grid = np.arange(len(weeks))
    between = np.interp(until_days, grid, weeks) - np.interp(since_days, grid, weeks)
    return pd.Series(between, since.index).clip(lower=0.0)


def touched(simulation: Simulation) -> pd.DataFrame:
    """Touches with the true chance of an extra order and the number of orders in the 14 days that follow."""
    rows = simulation.tables["touches"].merge(simulation.truth["customers"], on="customer_id")
    rows["chance"] = rows["treatment_effect"].where(rows["alive_until"] > rows["time"], 0.0)
    joined = rows.reset_index().merge(orders(simulation), on="customer_id", suffixes=("", "_order"))
    follows = joined["time_order"].between(joined["time"], joined["time"] + 14 * DAY, inclusive="left")
    return rows.assign(orders=joined[follows].groupby("index").size().reindex(rows.index, fill_value=0))


# --- what every simulation keeps ---------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_tables(small: Simulation) -> None:
    again = simulate(1000, seed=2)
    for mine, other in ((small.tables, again.tables), (small.truth, again.truth)):
        assert mine.keys() == other.keys()
        for name in mine:
            pd.testing.assert_frame_equal(mine[name], other[name])


@pytest.mark.parametrize("name", COLUMNS)
def test_another_seed_gives_another_table(small: Simulation, name: str) -> None:
    assert not small.tables[name].equals(simulate(1000, seed=3).tables[name])


def test_names_and_types_are_fixed(small: Simulation) -> None:
    assert types(small.tables) == COLUMNS
    assert types(small.truth) == TRUTH


@pytest.mark.parametrize("days", [60, 61, 365])
def test_one_customer_is_enough(days: int) -> None:
    one = simulate(1, days=days)
    assert types(one.tables) == COLUMNS
    assert types(one.truth) == TRUTH
    assert one.tables["transactions"]["customer_id"].unique().tolist() == ["C0000001"]


@given(st.integers(1, 40), st.integers(60, 1500), st.dates(date(1980, 1, 1), date(2100, 1, 1)), st.integers(0, 2**40))
@settings(max_examples=40, derandomize=True, deadline=None)
def test_nothing_lies_outside_the_period(customers: int, days: int, first: date, seed: int) -> None:
    start = pd.Timestamp(first)
    made = simulate(customers, days=days, start=start, seed=seed)
    end = start + days * DAY
    for table in made.tables.values():
        for column in table.select_dtypes("datetime64"):
            times = table[column].dropna()
            assert ((times >= start) & (times < end)).all(), column
        assert table.drop(columns="end", errors="ignore").notna().all(axis=None)
    assert ((made.truth["campaigns"]["time"] >= start) & (made.truth["campaigns"]["time"] + 14 * DAY < end)).all()
    assert made.truth["season"]["date"].tolist() == [start + day * DAY for day in range(days)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"customers": 0}, "cannot simulate 0 customers; ask for 1 or more"),
        ({"days": 59}, "59 days are too few .* use 60 or more"),
        ({"seed": -1}, "the seed -1 is negative; use 0 or more"),
        ({"start": pd.Timestamp("2024-01-01", tz="UTC")}, "not a naive midnight; use start.tz_localize"),
        ({"start": pd.Timestamp("2024-01-01 06:00")}, "2024-01-01 06:00:00 is not a naive midnight"),
    ],
)
def test_a_bad_argument_says_what_to_do(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(**arguments)


# --- purchases ---------------------------------------------------------------------------------------------------


def test_rates_and_lifetimes_follow_the_process(big: Simulation) -> None:
    process, who = big.truth["process"].iloc[0], people(big)
    n = len(who)
    assert who["lambda"].mean() == pytest.approx(process.r / process.alpha, abs=4 * who["lambda"].std() / n**0.5)
    assert who["mu"].mean() == pytest.approx(process.s / process.beta, abs=4 * who["mu"].std() / n**0.5)
    for weeks in (1, 4, 13, 52, 104):
        alive = (who["alive_until"] - who["first"] > weeks * 7 * DAY).mean()
        share = (process.beta / (process.beta + weeks)) ** process.s  # Schmittlein, Morrison & Colombo 1987
        assert alive == pytest.approx(share, abs=4 * (share * (1 - share) / n) ** 0.5)


def test_customers_join_over_two_thirds_of_the_period_and_buy_then(big: Simulation) -> None:
    joined = big.tables["customers"].set_index("customer_id")["joined"]
    assert (people(big)["first"].dt.normalize() == joined).all()
    counts = np.bincount((joined - START).dt.days, minlength=486)
    assert len(counts) <= 487  # 730 × 2/3 = 486.67
    assert counts[:243].sum() == pytest.approx(20_000 * 243 / 486.67, abs=4 * (20_000 / 4) ** 0.5)


def test_nobody_buys_after_the_end_of_life(big: Simulation) -> None:
    bought = orders(big).merge(big.truth["customers"], on="customer_id")
    assert (bought["time"] < bought["alive_until"]).all()


def test_orders_are_as_many_as_rate_and_season_and_campaigns_say(big: Simulation) -> None:
    who = people(big)
    chances = touched(big).query("treatment").groupby("customer_id")["chance"].sum()
    who["expected"] = who["lambda"] * exposure(big, who["first"], who["alive_until"])
    who["expected"] += chances.reindex(who.index, fill_value=0.0)
    tenth = pd.qcut(who["lambda"], 10, labels=False)
    for _, group in who.groupby(tenth):
        expected = group["expected"].sum()
        assert group["repeats"].sum() == pytest.approx(expected, abs=4 * expected**0.5)


def test_heavy_customers_buy_at_their_own_rate(big: Simulation) -> None:
    who = people(big).query("treatment_effect == 0").nlargest(50, "lambda")
    weeks = exposure(big, who["first"], who["alive_until"])
    score = (who["repeats"] - who["lambda"] * weeks) / (who["lambda"] * weeks) ** 0.5
    assert score.abs().max() < 4
    gap = weeks.sum() / who["repeats"].sum()
    assert gap == pytest.approx(weeks.sum() / (who["lambda"] * weeks).sum(), rel=4 / who["repeats"].sum() ** 0.5)


def test_the_season_is_seen_in_the_months(big: Simulation) -> None:
    quiet = people(big).query("treatment_effect == 0")
    bought = orders(big).merge(quiet, left_on="customer_id", right_index=True).query("time > first")
    months = pd.date_range(START, END, freq="MS")
    per_week = {}
    for since, until in pairwise(months):
        begin, stop = within(quiet["first"], since, until), within(quiet["alive_until"], since, until)
        expected = (quiet["lambda"] * exposure(big, begin, stop)).sum()
        count = bought["time"].between(since, until, inclusive="left").sum()
        assert count == pytest.approx(expected, abs=4 * expected**0.5)
        flat = (quiet["lambda"] * (stop - begin).dt.total_seconds().clip(lower=0) / 604_800).sum()
        per_week[f"{since:%Y-%m}"] = count / flat
    assert per_week["2024-12"] > 1.5 * per_week["2024-06"]


def test_the_season_has_mean_one_and_peaks_before_christmas(big: Simulation) -> None:
    season = big.truth["season"].set_index("date")["multiplier"]
    assert season["2024-12-31":"2025-12-30"].mean() == pytest.approx(1.0, abs=1e-3)
    assert season["2025"].idxmax() == pd.Timestamp("2025-12-11")
    late = simulate(1, days=365, start=pd.Timestamp("2025-07-01")).truth["season"].set_index("date")["multiplier"]
    pd.testing.assert_series_equal(late[:"2025-12-30"], season["2025-07":], check_freq=False)


def test_lines_cost_what_the_product_costs(small: Simulation) -> None:
    price = small.tables["products"].set_index("product_id")
    seen = set()
    for row in each(small.tables["transactions"].query("not is_return")):
        assert row.category == price.loc[row.product_id, "category"]
        cents = round(100 * price.loc[row.product_id, "price"]) * row.quantity
        assert round(100 * row.amount) + round(100 * row.discount) == cents
        assert row.quantity >= 1
        assert 0 <= row.discount < row.amount
        assert (row.order_id, row.product_id) not in seen  # a basket holds a product once
        seen.add((row.order_id, row.product_id))


@pytest.mark.parametrize("column", ["amount", "discount"])
def test_money_has_two_decimals(big: Simulation, column: str) -> None:
    amount = big.tables["transactions"][column]
    assert (amount == amount.round(2)).all()


def test_orders_have_one_customer_time_and_channel(big: Simulation) -> None:
    lines = big.tables["transactions"]
    assert lines["time"].is_monotonic_increasing
    assert len(lines[["order_id", "customer_id", "time", "channel"]].drop_duplicates()) == lines["order_id"].nunique()


def test_a_return_gives_back_at_most_what_was_bought_before(small: Simulation) -> None:
    lines = small.tables["transactions"]
    back = lines[lines["is_return"]]
    assert len(back) > 200
    bought = {(row.order_id, row.product_id): row for row in each(lines[~lines["is_return"]])}
    for row in each(back):
        assert row.order_id.endswith("-R")
        source = bought[row.order_id.removesuffix("-R"), row.product_id]
        assert source.customer_id == row.customer_id
        assert source.time < row.time < source.time + 30 * DAY
        assert 1 <= row.quantity <= source.quantity
        assert -source.amount <= row.amount < 0
        assert row.discount == 0
    assert not back.duplicated(["order_id", "product_id"]).any()


def test_three_lines_in_a_hundred_come_back(big: Simulation) -> None:
    lines = big.tables["transactions"]
    back = lines[lines["is_return"]]
    early = lines[lines["time"] < END - 30 * DAY].query("not is_return")  # returns of the last 30 days are cut off
    returned = early["order_id"].add("-R") + early["product_id"]
    share = returned.isin(back["order_id"] + back["product_id"]).mean()
    assert share == pytest.approx(0.03, abs=4 * (0.03 / len(early)) ** 0.5)


# --- what is bought ----------------------------------------------------------------------------------------------


def test_every_category_has_products_and_sales(big: Simulation) -> None:
    names = set(big.truth["categories"]["category"])
    assert len(names) == 12
    assert set(big.tables["products"]["category"]) == set(big.tables["transactions"]["category"]) == names
    assert set(big.tables["products"]["brand"]) == {"own", "national"}
    assert (big.tables["products"]["price"] > 0).all()


def test_a_taste_buys_what_it_favours(big: Simulation) -> None:
    lines = big.tables["transactions"].merge(big.truth["customers"], on="customer_id")
    lines = lines.merge(big.truth["categories"], on="category", suffixes=("", "_of"))
    share = pd.crosstab(lines["taste"], lines["taste_of"], normalize="index")
    for taste in share.index:
        assert share.loc[taste, taste] > 2 * share[taste].drop(taste).max()


def test_complements_come_in_one_basket_beyond_taste(big: Simulation) -> None:
    truth = big.truth["categories"].set_index("category")["complement"]
    assert (truth[truth].to_numpy() == truth.index).all()  # pairs
    taste = big.truth["customers"].set_index("customer_id")["taste"]
    lines = big.tables["transactions"].query("not is_return")
    lines = lines[lines["customer_id"].map(taste) == "home"]
    baskets = lines.groupby("order_id")["category"].agg(set)
    with_meat = [("meat" in one) for one in baskets if "vegetables" in one]
    without = [("meat" in one) for one in baskets if "vegetables" not in one and len(one) > 1]
    assert np.mean(with_meat) > 1.5 * np.mean(without)


# --- campaigns and events ----------------------------------------------------------------------------------------


def test_campaigns_touch_everybody_known_and_treat_half(big: Simulation) -> None:
    first, touches = people(big)["first"], big.tables["touches"]
    campaigns = big.truth["campaigns"]
    assert len(campaigns) == 12
    assert campaigns["time"].diff().dropna().between(50 * DAY, 70 * DAY).all()
    for campaign, time in zip(campaigns["campaign"], campaigns["time"], strict=True):
        rows = touches[touches["campaign"] == campaign]
        assert set(rows["time"]) == {time}
        assert sorted(rows["customer_id"]) == sorted(first.index[first < time])
        assert rows["treatment"].mean() == pytest.approx(0.5, abs=4 * 0.5 / len(rows) ** 0.5)
    assert (touches.loc[~touches["treatment"], "cost"] == 0).all()
    assert (touches.loc[touches["treatment"], "cost"] > 0).all()
    assert set(touches["channel"]) == {"email", "post"}


def difference(rows: pd.DataFrame) -> tuple[float, float]:
    """Orders of the treated minus the control group's, a customer, and its standard error."""
    treated, control = rows.loc[rows["treatment"], "orders"], rows.loc[~rows["treatment"], "orders"]
    return treated.mean() - control.mean(), (treated.var() / len(treated) + control.var() / len(control)) ** 0.5


def test_treated_minus_control_is_the_true_effect(big: Simulation) -> None:
    rows = touched(big)
    for campaign, effect in big.truth["campaigns"].set_index("campaign")["average_effect"].items():
        one = rows[rows["campaign"] == campaign]
        assert effect == pytest.approx(one["chance"].mean(), abs=1e-12)
        estimate, error = difference(one)
        assert estimate == pytest.approx(effect, abs=4 * error)
    estimate, error = difference(rows)
    assert estimate == pytest.approx(rows["chance"].mean(), abs=4 * error)
    assert estimate > 8 * error


@pytest.mark.parametrize("taste", ["cook", "family", "home"])
def test_effects_differ_by_taste(big: Simulation, taste: str) -> None:
    rows = touched(big).query("taste == @taste")
    estimate, error = difference(rows)
    assert estimate == pytest.approx(rows["chance"].mean(), abs=4 * error)
    assert (rows["chance"].max() > 0) == (taste != "home")
    assert rows["chance"].between(0, 0.5).all()


def test_only_the_treated_open_emails(big: Simulation) -> None:
    events, touches = big.tables["events"], big.tables["touches"]
    assert events["time"].is_monotonic_increasing
    assert set(events["kind"]) == {"visit", "email_open"}
    opened = events[events["kind"] == "email_open"].merge(touches, on="customer_id", suffixes=("", "_sent"))
    fitting = opened[opened["time"].between(opened["time_sent"], opened["time_sent"] + 2 * DAY)]
    assert len(fitting) == (events["kind"] == "email_open").sum() > 0
    assert fitting["treatment"].all()
    assert set(fitting["channel"]) == {"email"}


# --- subscriptions -----------------------------------------------------------------------------------------------


def test_a_quarter_of_the_customers_hold_a_contract(big: Simulation) -> None:
    table, truth = big.tables["subscriptions"], big.truth["subscriptions"]
    assert sorted(truth["customer_id"]) == sorted(table["customer_id"].unique())
    assert len(truth) == pytest.approx(5000, abs=4 * (20_000 * 3 / 16) ** 0.5)
    assert table.groupby("plan")["price"].unique().map(list).to_dict() == {
        "basic": [9.99],
        "plus": [19.99],
        "premium": [39.99],
    }
    assert 0.2 < table["end"].isna().mean() < 0.5


def test_stays_in_a_plan_follow_each_other(small: Simulation) -> None:
    table = small.tables["subscriptions"]
    joined = small.tables["customers"].set_index("customer_id")["joined"]
    changes = comebacks = 0
    for customer, stays in table.groupby("customer_id"):
        held = each(stays)
        assert held[0].start > joined[customer]
        assert all(row.start < row.end for row in held[:-1])
        assert pd.isna(held[-1].end) or held[-1].start < held[-1].end
        for row, following in pairwise(held):
            if following.start == row.end:
                assert following.plan != row.plan
                changes += 1
            else:
                assert following.start - row.end >= 28 * DAY
                comebacks += 1
    assert changes > 20
    assert comebacks > 20


@pytest.mark.parametrize(("buys_still", "factor"), [(True, 1.0), (False, 3.0)])
def test_the_first_renewal_fails_at_the_true_hazard(big: Simulation, buys_still: bool, factor: float) -> None:
    table = big.tables["subscriptions"].merge(big.truth["customers"], on="customer_id")
    table = table.merge(big.truth["subscriptions"], on="customer_id")
    table["next"] = table.groupby("customer_id")["start"].shift(-1)
    first = table.drop_duplicates("customer_id")
    month_later = first["start"] + 31 * DAY
    right = first["alive_until"] > month_later if buys_still else first["alive_until"] <= first["start"]
    first = first[(month_later < END) & (right)]
    closed = first["end"] <= first["start"] + 31 * DAY
    changed = closed & (first["end"] == first["next"])
    hazard = (factor * first["hazard"]).clip(upper=0.9)
    for count, chance in ((closed & ~changed, hazard), (changed, 0 * hazard + 0.03)):
        assert count.sum() == pytest.approx(chance.sum(), abs=4 * (chance * (1 - chance)).sum() ** 0.5)


def test_a_contract_of_the_31st_falls_due_on_the_last_of_shorter_months() -> None:
    table = simulate(20_000, days=1000, seed=5).tables["subscriptions"]
    late = table[(table["start"].dt.day == 31) & table["end"].notna()]
    assert len(late) > 20
    assert (late["end"] + DAY).dt.day.isin([1]).all()

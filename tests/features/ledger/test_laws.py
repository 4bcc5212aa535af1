"""Whatever is sold, taken off, sent back and spent: the parts are the whole, and no part is off by a cent."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.costs import CostSheet
from features.engine.door import admit
from features.ledger import statement
from features.ledger.lines import STATEMENT, TITLES

MONEY = st.decimals(0, 2000, places=4)
RATE = st.decimals(0, 9, places=4)
SHARE = st.decimals(0, 1, places=4)
CHANNELS = st.sampled_from(["web", "store", None])
DAYS = st.integers(0, 400).map(lambda day: pd.Timestamp("2024-12-15") + pd.Timedelta(days=day))


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    back = draw(st.booleans())
    amount = draw(MONEY)
    return {
        "customer_id": draw(st.sampled_from("abcd")),
        "time": draw(DAYS),
        "amount": -amount if back else amount,
        "discount": draw(st.none() | MONEY),
        "coupon": draw(st.none() | MONEY),
        "cost": draw(st.none() | MONEY),
        "channel": draw(CHANNELS),
        "is_return": back,
    }


@st.composite
def sheets(draw: st.DrawFn) -> CostSheet:
    def rates(each: st.SearchStrategy[Decimal]) -> dict[str, Any]:
        return {"default": draw(each), "channels": {"web": draw(each)}}

    spent = {"channel": "web", "since": "2025-01-01", "until": "2025-03-01", "amount": draw(MONEY)}
    return CostSheet.model_validate(
        {
            "title": "drawn",
            "decimals": draw(st.integers(0, 4)),
            "since": "2025-01-01",
            "until": "2025-12-01",
            "coupons": draw(st.sampled_from(["ours", "reimbursed"])),
            "product": {
                "share": draw(SHARE),
                "of": draw(st.sampled_from(["net", "gross"])),
                "resold": draw(SHARE),
            },
            "payment": rates(SHARE),
            **{name: rates(RATE) for name in ("order", "returned", "contact")},
            "service": {"customer_year": draw(RATE), "events": {"call": draw(RATE)}},
            "administration": {
                "amount": draw(MONEY),
                "by": draw(st.sampled_from(["net_revenue", "orders", "customers"])),
            },
            "acquisition": [spent],
            "not_attributed": {"rent": draw(MONEY)},
        }
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(lines(), min_size=1, max_size=12), sheets())
def test_customers_and_nobody_are_the_company(rows: list[dict[str, Any]], sheet: CostSheet) -> None:
    made = statement(admit("drawn", {"transactions": pd.DataFrame(rows)}, end=pd.Timestamp("2026-03-01")), sheet)
    for name in TITLES:
        assert int(made.customers[name].sum()) + made.nobody[name] == made.company[name]
    for subtotal, parts in STATEMENT.items():
        assert sum(made.company[part] for part in parts) == made.company[subtotal]
        assert made.customers[list(parts)].sum(axis=1).equals(made.customers[subtotal])
    cent = 10**sheet.decimals
    for customer, exact in _exact(rows, sheet).items():
        for name, value in exact.items():
            assert abs(made.customers.loc[customer, name] - value * cent) < 1
    assert sheet.administration is not None
    assert made.company["administration"] == -round(sheet.administration.amount * cent)


def _exact(rows: list[dict[str, Any]], sheet: CostSheet) -> dict[str, dict[str, Fraction]]:
    """Reckon some lines of each customer line by line, as fractions."""
    told: dict[str, dict[str, Fraction]] = {}
    orders = set()
    for row in rows:
        if not pd.Timestamp("2025-01-01") <= row["time"] < pd.Timestamp("2025-12-01"):
            continue
        names = ("net_revenue", "discounts", "product_cost", "payment_cost", "order_cost")
        own = told.setdefault(row["customer_id"], dict.fromkeys(names, Fraction(0)))
        amount, coupon = Fraction(row["amount"]), Fraction(row["coupon"] or 0)
        off = coupon if row["discount"] is None else max(Fraction(row["discount"]), coupon)
        own["net_revenue"] += amount
        own["product_cost"] -= _cost(row, amount, off, coupon, sheet)
        if row["is_return"]:
            continue
        own["discounts"] -= off - coupon
        own["payment_cost"] -= amount * _rate(sheet.payment, row["channel"])
        orders.add((row["customer_id"], row["time"]))
    for customer, day in orders:
        through = [
            row["channel"]
            for row in rows
            if (row["customer_id"], row["time"]) == (customer, day) and not row["is_return"]
        ]
        told[customer]["order_cost"] -= _rate(sheet.order, min((each for each in through if each), default=None))
    return told


def _cost(row: dict[str, Any], amount: Fraction, off: Fraction, coupon: Fraction, sheet: CostSheet) -> Fraction:
    if row["cost"] is not None:
        return Fraction(row["cost"])
    given_away = off if sheet.coupons == "ours" else off - coupon
    gross = amount - given_away if row["is_return"] else amount + given_away
    base = amount if sheet.product.of == "net" else gross
    share = sheet.product.share or Decimal(0)
    return base * Fraction(round(share * sheet.product.resold, 4) if row["is_return"] else share)


def _rate(rates: Any, channel: str | None) -> Fraction:
    return Fraction(rates.channels.get(channel, rates.default))

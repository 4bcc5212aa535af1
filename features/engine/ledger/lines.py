"""The lines of a history with what each brings and costs, as SQL over rows of transactions.

Gross is what a line would have brought without what was taken off: its amount and the discount. A coupon is a part of
the discount (one above it is all of it); where a maker pays it back it was never ours to give, and the amount has it
in. Of a return the statement has the amount alone; where products cost a share of the gross amount, what was taken off
when it was sold goes back with it, whatever sign the till gives it: gross is then amount − |discount|. Costs are
positive here: what a statement makes of their sign is not the lines' business.
"""

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Final

from configs.costs import CostSheet, Rates, Shares
from features.engine.render import text
from features.tables import MONEY

RATE: Final = "DECIMAL(38, 4)"
"""Costs of one thing, and shares: so wide that no amount times one overflows."""
OPTIONAL: Final = {
    "discount": MONEY,
    "coupon": MONEY,
    "cost": MONEY,
    "channel": "VARCHAR",
    "order_id": "VARCHAR",
}
"""Columns that lines may lack: they are empty then."""
TOO_LARGE: Final = "NOT is_return AND coupon > 0 AND coupon > discount"
"""Where a coupon is more than the discount that it is a part of."""


def decimal(value: Decimal | None) -> str:
    """Write a rate; an unknown one is null."""
    return f"CAST({'NULL' if value is None else format(value, 'f')} AS {RATE})"


def by_name(column: str, named: Iterable[tuple[str, Decimal]], default: Decimal | None) -> str:
    """Choose a rate by what stands in a column."""
    cases = "".join(f" WHEN {column} = {text(name)} THEN {decimal(rate)}" for name, rate in named)
    return f"CASE{cases} ELSE {decimal(default)} END" if cases else decimal(default)


def by_channel(rates: Rates | Shares, column: str = "channel") -> str:
    """Choose a rate by the channel that stands in a column."""
    return by_name(column, rates.channels.items(), rates.default)


def with_optional(columns: Collection[str], source: str) -> str:
    """Give rows of transactions with every column that lines may lack, and the order that each is part of.

    Lines without an order id are an order of their day.
    """
    lacking = "".join(f", CAST(NULL AS {type_}) AS {name}" for name, type_ in OPTIONAL.items() if name not in columns)
    order = "coalesce(order_id, CAST(CAST(time AS DATE) AS VARCHAR)) AS order_key"
    return f"SELECT *, {order} FROM (SELECT *{lacking} FROM {source})"


def valued(sheet: CostSheet, rows: str) -> str:
    """Add to rows (of `with_optional`) what each line brings and costs.

    `assumed` is the amount of what was bought whose product cost is the sheet's share. A return takes no fee back; its
    product cost is negative, as its amount is: what goes back on the shelf.
    """
    share, product = sheet.product.share, sheet.product
    off = f"CASE WHEN {TOO_LARGE} THEN coupon ELSE coalesce(discount, coupon, 0) END"
    ours = "coalesce(coupon, 0)" if sheet.coupons == "ours" else "0"
    back = "greatest(abs(discount), abs(coupon), 0)" + (
        "" if sheet.coupons == "ours" else " - abs(coalesce(coupon, 0))"
    )
    gross = f"CASE WHEN is_return THEN amount - ({back}) ELSE amount + {off} - coalesce(coupon, 0) + {ours} END"
    base = "amount" if product.of == "net" else f"({gross})"
    returned = None if share is None else round(share * product.resold, 4)
    by_share = f"{base} * CASE WHEN is_return THEN {decimal(returned)} ELSE {decimal(share)} END"
    return f"""SELECT *,
        CASE WHEN is_return THEN 0 ELSE {off} - coalesce(coupon, 0) END AS discounts,
        CASE WHEN is_return THEN 0 ELSE {ours} END AS coupons,
        CASE WHEN is_return THEN -amount ELSE 0 END AS returns,
        coalesce(cost, {by_share}) AS product_cost,
        CASE WHEN is_return THEN 0 ELSE amount * {by_channel(sheet.payment)} END AS payment_cost,
        CASE WHEN cost IS NULL AND NOT is_return THEN amount ELSE 0 END AS assumed
        FROM ({rows})"""

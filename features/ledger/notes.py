"""What a reader of a statement should know: assumptions, and what looks odd."""

from collections.abc import Iterator

from configs.costs import CostSheet
from features.engine.ledger.checks import odd_lines
from features.engine.ledger.sums import Sums
from features.history import History
from features.ledger.period import Period


def notes(history: History, found: Sums, sheet: CostSheet, period: Period) -> Iterator[str]:
    """Say how much product cost is assumed, which returns are odd, and of which days totals say nothing."""
    if assumed := found.company["assumed"]:
        bought, product = found.company["net_revenue"] + found.company["returns"], sheet.product
        yield (
            f"product cost is an assumption for {assumed:,.2f} of {bought:,.2f} that was bought: lines without a cost "
            f"of their own cost {product.share:f} of their {product.of} amount"
        )
    yield from _odd(*odd_lines(history, since=period.since, until=period.until))
    if sheet.since is not None and sheet.until is not None and (sheet.administration or sheet.not_attributed):
        since, until = period.since.date(), period.until.date()
        if since < sheet.since or until > sheet.until:
            yield f"administration and what is not attributed are of {sheet.since} to {sheet.until}, and nothing beyond"


def _odd(amounts: int, costs: int, coupons: int) -> Iterator[str]:
    """Say how many lines speak against their own columns, and how these are taken."""
    if amounts:
        yield f"{amounts:,} returns have an amount above 0 and raise revenue: a return's amount is negative"
    if costs:
        yield f"{costs:,} returns have a cost above 0 and raise product cost: a return's cost is negative"
    if coupons:
        yield (
            f"{coupons:,} lines have a coupon above their discount, which coupons are a part of: such a discount is "
            "taken to be the coupon; where yours leaves coupons out, add them to it"
        )

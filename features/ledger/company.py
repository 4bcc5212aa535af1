"""The company's figures: from the sums over all postings and from the sheet, without looking at single customers."""

from decimal import Decimal

from configs.costs import CostSheet
from features.engine.ledger.sums import Sums
from features.ledger.cents import cents
from features.ledger.period import Period, cents_of_period

POSTED = ("discounts", "coupons", "product_cost", "order_cost", "payment_cost", "return_cost", "contact_cost")
"""Costs that postings tell of, above 0; in the statement they are below."""


def yearly(sheet: CostSheet, period: Period) -> Decimal:
    """Give what serving a customer costs in the period, to four decimals."""
    return round(sheet.service.customer_year * period.years, 4)


def company_lines(found: Sums, sheet: CostSheet, period: Period) -> dict[str, int]:
    """Give the company's lines, in cents. Gross revenue is what net revenue would be without what was taken off."""
    posted = {name: -cents(found.company[name], decimals=sheet.decimals) for name in (*POSTED, "returns")}
    net = cents(found.company["net_revenue"], decimals=sheet.decimals)
    served = found.company["service_cost"] + found.active * yearly(sheet, period)
    admin = sheet.administration
    return {
        **posted,
        "gross_revenue": net - posted["discounts"] - posted["coupons"] - posted["returns"],
        "service_cost": -cents(served, decimals=sheet.decimals),
        "acquisition_cost": -sum(period.cents_of(each, sheet.decimals) for each in sheet.acquisition),
        "administration": 0 if admin is None else -cents_of_period(admin.amount, sheet, period),
        "other_cost": -sum(cents_of_period(each, sheet, period) for each in sheet.not_attributed.values()),
    }

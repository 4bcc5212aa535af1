"""How widely a customer's lines are spread over categories and products, and what is new to them.

Variety seeking as a predictor: Buckinx and Van den Poel (2005), "Customer base analysis: partial defection of
behaviourally loyal clients in a non-contractual FMCG retail setting". Needs category and product_id.
"""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def category_entropy(e: Events) -> Number:
    """Shannon's (1948) entropy of the lines' categories; 0 is all of one. Unit: nats."""
    return e["category"].entropy()


@feature()
def top_category_share(e: Events) -> Number:
    """Share of the category bought most among the lines that have a category. Unit: share."""
    return e["category"].top_share()


@feature(empty=0)
def new_categories_91d(e: Events) -> Number:
    """Categories bought for the first time within the last 91 days. Unit: categories."""
    return e["category"].distinct() - e.before(91)["category"].distinct()


@feature()
def new_category_share_91d(e: Events) -> Number:
    """Share of the categories of the last 91 days that were never bought before them. Unit: share."""
    ever, before = e["category"].distinct(), e.before(91)["category"].distinct()
    return (ever - before) / e.within(91)["category"].distinct()


@feature(empty=0, drift="elapsed")
def products_ever(e: Events) -> Number:
    """Different products bought so far. Unit: products."""
    return e["product_id"].distinct()


@feature(drift="elapsed")
def product_repeat_share(e: Events) -> Number:
    """Share of lines whose product had been bought in a line before; lines without one do not count. Unit: share."""
    return 1 - e["product_id"].distinct() / e.where(e["product_id"] != "").count()

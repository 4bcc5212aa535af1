"""Discounts larger than what they are taken off."""

from collections.abc import Iterator

from features.usability.checks import row_check, whole_check
from features.usability.evidence import Evidence, shown
from features.usability.fault import Fault
from features.usability.sheet import Sheet


@row_check
def discount_above_amount(sheet: Sheet) -> Iterator[Fault]:
    """Discounts larger than the amount, where the policy says that amounts are before discount."""
    if sheet.policy.discounts == "out" and sheet.has("amount", "discount"):
        amount, discount = sheet.value("amount"), sheet.value("discount")
        condition = f"{discount} > {amount} AND {amount} >= 0 AND NOT {sheet.returned}"
        advice = "say policy discounts = 'in' if amounts are what was paid, else mend these rows"
        yield Fault("error", sheet.name, "discount", "is larger than the amount", advice, condition, rejectable=True)


@whole_check
def discount_above_price(evidence: Evidence) -> Iterator[Fault]:
    """Discounts larger than the price in products times the quantity.

    Without a price this cannot be seen where amounts are net: amount and discount then add up to the price.
    """
    sales, products = evidence.sheets.get("transactions"), evidence.sheets.get("products")
    if sales is None or products is None or "price" not in products.raw.types:
        return
    if sales.has("product_id", "discount") and products.has("product_id"):
        found = evidence.one(_above(sales, products))
        if found["rows"]:
            advice = "look whether a discount is a share, is of the whole order, or has lost its decimal point"
            what, rows = "is larger than the product's price times the quantity", int(found["rows"])
            example = shown(found["line"])
            yield Fault("warning", sales.name, "discount", what, advice, rows=rows, example=example)


def _above(sales: Sheet, products: Sheet) -> str:
    quantity = f"greatest(coalesce({sales.value('quantity')}, 1), 1)" if sales.has("quantity") else "1"
    prices = (
        f"SELECT {products.value('product_id')} AS product, max(TRY_CAST(price AS DOUBLE)) AS price "
        f"FROM {products.relation} GROUP BY 1"
    )
    lines = (
        f"SELECT {sales.value('product_id')} AS product, {sales.value('discount')} AS discount, "
        f"{quantity} AS quantity, {sales.row('discount')} AS line "
        f"FROM {sales.relation} WHERE {sales.value('discount')} > 0"
    )
    return (
        f"SELECT count(*) AS rows, min(line) AS line FROM ({lines}) JOIN ({prices}) USING (product) "
        "WHERE discount > price * quantity"
    )

"""At which prices a customer buys: price level, discounts, coupons."""

from features.concepts import words
from features.concepts.concept import Told, concept


@concept(title="Price level", features=("price_level", "price_level_change", "private_label", "margin"), movable=True)
def price(told: Told) -> str | None:
    """What the customer pays for an item, and what is earned by it."""
    match told.feature, told.value:
        case "price_level", float(amount):
            return f"pays {told.money(amount)} an item{told.usual(told.money)}"
        case "price_level_change", float(ratio):
            return f"in the last 91 days, paid {words.change(ratio)} before for an item"
        case "private_label_share", float(share):
            return f"{words.percent(share)} of the spend goes to own brands{told.usual(words.percent)}"
        case "margin_share", float(share):
            return f"{words.percent(share)} of the spend is margin{told.usual(words.percent)}"
    return None


@concept(title="Discounts", features=("discount", "full_price_share"), movable=True)
def discounts(told: Told) -> str | None:
    """How much the customer buys on discount."""
    match told.feature, told.value:
        case "discount_share", float(share):
            return f"saves {words.percent(share)} by discounts{told.usual(words.percent)}"
        case "discounted_lines_share", float(share):
            return f"{words.percent(share)} of basket lines are on discount{told.usual(words.percent)}"
        case "full_price_share", float(share):
            return f"{words.percent(share)} of the spend is at full price{told.usual(words.percent)}"
    return None


@concept(title="Coupons", features=("coupons",), movable=True)
def coupons(told: Told) -> str | None:
    """How much the customer uses coupons."""
    match told.stem, told.value:
        case "coupon_share", float(share):
            return f"saves {words.percent(share)} by coupons{told.usual(words.percent)}"
        case "coupon_redemptions", float(count):
            return f"redeemed {words.some(count, 'coupon')} {told.when}{told.usual(words.number)}"
    return None

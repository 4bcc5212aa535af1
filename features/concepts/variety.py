"""How wide a customer buys."""

from features.concepts import words
from features.concepts.concept import Told, concept


@concept(
    title="Variety",
    features=("categories", "categories_ever", "variety", "top_category"),
    movable=True,
)
def variety(told: Told) -> str | None:
    """How many categories and products the customer buys, and how new they are."""
    favourite = told.text()
    if favourite is not None:
        return f"buys {favourite} the most"
    return _categories(told) or _products(told)


def _categories(told: Told) -> str | None:
    match told.stem, told.value:
        case (("categories" | "categories_ever"), float(count)):
            when = told.when
            return f"bought from {words.some(count, 'category', 'categories')} {when}{told.usual(words.number)}"
        case "category_entropy", float(nats):
            return f"spreads over about {words.count(words.effective(nats), 'category', 'categories')}"
        case "top_category_share", float(share):
            return f"{words.percent(share)} of purchases are of one category{told.usual(words.percent)}"
        case "new_categories", float(count):
            return f"tried {words.some(count, 'new category', 'new categories')} {told.when}"
        case "new_category_share", float(share):
            return f"{words.percent(share)} of the categories bought {told.when} were new"
    return None


def _products(told: Told) -> str | None:
    match told.feature, told.value:
        case "products_ever", float(count):
            return f"bought {words.some(count, 'different product')} so far{told.usual(words.number)}"
        case "product_repeat_share", float(share):
            return f"{words.percent(share)} of basket lines are products bought before{told.usual(words.percent)}"
    return None


@concept(title="Interest in the category", features=("affinity",), movable=True)
def interest(told: Told) -> str | None:
    """What the customer has to do with the category that is asked about."""
    match told.stem, told.value:
        case "category_purchase_days", 0.0:
            return "category not bought so far"
        case "category_purchase_days", float(days):
            return f"category bought on {words.days(days)} so far{told.usual(words.number)}"
        case "category_bought", float(bought):
            return f"category {'' if bought else 'not '}bought {told.when}"
        case "category_spend", float(amount):
            return f"spent {told.money(amount)} on the category so far{told.usual(told.money)}"
        case "category_days_since_last", None:
            return "category not bought so far"
        case "category_days_since_last", float(days):
            return f"category last bought {words.ago(days)}"
    return None

"""What a customer spends."""

from features.concepts import words
from features.concepts.concept import Told, concept


@concept(
    title="Spend",
    features=("spend", "spend_decayed", "spend_rate", "monetary_value", "mean_day_spend"),
    movable=True,
)
def spend(told: Told) -> str | None:
    """How much the customer spends."""
    match told.stem, told.value:
        case "spend", 0.0:
            return f"spent nothing {told.when}"
        case "spend", float(amount):
            return f"spent {told.money(amount)} {told.when}{told.usual(told.money)}"
        case "spend_decayed", float(amount):
            return f"spent about {told.money(amount)} recently{told.usual(told.money)}"
        case "spend_rate", float(amount):
            return f"spends about {told.money(amount)} a month{told.usual(told.money)}"
        case "monetary_value", 0.0:
            return "nothing spent on repeat purchases so far"
        case "monetary_value", float(amount):
            return f"spends {told.money(amount)} on a repeat purchase day{told.usual(told.money)}"
        case "mean_day_spend", None:
            return "no purchase so far"
        case "mean_day_spend", float(amount):
            return f"spends {told.money(amount)} on a purchase day{told.usual(told.money)}"
    return None


@concept(
    title="Basket",
    features=("basket", "lines_per_day", "median_line_amount", "items", "items_rate"),
    movable=True,
)
def basket(told: Told) -> str | None:
    """How large the customer's baskets are, and how alike."""
    return _items(told) or _worth(told)


def _items(told: Told) -> str | None:
    match told.stem, told.value:
        case "lines_per_day", float(lines):
            return f"{words.count(lines, 'line')} in a day's basket{told.usual(words.number)}"
        case "lines_per_day_std", float(lines):
            return f"the size of a day's basket varies by {words.count(lines, 'line')}{told.usual(words.number)}"
        case "items_per_line", float(items):
            return f"takes {words.count(items, 'item')} of a product at a time{told.usual(words.number)}"
        case "items", float(items):
            return f"bought {words.some(items, 'item')} {told.when}{told.usual(words.number)}"
        case "items_rate", float(items):
            return f"buys about {words.count(items, 'item')} a month{told.usual(words.number)}"
        case (("lines_per_day_std" | "day_spend_std" | "day_spend_cv" | "line_amount_std"), None):
            return "too few purchases to tell how baskets vary"
    return None


def _worth(told: Told) -> str | None:
    match told.stem, told.value:
        case "line_amount_mean", float(amount):
            return f"a basket line is worth {told.money(amount)} on average{told.usual(told.money)}"
        case "line_amount_std", float(amount):
            return f"the worth of a basket line varies by {told.money(amount)}{told.usual(told.money)}"
        case "line_amount_max", float(amount):
            return f"the most expensive basket line was {told.money(amount)}{told.usual(told.money)}"
        case "median_line_amount", float(amount):
            return f"half of the basket lines are worth {told.money(amount)} or less{told.usual(told.money)}"
        case "day_spend_std", float(amount):
            return f"the spend of a purchase day varies by {told.money(amount)}{told.usual(told.money)}"
        case "day_spend_cv", float(ratio):
            return _alike(ratio)
    return None


def _alike(ratio: float) -> str:
    if ratio < 0.4:
        return "baskets are worth much the same each time"
    return "baskets vary in worth" if ratio <= 1 else "a few baskets are worth far more than the others"

"""How often a customer buys, and in what rhythm."""

from features.concepts import words
from features.concepts.concept import Told, concept


@concept(
    title="Purchase frequency",
    features=(
        "frequency",
        "purchase_days",
        "purchase_days_decayed",
        "purchase_days_rate",
        "orders_ever",
        "opportunities",
    ),
    movable=True,
)
def frequency(told: Told) -> str | None:
    """How often the customer buys."""
    match told.stem, told.value:
        case "purchase_days", 0.0:
            return f"no purchase {told.when}"
        case "purchase_days", float(days):
            return f"{words.count(days, 'purchase day')} {told.when}{told.usual(words.number)}"
        case "frequency", 0.0:
            return "no repeat purchase so far"
        case "frequency", float(days):
            return f"bought again on {words.days(days)} so far{told.usual(words.number)}"
        case "purchase_days_decayed", float(days) if days < 0.05:
            return "hardly any recent purchase"
        case "purchase_days_decayed", float(days):
            return f"about {words.count(days, 'recent purchase day')}{told.usual(words.number)}"
        case "purchase_days_rate", float(days):
            return f"about {words.count(days, 'purchase day')} a month{told.usual(words.number)}"
        case "repeat_periods", float(periods):
            length = told.feature.removeprefix("repeat_periods_").removesuffix("d")
            return f"bought again in {words.count(periods, 'period')} of {length} days so far{told.usual(words.number)}"
        case "orders_ever", float(orders):
            return f"{words.some(orders, 'order')} so far{told.usual(words.number)}"
    return None


@concept(title="Purchase rhythm", features=("gaps", "regularity"), movable=True)
def rhythm(told: Told) -> str | None:
    """The time between purchases, and how regular it is."""
    match told.feature, told.value:
        case (("gap_mean" | "gap_max" | "gap_last"), None):
            return "no repeat purchase so far"
        case (("gap_std" | "gap_cv" | "gap_last_ratio"), None):
            return "too few purchases to tell a rhythm"
        case "gap_mean", float(days):
            return f"{words.days(days)} between purchases on average{told.usual(words.days)}"
        case "gap_std", float(days):
            return f"the time between purchases varies by {words.days(days)}{told.usual(words.days)}"
        case "gap_max", float(days):
            return f"the longest break between purchases was {words.days(days)}{told.usual(words.days)}"
        case "gap_last", float(days):
            return f"the last two purchases were {words.days(days)} apart"
        case "gap_last_ratio", float(ratio):
            return f"the last break between purchases was {words.times(ratio, 'the mean one')}"
        case "gap_cv", float(ratio):
            return _regular(ratio)
    return None


def _regular(ratio: float) -> str:
    """Say how regular gaps are by their standard deviation over their mean, 1 where purchases fall at random."""
    if ratio < 0.5:
        return "buys at regular intervals"
    return "buys at varying intervals" if ratio <= 1.2 else "buys in bursts with long breaks"

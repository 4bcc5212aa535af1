"""Whether a customer fades or grows."""

from features.concepts import words
from features.concepts.concept import Told, concept


@concept(title="Trend", features=("trend", "spend_trend"), movable=True)
def trend(told: Told) -> str | None:
    """The last weeks against the customer's own time before."""
    match told.feature, told.value:
        case (("purchase_days_change" | "spend_change" | "day_spend_change"), None):
            return "too few purchases to tell a trend"
        case "spend_trend", None:
            return "spent nothing in the last 91 days"
        case "spend_trend", float(share):
            steady = words.percent(28 / 91)
            return f"{words.percent(share)} of the last 91 days' spend fell in the last 28 ({steady} would be steady)"
        case (("purchase_days_change" | "spend_change"), 0.0):
            return "nothing bought in the last 28 days, after purchases in the 63 days before"
        case "purchase_days_change", float(ratio):
            return f"in the last 28 days, bought {words.change(ratio, much='often')} in the 63 days before"
        case "spend_change", float(ratio):
            return f"in the last 28 days, spent {words.change(ratio)} in the 63 days before, day for day"
        case "day_spend_change", float(ratio):
            return f"in the last 91 days, spent {words.change(ratio)} before on a purchase day"
    return None

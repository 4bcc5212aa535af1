"""What a customer brings back."""

from features.concepts import words
from features.concepts.concept import Told, concept


@concept(title="Returns", features=("returns",), movable=True)
def returns(told: Told) -> str | None:
    """What the customer brings back of what they bought."""
    match told.feature, told.value:
        case (("returned_lines" | "returned_share"), 0.0) | ("days_since_last_return", None):
            return "nothing returned so far"
        case "returned_lines", float(lines):
            return f"returned {words.count(lines, 'basket line')} so far{told.usual(words.number)}"
        case "returned_share", float(share):
            return f"returned {words.percent(share)} of what was bought, by worth{told.usual(words.percent)}"
        case "days_since_last_return", float(days):
            return f"last return {words.ago(days)}"
    return None

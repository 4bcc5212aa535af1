"""How long a customer has not bought."""

from features.concepts import words
from features.concepts.concept import Told, concept


@concept(title="Silence", features=("days_since_last", "recency_share", "silence_ratio"), movable=True)
def silence(told: Told) -> str | None:
    """Time since the last purchase, against the customer's own rhythm."""
    days, usual = told.of("days_since_last"), _usual(told)
    if days is None:
        return _without_days(told)
    if days <= (7 if usual is None else usual):
        return f"last purchase {words.ago(days)}" + ("" if usual is None else f", usually every {_every(usual)}")
    said = f"no purchase for {words.days(days)}"
    if usual is None:
        return said
    every = _every(usual)
    return f"{said}, usually every {every.removesuffix(' days') if said.endswith(' days') else every}"


def _usual(told: Told) -> float | None:
    """Give the mean time between purchases, told by itself or by silence as its multiple."""
    mean, days, ratio = told.of("gap_mean"), told.of("days_since_last"), told.of("silence_ratio")
    if mean is None and days and ratio:
        return days / ratio
    return mean


def _every(usual: float) -> str:
    said = words.days(usual)
    return "day" if said == "1 day" else said


def _without_days(told: Told) -> str | None:
    match told.feature, told.value:
        case "days_since_last", None:
            return "no purchase so far"
        case "silence_ratio", float(ratio):
            return f"no purchase for {words.times(ratio, 'the usual time between purchases')}"
        case "recency_share", float(share):
            return f"no purchase in the last {words.percent(share)} of the time as a customer"
    return None

"""Where and when a customer buys."""

from features.concepts import words
from features.concepts.concept import Told, concept


@concept(title="Channel and store", features=("channel", "store"), movable=True)
def channel(told: Told) -> str | None:
    """In which channels and stores the customer buys."""
    match told.feature, told.value:
        case "web_share", float(share):
            return f"{words.percent(share)} of basket lines are bought on the web{told.usual(words.percent)}"
        case "channels", float(count):
            return f"has bought in {words.count(count, 'channel')}{told.usual(words.number)}"
        case "top_channel_share", float(share):
            return f"{words.percent(share)} of basket lines are bought in one channel{told.usual(words.percent)}"
        case "stores", float(count):
            return f"has bought in {words.count(count, 'store')}{told.usual(words.number)}"
        case "top_store_share", float(share):
            return f"{words.percent(share)} of basket lines are bought in one store{told.usual(words.percent)}"
    return None


@concept(title="Day and hour", features=("clock",), movable=False)
def clock(told: Told) -> str | None:
    """On which days of the week and at which hours the customer buys."""
    match told.feature, told.value:
        case "weekend_share", float(share):
            return f"{words.percent(share)} of basket lines are bought at weekends{told.usual(words.percent)}"
        case "morning_share", float(share):
            return f"{words.percent(share)} of basket lines are bought before noon{told.usual(words.percent)}"
        case "evening_share", float(share):
            return f"{words.percent(share)} of basket lines are bought from 18:00 on{told.usual(words.percent)}"
        case "hour_mean", float(hour):
            return f"buys at about {round(hour)}:00 on average"
        case "weekday_entropy", float(nats):
            return f"spreads purchases over about {words.count(words.effective(nats), 'day')} of the week"
    return None

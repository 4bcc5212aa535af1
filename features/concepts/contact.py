"""What goes on between purchases: visits, e-mails read, messages received, the occasion of the question."""

from features.concepts import words
from features.concepts.concept import Told, concept
from features.concepts.profile import column_value


@concept(title="Visits", features=("visits",), movable=True)
def visits(told: Told) -> str | None:
    """How often the customer visits the site or the app."""
    match told.stem, told.value:
        case "visits", float(count):
            return f"{words.some(count, 'visit')} {told.when}{told.usual(words.number)}"
        case "days_since_visit", None:
            return "no visit so far"
        case "days_since_visit", float(days):
            return f"last visit {words.ago(days)}"
        case "visits_per_purchase_day", None:
            return f"no purchase {told.when}"
        case "visits_per_purchase_day", float(count):
            return f"{words.count(count, 'visit')} to a purchase day {told.when}{told.usual(words.number)}"
    return None


@concept(title="E-mails read", features=("emails",), movable=True)
def emails(told: Told) -> str | None:
    """Whether the customer reads what is sent to them."""
    match told.stem, told.value:
        case "emails_opened", float(count):
            return f"opened {words.some(count, 'e-mail')} {told.when}{told.usual(words.number)}"
        case "email_open_rate", None:
            return f"nothing sent {told.when}"
        case "email_open_rate", float(rate):
            return f"opened {words.some(rate, 'e-mail')} to a message received {told.when}{told.usual(words.number)}"
    return None


@concept(title="Messages received", features=("touches",), movable=True)
def contacts(told: Told) -> str | None:
    """How much has been sent to the customer, and at what cost."""
    match told.stem, told.value:
        case "touches_received", float(count):
            return f"received {words.some(count, 'message')} {told.when}{told.usual(words.number)}"
        case "days_since_touch", None:
            return "no message received so far"
        case "days_since_touch", float(days):
            return f"last message received {words.ago(days)}"
        case "touch_cost", float(amount):
            return f"messages cost {told.money(amount)} {told.when}{told.usual(told.money)}"
    return None


@concept(title="Campaign or renewal", features=("anchor.",), movable=True)
def occasion(told: Told) -> str | None:
    """What the customer is asked about: the campaign they were sent, the contract that is up for renewal."""
    return column_value(told)

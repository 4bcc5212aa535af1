"""The customer's contract, and how long they have been one."""

from features.concepts import words
from features.concepts.concept import Told, concept


@concept(title="Contract", features=("subscription", "membership"), movable=True)
def contract(told: Told) -> str | None:
    """Whether a contract runs, since when, at which price, and what came before."""
    return _present(told) or _price(told) or _membership(told) or _before(told)


def _present(told: Told) -> str | None:
    match told.feature, told.value:
        case "subscribed", float(runs):
            return "a contract runs" if runs else "no contract runs"
        case (("subscription_days" | "subscription_price" | "subscription_price_change"), None):
            return "no contract runs"
        case (("days_to_renewal" | "subscription_term_days"), None):
            return "no contract runs"
        case "subscription_days", float(days):
            return f"the present contract has run for {words.days(days)}"
        case "subscription_term_days", float(days):
            return f"the contract is renewed every {words.days(days)}"
        case "days_to_renewal", float(days):
            return f"the contract is up for renewal in {words.days(days)}"
    return None


def _price(told: Told) -> str | None:
    match told.feature, told.value:
        case "subscription_price", float(amount):
            return f"pays {told.money(amount)} for the contract{told.usual(told.money)}"
        case "subscription_price_change", 0.0:
            return "pays for the contract what the first one cost"
        case "subscription_price_change", float(amount):
            return f"pays {told.money(abs(amount))} {'more' if amount > 0 else 'less'} than for the first contract"
    return None


def _membership(told: Told) -> str | None:
    match told.feature, told.value:
        case "membership_days", None:
            return "no membership runs"
        case "membership_days", float(days):
            return f"a member for {words.days(days)}{told.usual(words.days)}"
        case "memberships_before", float(count):
            return f"{words.some(count, 'membership')} before the latest"
        case "in_grace", float(grace):
            return "the last contract has ended and no other has begun" if grace else "not between two contracts"
    return None


def _before(told: Told) -> str | None:
    match told.feature, told.value:
        case "plan_changes", float(count):
            return f"{words.some(count, 'contract')} after the first{told.usual(words.number)}"
        case "contracts_ended", float(count):
            return f"{words.some(count, 'contract')} ended so far{told.usual(words.number)}"
    return None


@concept(title="Tenure", features=("tenure_days", "recency_days"), movable=False)
def tenure(told: Told) -> str | None:
    """How long the customer has been one."""
    match told.feature, told.value:
        case "tenure_days", float(days):
            return f"a customer for {words.days(days)}{told.usual(words.days)}"
        case "recency_days", 0.0:
            return "all purchases on a single day so far"
        case "recency_days", float(days):
            return f"{words.days(days)} between the first and the last purchase{told.usual(words.days)}"
    return None

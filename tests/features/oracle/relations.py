"""emails, touches, visits, coupons, subscription, membership: what passes between customer and shop but purchases."""

from datetime import datetime

from tests.features.oracle.rows import Change, Touch, Turn
from tests.features.oracle.seen import Seen
from tests.features.oracle.sums import share, total


def _events(seen: Seen, kind: str) -> int:
    return sum(1 for event in seen.events if event.kind == kind)


def _received(seen: Seen) -> list[Touch]:
    return [touch for touch in seen.touches if touch.treatment]


def touches_received(seen: Seen) -> float:
    return len(_received(seen))


def days_since_touch(seen: Seen) -> float | None:
    return min((seen.age(touch) for touch in _received(seen)), default=None)


def touch_cost(seen: Seen) -> float:
    return total(touch.cost for touch in _received(seen))


def visits(seen: Seen) -> float:
    return _events(seen, "visit")


def days_since_visit(seen: Seen) -> float | None:
    return min((seen.age(event) for event in seen.events if event.kind == "visit"), default=None)


def visits_per_purchase_day(seen: Seen) -> float | None:
    return share(visits(seen), len(seen.days))


def visited(seen: Seen) -> float:
    return 1 if visits(seen) else 0


def listed(seen: Seen) -> float:
    return 1 if seen.person else 0


def emails_opened(seen: Seen) -> float:
    return _events(seen, "email_open")


def email_open_rate(seen: Seen) -> float | None:
    return share(emails_opened(seen), len(_received(seen)))


def coupon_redemptions(seen: Seen) -> float:
    return _events(seen, "coupon_redemption")


def coupon_lines(seen: Seen) -> float:
    return sum(1 for line in seen.purchases if line.coupon is not None and line.coupon > 0)


def days_since_redemption(seen: Seen) -> float | None:
    return min((seen.age(event) for event in seen.events if event.kind == "coupon_redemption"), default=None)


def redemptions_per_touch(seen: Seen) -> float | None:
    return share(coupon_redemptions(seen), len(_received(seen)))


def redeemed(seen: Seen) -> float:
    return 1 if coupon_redemptions(seen) else 0


def _starts(seen: Seen) -> list[Change]:
    return [change for change in seen.changes if change.kind == "start"]


def _ends(seen: Seen) -> list[Change]:
    return [change for change in seen.changes if change.kind == "end"]


def subscribed(seen: Seen) -> float:
    return 1 if len(_starts(seen)) > len(_ends(seen)) else 0


def subscription_days(seen: Seen) -> float | None:
    return min(seen.age(start) for start in _starts(seen)) if subscribed(seen) else None


def _last(values: list[tuple[datetime, float | None]]) -> float | None:
    """Give the last value there is, the greatest one of its instant."""
    given = [(time, value) for time, value in values if value is not None]
    return sorted(given)[-1][1] if given else None


def _first(values: list[tuple[datetime, float | None]]) -> float | None:
    given = [(time, value) for time, value in values if value is not None]
    return sorted(given)[0][1] if given else None


def subscription_price(seen: Seen) -> float | None:
    return _last([(start.time, start.price) for start in _starts(seen)]) if subscribed(seen) else None


def subscription_price_change(seen: Seen) -> float | None:
    prices: list[tuple[datetime, float | None]] = [(start.time, start.price) for start in _starts(seen)]
    last, first = _last(prices), _first(prices)
    return last - first if last is not None and first is not None and subscribed(seen) else None


def plan_changes(seen: Seen) -> float:
    return len(_starts(seen)) - 1 if seen.changes else 0


def contracts_ended(seen: Seen) -> float:
    return len(_ends(seen))


def days_to_renewal(seen: Seen) -> float | None:
    """Go from term to term until one ends after today."""
    term = _last([(start.time, start.term_days) for start in _starts(seen)])
    age = subscription_days(seen)
    if not term or age is None:
        return None
    end = term
    while end <= age:
        end += term
    return end - age


def subscription_term_days(seen: Seen) -> float | None:
    return _last([(start.time, start.term_days) for start in _starts(seen)]) if subscribed(seen) else None


def subscription_ended(seen: Seen) -> float:
    return 1 if len(_ends(seen)) > len(_starts(seen)) else 0


def _last_turn(seen: Seen) -> Turn | None:
    """Give how the customer's last membership stands; one that lapses as it starts has lapsed."""
    return max(seen.turns, key=lambda turn: (turn.time, turn.kind == "lapse"), default=None)


def member(seen: Seen) -> float:
    turn = _last_turn(seen)
    return 1 if turn is not None and turn.kind == "start" else 0


def membership_days(seen: Seen) -> float | None:
    turn = _last_turn(seen)
    return seen.age(turn) if turn is not None and turn.kind == "start" else None


def memberships_before(seen: Seen) -> float:
    return max(0, sum(1 for turn in seen.turns if turn.kind == "start") - 1)


def in_grace(seen: Seen) -> float:
    return 1 if member(seen) and not subscribed(seen) else 0


def lapsed(seen: Seen) -> float:
    return 1 if any(turn.kind == "lapse" for turn in seen.turns) else 0

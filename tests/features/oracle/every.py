"""The loop of every declaration, by name; what the loops give, and how a frame is compared with it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from tests.features.oracle import compared, lines, relations
from tests.features.oracle import purchase_days as days
from tests.features.oracle.rows import Customer
from tests.features.oracle.seen import Seen, horizon, past

Oracle = Callable[[Seen], float | str | None]


def windowed(oracle: Oracle, length: int) -> Oracle:
    return lambda seen: oracle(seen.within(length))


def decayed(oracle: Callable[[Seen, int], float], half_life: int) -> Oracle:
    return lambda seen: oracle(seen, half_life)


def _named(*oracles: Oracle) -> dict[str, Oracle]:
    return {oracle.__name__: oracle for oracle in oracles}


PER_CUSTOMER: dict[str, Oracle] = {
    **_named(days.frequency, days.recency_days, days.tenure_days, days.monetary_value, days.mean_day_spend),
    **_named(days.purchase_days, days.spend, days.days_since_last, days.recency_share, days.spend_trend),
    **{f"purchase_days_{length}d": windowed(days.purchase_days, length) for length in (28, 56, 91, 182)},
    **{f"spend_{length}d": windowed(days.spend, length) for length in (28, 91, 182)},
    **{f"purchase_days_decayed_{life}d": decayed(days.days_decayed, life) for life in (14, 45, 120)},
    **{f"spend_decayed_{life}d": decayed(days.spend_decayed, life) for life in (14, 45, 120)},
    **{f"repeat_periods_{length}d": decayed(days.repeat_periods, length) for length in (7, 28)},
    **_named(days.gap_mean, days.gap_std, days.gap_max, days.silence_ratio),
    **_named(days.gap_cv, days.gap_last, days.gap_last_ratio),
    **_named(days.purchase_days_change, days.spend_change, days.day_spend_change),
    **_named(days.purchase_days_rate, days.spend_rate, days.items_rate),
    **_named(lines.orders_ever, days.items),
    "items_91d": windowed(days.items, 91),
    "categories_91d": windowed(lines.categories, 91),
    "categories_ever": lines.categories,
    **_named(lines.lines_per_day, lines.lines_per_day_std, lines.items_per_line, lines.day_spend_std),
    **_named(lines.day_spend_cv, lines.line_amount_mean, lines.line_amount_std, lines.line_amount_max),
    **_named(lines.median_line_amount, lines.discount_share, lines.discounted_lines_share, lines.full_price_share),
    **_named(lines.coupon_share, lines.private_label_share, lines.margin_share),
    **_named(lines.price_level, lines.price_level_change),
    **_named(lines.category_entropy, lines.top_category_share, lines.top_category),
    **_named(lines.new_categories_91d, lines.new_category_share_91d, lines.products_ever, lines.product_repeat_share),
    **_named(lines.web_share, lines.channels, lines.top_channel_share, lines.stores, lines.top_store_share),
    **_named(lines.weekend_share, lines.morning_share, lines.evening_share, lines.hour_mean, lines.weekday_entropy),
    **_named(lines.returned_lines, lines.returned_share, lines.days_since_last_return),
    "touches_received_91d": windowed(relations.touches_received, 91),
    "touch_cost_182d": windowed(relations.touch_cost, 182),
    **{f"visits_{length}d": windowed(relations.visits, length) for length in (28, 91)},
    "visits_per_purchase_day_182d": windowed(relations.visits_per_purchase_day, 182),
    **_named(relations.days_since_touch, relations.days_since_visit),
    "emails_opened_91d": windowed(relations.emails_opened, 91),
    "email_open_rate_182d": windowed(relations.email_open_rate, 182),
    "coupon_redemptions_182d": windowed(relations.coupon_redemptions, 182),
    **_named(relations.subscribed, relations.subscription_days, relations.subscription_price),
    **_named(relations.subscription_price_change, relations.plan_changes, relations.contracts_ended),
    **_named(relations.days_to_renewal, relations.subscription_term_days),
    "coupon_lines_91d": windowed(relations.coupon_lines, 91),
    "redemptions_per_touch_182d": windowed(relations.redemptions_per_touch, 182),
    **_named(relations.days_since_redemption),
    **_named(relations.membership_days, relations.memberships_before, relations.in_grace),
}
PER_PAIR: dict[str, Oracle] = {
    "category_purchase_days": days.purchase_days,
    "category_bought_182d": windowed(lines.bought, 182),
    "category_spend": days.spend,
    "category_days_since_last": days.days_since_last,
}
WHO: dict[str, Oracle] = {
    "known": lines.bought,
    **{f"active_{length}d": windowed(lines.bought, length) for length in (28, 84, 91, 182, 365)},
    "subscribers": relations.subscribed,
    "members": relations.member,
    "visitors_91d": windowed(relations.visited, 91),
    "listed": relations.listed,
}
WHICH: dict[str, Oracle] = {f"new_category_{length}d": windowed(lines.not_bought, length) for length in (91, 182)}
OUTCOMES: dict[str, Oracle] = {
    "churned": lines.not_bought,
    "orders": days.purchase_days,
    "future_spend": days.spend,
    **_named(lines.future_margin, lines.returned, relations.redeemed, relations.subscription_ended),
    **_named(relations.lapsed, lines.future_contribution),
}
PAIR_OUTCOMES: dict[str, Oracle] = {"bought_category": lines.bought}
OFFER_OUTCOMES: dict[str, Oracle] = {"redeemed_offer": relations.redeemed}
COMPARED: dict[str, Callable[[Seen, Seen, int], float]] = {
    each.__name__: each for each in (compared.spend_fell_50, compared.spent_more_25, compared.price_tier_up)
}

PAST = {**PER_CUSTOMER, **PER_PAIR, **WHO, **WHICH}
FUTURE = {**OUTCOMES, **PAIR_OUTCOMES, **OFFER_OUTCOMES, **COMPARED}
ALONE = {**OUTCOMES, **PAIR_OUTCOMES}
KEYS = ["customer_id", "cutoff"]
PAIRS = {**PER_PAIR, **WHICH, **PAIR_OUTCOMES}
OF_MORE = {**PAIRS, **OFFER_OUTCOMES}
ANCHORS: dict[str, Callable[[Customer], list[datetime]]] = {
    "touched": lambda customer: [touch.time for touch in customer.touches],
    "renewing": lambda customer: [renewal.time for renewal in customer.renewals],
}


def expected(
    every: Mapping[str, Customer], spine: pd.DataFrame, names: Sequence[str], *, horizon_days: int, lead_days: int = 0
) -> pd.DataFrame:
    """Run the loops for every row of a spine of customer_id, cutoff, category and campaign."""
    rows: list[dict[str, float | str | None]] = []
    keys: pd.DataFrame = spine.sort_values(["customer_id", "cutoff"], kind="stable")
    asked: tuple[str, datetime] | None = None
    for customer_id, cutoff, category, campaign in keys[[*KEYS, "category", "campaign"]].itertuples(index=False):
        if asked != (customer_id, cutoff):
            asked = customer_id, cutoff
            customer, when = every.get(customer_id, Customer()), cutoff.to_pydatetime()
            before, after = past(customer, when), horizon(customer, when, horizon_days, lead=lead_days)
            own = {name: _ask(name, before, after, horizon_days) for name in names if name not in OF_MORE}
        parts = before.of(category), after.of(category), horizon_days
        offered = after.offered(campaign)
        pairs = {name: _ask(name, *parts) for name in names if name in PAIRS}
        offers = {name: OFFER_OUTCOMES[name](offered) for name in names if name in OFFER_OUTCOMES}
        rows.append({**own, **pairs, **offers})
    return pd.DataFrame(rows, index=keys.index, columns=list(names)).loc[spine.index]


def _ask(name: str, before: Seen, after: Seen, days: int) -> float | str | None:
    if name in COMPARED:
        return COMPARED[name](before, after, days)
    return ALONE[name](after) if name in ALONE else PAST[name](before)


def check(frame: pd.DataFrame, loops: pd.DataFrame, name: str) -> None:
    """Raise `AssertionError` with the first row whose number is not that of the loop.

    Numbers are equal to 1e-9; the engine rounds each of up to a hundred decayed terms to 1e-9.
    """
    actual, loop = frame[name].to_numpy(), loops[name].to_numpy()
    if name == "top_category":
        same = (actual == loop) | (pd.isna(actual) & pd.isna(loop))
    else:
        slack = 1e-8 if "decayed" in name else 1e-9
        same = np.isclose(actual.astype(float), loop.astype(float), rtol=1e-9, atol=slack, equal_nan=True)
    if not same.all():
        row = int(np.argmin(same))
        who = frame[["customer_id", "cutoff", "category"]].iloc[row].tolist()
        raise AssertionError(f"{name} of {who} is {actual[row]}, by the loop {loop[row]}; {(~same).sum()} rows differ")

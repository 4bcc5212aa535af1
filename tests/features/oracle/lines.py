"""basket, breadth, channel, clock, coupons, discount, favourites, margin, price, private_label, quantiles, returns,
store, variety, volume: what is in the lines of a till.
"""

from collections import Counter
from statistics import median

from tests.features.oracle.rows import Line
from tests.features.oracle.seen import Seen
from tests.features.oracle.sums import deviation, different, entropy, mean, share, top, top_share, total


def bought(seen: Seen) -> float:
    return 1 if seen.purchases else 0


def not_bought(seen: Seen) -> float:
    return 0 if seen.purchases else 1


def categories(seen: Seen) -> float:
    return different(line.category for line in seen.purchases)


def lines_per_day(seen: Seen) -> float | None:
    return share(len(seen.purchases), len(seen.days))


def lines_per_day_std(seen: Seen) -> float | None:
    return deviation([len(lines) for lines in seen.by_day.values()])


def items_per_line(seen: Seen) -> float | None:
    return share(seen.items, len(seen.purchases))


def day_spend_std(seen: Seen) -> float | None:
    return deviation(seen.spend_by_day)


def day_spend_cv(seen: Seen) -> float | None:
    return share(deviation(seen.spend_by_day), mean(seen.spend_by_day))


def _amounts(seen: Seen) -> list[float]:
    return [line.amount for line in seen.purchases]


def line_amount_mean(seen: Seen) -> float | None:
    return mean(_amounts(seen))


def line_amount_std(seen: Seen) -> float | None:
    return deviation(_amounts(seen))


def line_amount_max(seen: Seen) -> float | None:
    return max(_amounts(seen), default=None)


def median_line_amount(seen: Seen) -> float | None:
    return median(_amounts(seen)) if seen.purchases else None


def orders_ever(seen: Seen) -> float:
    return different(line.order for line in seen.purchases)


def _discounted(line: Line) -> bool:
    return line.discount is not None and line.discount > 0


def discount_share(seen: Seen) -> float | None:
    discounts = total(line.discount for line in seen.purchases)
    return share(discounts, discounts + seen.spend)


def discounted_lines_share(seen: Seen) -> float | None:
    return share(sum(1 for line in seen.purchases if _discounted(line)), len(seen.purchases))


def full_price_share(seen: Seen) -> float | None:
    return share(total(line.amount for line in seen.purchases if not _discounted(line)), seen.spend)


def coupon_share(seen: Seen) -> float | None:
    saved = total(line.coupon for line in seen.purchases)
    return share(saved, saved + seen.spend)


def private_label_share(seen: Seen) -> float | None:
    return share(total(line.amount for line in seen.purchases if line.private_label is True), seen.spend)


def margin_share(seen: Seen) -> float | None:
    sold = [(line.amount, line.cost) for line in seen.purchases if line.cost is not None]
    return share(total(amount - cost for amount, cost in sold), total(amount for amount, _ in sold))


def future_margin(seen: Seen) -> float:
    return total(line.amount - line.cost for line in seen.purchases if line.cost is not None)


def future_contribution(seen: Seen) -> float:
    return total(line.amount - line.cost for line in seen.lines if line.cost is not None)


def price_level(seen: Seen) -> float | None:
    return share(seen.spend, seen.items)


def price_level_change(seen: Seen) -> float | None:
    return share(price_level(seen.within(91)), price_level(seen.before(91)))


def category_entropy(seen: Seen) -> float | None:
    return entropy(line.category for line in seen.purchases)


def top_category_share(seen: Seen) -> float | None:
    return top_share(line.category for line in seen.purchases)


def top_category(seen: Seen) -> str | None:
    return top(line.category for line in seen.purchases)


def _new_categories(seen: Seen) -> set[str | None]:
    before = {line.category for line in seen.before(91).purchases}
    return {line.category for line in seen.within(91).purchases} - before - {None}


def new_categories_91d(seen: Seen) -> float:
    return len(_new_categories(seen))


def new_category_share_91d(seen: Seen) -> float | None:
    return share(len(_new_categories(seen)), categories(seen.within(91)))


def products_ever(seen: Seen) -> float:
    return different(line.product for line in seen.purchases)


def product_repeat_share(seen: Seen) -> float | None:
    times = Counter(line.product for line in seen.purchases if line.product is not None)
    return share(sum(count - 1 for count in times.values()), times.total())


def web_share(seen: Seen) -> float | None:
    return share(sum(1 for line in seen.purchases if line.channel == "web"), len(seen.purchases))


def channels(seen: Seen) -> float:
    return different(line.channel for line in seen.purchases)


def top_channel_share(seen: Seen) -> float | None:
    return top_share(line.channel for line in seen.purchases)


def stores(seen: Seen) -> float:
    return different(line.store for line in seen.purchases)


def top_store_share(seen: Seen) -> float | None:
    return top_share(line.store for line in seen.purchases)


def weekend_share(seen: Seen) -> float | None:
    weekend = [line for line in seen.purchases if line.time.isoweekday() in (6, 7)]
    return share(len(weekend), len(seen.purchases))


def morning_share(seen: Seen) -> float | None:
    return share(sum(1 for line in seen.purchases if line.time.hour < 12), len(seen.purchases))


def evening_share(seen: Seen) -> float | None:
    return share(sum(1 for line in seen.purchases if line.time.hour >= 18), len(seen.purchases))


def hour_mean(seen: Seen) -> float | None:
    return mean([line.time.hour for line in seen.purchases])


def weekday_entropy(seen: Seen) -> float | None:
    return entropy(line.time.isoweekday() for line in seen.purchases)


def returned_lines(seen: Seen) -> float:
    return len(seen.returns)


def returned(seen: Seen) -> float:
    return 1 if seen.returns else 0


def returned_share(seen: Seen) -> float | None:
    return share(total(-line.amount for line in seen.returns), seen.spend)


def days_since_last_return(seen: Seen) -> float | None:
    return min((seen.age(line) for line in seen.returns), default=None)

"""Coupons: what a customer saves by them, and how many they redeem.

Who uses coupons is not who buys own brands or waits for offers: Ailawadi, Neslin and Gedenk (2001), "Pursuing the
value-conscious consumer: store brands versus national brand promotions".
"""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def coupon_share(e: Events) -> Number:
    """Savings by coupon (column `coupon` of transactions) as a share of the price before them. Unit: share."""
    return e["coupon"].sum() / (e["amount"].sum() + e["coupon"].sum())


@feature(of="events", window_days=(182,), empty=0)
def coupon_redemptions(e: Events) -> Number:
    """Coupons redeemed within the window (events of the kind `coupon_redemption`). Unit: coupons."""
    return e.where(e["kind"] == "coupon_redemption").count()


@feature(window_days=(91,), empty=0)
def coupon_lines(e: Events) -> Number:
    """Lines bought with a coupon within the window (column `coupon` above 0). Unit: lines."""
    return e.where(e["coupon"] > 0).count()


@feature(of="events")
def days_since_redemption(e: Events) -> Number:
    """Time from the day of the last coupon redeemed to the cutoff; nothing if never. Unit: days."""
    return e.where(e["kind"] == "coupon_redemption")["age_days"].min()


@feature(of="events", window_days=(182,))
def redemptions_per_touch(e: Events) -> Number:
    """Coupons redeemed per touch received within the window; nothing without a touch. Unit: coupons."""
    touches = e.of("touches")
    return e.where(e["kind"] == "coupon_redemption").count() / touches.where(touches["treatment"]).count()

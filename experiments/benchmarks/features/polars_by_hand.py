"""Polars as an expert writes it: lazy, streaming, customer-days once, then one group-by a cutoff."""

import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import polars as pl

from experiments.benchmarks.features.question import Question

amount, day, gap = pl.col("amount"), pl.col("day"), pl.col("gap")
HALF_LIVES = (14, 45, 120)
SUMS = ("amount", "discount", "items", "lines", "discounted", "web", "squares")


def prepare(question: Question) -> Callable[[], pl.DataFrame]:
    """Nothing is prepared."""
    return lambda: answer(question)


def answer(question: Question) -> pl.DataFrame:
    """Give one frame of all cutoffs."""
    last = question.cutoffs[-1]
    lines = pl.scan_parquet(question.files).filter(~pl.col("is_return"), pl.col("time") < last)
    days = _days(lines, last).collect(engine="streaming")
    labels = _labels(lines, question.cutoffs).collect(engine="streaming")
    frames = [
        _frame(days.lazy(), labels.lazy().filter(_stands(number)), cutoff, last=last).collect(engine="streaming")
        for number, cutoff in enumerate(question.cutoffs)
    ]
    return pl.concat(frames)


def _days(lines: pl.LazyFrame, last: date) -> pl.LazyFrame:
    """Sum to customer-days, in order, with the gap to the day before and weights as of the last cutoff.

    An order is of one instant: its lines are summed first, so that orders need no distinct count.
    """
    weights = {f"days_{each}": ((day - last).dt.total_days() * (math.log(2) / each)).exp() for each in HALF_LIVES}
    return (
        lines.group_by("customer_id", "order_id")
        .agg(
            pl.col("time").dt.date().min().alias("day"),
            amount.sum(),
            pl.col("discount").sum(),
            pl.col("quantity").sum().alias("items"),
            pl.len().cast(pl.Int64).alias("lines"),
            (pl.col("discount") > 0).sum().cast(pl.Int64).alias("discounted"),
            (pl.col("channel") == "web").sum().cast(pl.Int64).alias("web"),
            amount.pow(2).sum().alias("squares"),
            amount.max().alias("largest"),
        )
        .group_by("customer_id", "day")
        .agg(pl.col(*SUMS).sum(), pl.col("largest").max(), pl.len().alias("orders"))
        .sort("customer_id", "day")
        .with_columns(pl.when(_same("customer_id")).then((day - day.shift(1)).dt.total_days()).alias("gap"), **weights)
        .with_columns(**{f"spend_{each}": amount * pl.col(f"days_{each}") for each in HALF_LIVES})
    )


def _labels(lines: pl.LazyFrame, cutoffs: Sequence[date]) -> pl.LazyFrame:
    """Say what a customer had bought of a category, from a stretch between cutoffs until the next with more of it."""
    stretch = pl.sum_horizontal(
        pl.lit(0, pl.Int8), *[(pl.col("time") >= cutoff).cast(pl.Int8) for cutoff in cutoffs[:-1]]
    )
    summed = (
        lines.filter(pl.col("category").is_not_null())
        .group_by("customer_id", "category", stretch.alias("stretch"))
        .agg(pl.col("time").max().dt.date().alias("last"), pl.len().cast(pl.Float64).alias("bought"))
    )
    if len(cutoffs) == 1:
        return summed.with_columns(until=pl.lit(None, pl.Int8))
    bought, total = pl.col("bought"), pl.col("bought").cum_sum()
    before = pl.when(~pl.col("more")).then(total - bought).forward_fill()
    return (
        summed.sort("customer_id", "category", "stretch")
        .with_columns(more=pl.all_horizontal(_same("customer_id"), _same("category")))
        .with_columns(total - before, until=pl.when(pl.col("more").shift(-1)).then(pl.col("stretch").shift(-1)))
    )


def _same(column: str) -> pl.Expr:
    return pl.col(column) == pl.col(column).shift(1, fill_value="")


def _stands(number: int) -> pl.Expr:
    return (pl.col("stretch") <= number) & (pl.col("until").is_null() | (pl.col("until") > number))


def _frame(days: pl.LazyFrame, labels: pl.LazyFrame, cutoff: date, *, last: date) -> pl.LazyFrame:
    past = days.filter(day < cutoff)
    recent = past.filter(day >= cutoff - timedelta(days=182))
    joined = (
        past.group_by("customer_id")
        .agg(_ever())
        .join(recent.group_by("customer_id").agg(_recent(cutoff)), on="customer_id", how="left")
        .join(labels.group_by("customer_id").agg(_labelled(cutoff)), on="customer_id", how="left")
    )
    return joined.select(
        "customer_id", pl.lit(cutoff).cast(pl.Datetime("us")).alias("cutoff"), **_features(cutoff, last)
    )


def _ever() -> list[pl.Expr]:
    decayed = [f"{what}_{each}" for what in ("days", "spend") for each in HALF_LIVES]
    return [
        pl.len().cast(pl.Int64).alias("days"),
        day.min().alias("first"),
        day.max().alias("last"),
        pl.when(gap.is_null()).then(amount).sum().alias("first_spend"),
        gap.max().alias("gap_max"),
        gap.pow(2).sum().alias("gap_squares"),
        pl.col("largest").max(),
        pl.col(*SUMS, "orders", *decayed).sum(),
    ]


def _recent(cutoff: date) -> list[pl.Expr]:
    def within(window: int) -> pl.Expr:
        return day >= cutoff - timedelta(days=window)

    return [
        *[within(window).sum().alias(f"days_{window}d") for window in (28, 56, 91)],
        pl.len().alias("days_182d"),
        *[pl.when(within(window)).then(amount).otherwise(0).sum().alias(f"spend_{window}d") for window in (28, 91)],
        amount.sum().alias("spend_182d"),
        pl.when(within(91)).then(pl.col("items")).otherwise(0).sum().alias("items_91d"),
    ]


def _labelled(cutoff: date) -> list[pl.Expr]:
    bought = pl.col("bought")
    return [
        pl.len().alias("categories"),
        (pl.col("last") >= cutoff - timedelta(days=91)).sum().alias("categories_91d"),
        bought.max().alias("top"),
        bought.sum().alias("labelled"),
        (bought * bought.log()).sum().alias("log"),
    ]


def _features(cutoff: date, last: date) -> dict[str, pl.Expr]:
    days, spend, lines, labelled = pl.col("days"), amount, pl.col("lines"), pl.col("labelled")
    recency = (pl.col("last") - pl.col("first")).dt.total_days()
    tenure, silence = ((cutoff - pl.col(each)).dt.total_days() for each in ("first", "last"))
    gaps, mean_gap = _some(days - 1), recency / _some(days - 1)
    spread = (pl.col("gap_squares") - recency * mean_gap).clip(lower_bound=0)
    deviation = (pl.col("squares") - spend.cast(pl.Float64).pow(2) / lines).clip(lower_bound=0)
    windows = ["days_28d", "days_56d", "days_91d", "days_182d", "spend_28d", "spend_91d", "spend_182d"]
    scale = {each: 2.0 ** ((last - cutoff).days / each) for each in HALF_LIVES}
    return {
        "frequency": days - 1,
        "recency_days": recency,
        "tenure_days": tenure,
        "monetary_value": ((spend - pl.col("first_spend")) / gaps).fill_null(0),
        "days_since_last": silence,
        "recency_share": silence / tenure,
        "mean_day_spend": spend / days,
        "purchase_days": days,
        "spend": spend,
        **{(f"purchase_{each}" if each.startswith("days") else each): pl.col(each).fill_null(0) for each in windows},
        "spend_trend": pl.col("spend_28d") / _some(pl.col("spend_91d")),
        **{f"purchase_days_decayed_{each}d": pl.col(f"days_{each}") * scale[each] for each in HALF_LIVES},
        **{f"spend_decayed_{each}d": pl.col(f"spend_{each}") * scale[each] for each in HALF_LIVES},
        "gap_mean": mean_gap,
        "gap_std": (spread / _some(days - 2)).sqrt(),
        "gap_max": pl.col("gap_max"),
        "silence_ratio": silence / mean_gap,
        "categories_91d": pl.col("categories_91d").fill_null(0),
        "categories_ever": pl.col("categories").fill_null(0),
        "lines_per_day": lines / days,
        "discount_share": pl.col("discount") / (spend + pl.col("discount")),
        "discounted_lines_share": pl.col("discounted") / lines,
        "orders_ever": pl.col("orders"),
        "items": pl.col("items"),
        "items_91d": pl.col("items_91d").fill_null(0),
        "web_share": pl.col("web") / lines,
        "category_entropy": labelled.log() - pl.col("log") / labelled,
        "top_category_share": pl.col("top") / labelled,
        "line_amount_mean": spend / lines,
        "line_amount_std": (deviation / _some(lines - 1)).sqrt(),
        "line_amount_max": pl.col("largest"),
    }


def _some(count: pl.Expr) -> pl.Expr:
    """Nothing in place of 0, to divide by."""
    return pl.when(count > 0).then(count)

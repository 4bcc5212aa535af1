"""The limit: the needed columns read, and nothing done with them."""

from collections.abc import Callable

import polars as pl

from experiments.benchmarks.features.question import Question

COLUMNS = ["customer_id", "time", "order_id", "category", "quantity", "amount", "discount", "channel", "is_return"]


def prepare(question: Question) -> Callable[[], pl.DataFrame]:
    """Nothing is prepared."""
    return lambda: pl.scan_parquet(question.files).select(pl.col(COLUMNS).count()).collect(engine="streaming")

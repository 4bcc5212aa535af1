"""What every system is asked: features of every customer with a purchase before a cutoff, at each cutoff."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

RFM: Final = ("frequency", "recency_days", "tenure_days", "monetary_value")
NAMES: Final = (
    *RFM,
    "days_since_last",
    "recency_share",
    "mean_day_spend",
    "purchase_days",
    "spend",
    "purchase_days_28d",
    "purchase_days_56d",
    "purchase_days_91d",
    "purchase_days_182d",
    "spend_28d",
    "spend_91d",
    "spend_182d",
    "spend_trend",
    "purchase_days_decayed_14d",
    "purchase_days_decayed_45d",
    "purchase_days_decayed_120d",
    "spend_decayed_14d",
    "spend_decayed_45d",
    "spend_decayed_120d",
    "gap_mean",
    "gap_std",
    "gap_max",
    "silence_ratio",
    "categories_91d",
    "categories_ever",
    "lines_per_day",
    "discount_share",
    "discounted_lines_share",
    "orders_ever",
    "items",
    "items_91d",
    "web_share",
    "category_entropy",
    "top_category_share",
    "line_amount_mean",
    "line_amount_std",
    "line_amount_max",
)
"""Forty-one features, by Augury's names; `features/library` says what each means."""


@dataclass(frozen=True)
class Question:
    """Transactions as Parquet under a folder, cutoffs (midnights, ascending), and the names of features.

    The answer is a frame in memory with customer_id, cutoff and the features, or, with `to`, Parquet under that folder.
    A system that gives fewer features than are asked gives those it can.
    """

    folder: Path
    cutoffs: tuple[date, ...]
    names: tuple[str, ...] = NAMES
    to: Path | None = None

    @property
    def files(self) -> str:
        """Name the Parquet files by a pattern."""
        return f"{self.folder}/*.parquet"

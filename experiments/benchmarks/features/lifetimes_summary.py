"""The four columns of lifetimes' summary: frequency, recency, T and monetary value."""

from collections.abc import Callable

import pandas as pd
from lifetimes.utils import summary_data_from_transaction_data

from experiments.benchmarks.features.question import RFM, Question


def prepare(question: Question) -> Callable[[], pd.DataFrame]:
    """Nothing is prepared."""
    return lambda: answer(question)


def answer(question: Question) -> pd.DataFrame:
    """Give one frame of all cutoffs."""
    lines = pd.read_parquet(question.folder, columns=["customer_id", "time", "amount", "is_return"])
    return pd.concat([_frame(lines[~lines["is_return"]], pd.Timestamp(each)) for each in question.cutoffs])


def _frame(lines: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Summarise what lies before the cutoff; the end of the period is the cutoff's day, to be T days old there."""
    past = lines[lines["time"] < cutoff]
    summary = summary_data_from_transaction_data(
        past, "customer_id", "time", monetary_value_col="amount", observation_period_end=cutoff
    )
    frame = pd.DataFrame(summary.set_axis([*RFM], axis=1).rename_axis("customer_id").reset_index())
    return frame.assign(cutoff=cutoff)

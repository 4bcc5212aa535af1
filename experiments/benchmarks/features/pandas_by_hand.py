"""pandas as a careful analyst writes it: integer keys, customer-days once, then grouped sums a cutoff."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.benchmarks.features.question import Question

COLUMNS = ["customer_id", "time", "order_id", "category", "quantity", "amount", "discount", "channel", "is_return"]
SUMS = ["amount", "discount", "items", "lines", "discounted", "web", "squares", "orders"]
HALF_LIVES, WINDOWS = (14, 45, 120), (28, 56, 91, 182)
DECAYED = [f"{what}_{each}" for what in ("days", "spend") for each in HALF_LIVES]
DAYS = 100_000
"""More days than there are since 1970."""


def prepare(question: Question) -> Callable[[], pd.DataFrame]:
    """Nothing is prepared."""
    return lambda: answer(question)


def answer(question: Question) -> pd.DataFrame:
    """Give one frame of all cutoffs."""
    lines, names = _lines(question)
    cutoffs = np.array(question.cutoffs, dtype="datetime64[D]").astype(np.int64)
    days, labels = _days(lines, last=int(cutoffs[-1])), _labels(lines, cutoffs)
    del lines
    frames = []
    for number, cutoff in enumerate(cutoffs):
        known = labels[labels["stretch"] <= number]
        frame = _frame(days[days["day"] < cutoff], known, int(cutoff), last=int(cutoffs[-1]))
        frame.insert(0, "customer_id", names.take(frame.index.to_numpy()))
        frame.insert(1, "cutoff", np.datetime64(question.cutoffs[number], "us"))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _lines(question: Question) -> tuple[pd.DataFrame, "pd.Index[Any]"]:
    """Read purchases, with customers and categories as integers and time as a day."""
    texts = ["customer_id", "order_id", "category", "channel"]
    lines = pd.read_parquet(question.folder, columns=COLUMNS, read_dictionary=texts)
    lines = lines[~lines["is_return"] & (lines["time"] < pd.Timestamp(question.cutoffs[-1]))]
    made = pd.DataFrame(
        {
            "customer": lines["customer_id"].cat.codes.astype("int64"),
            "day": lines["time"].to_numpy().astype("datetime64[D]").astype("int64"),
            "category": lines["category"].cat.codes.astype("int64"),
            "orders": (~lines["order_id"].cat.codes.duplicated()).astype("int64"),
            "amount": lines["amount"],
            "discount": lines["discount"],
            "items": lines["quantity"].astype("int64"),
            "lines": np.ones(len(lines), dtype="int64"),
            "discounted": (lines["discount"] > 0).astype("int64"),
            "web": (lines["channel"] == "web").astype("int64"),
            "squares": lines["amount"] ** 2,
        }
    )
    return made, lines["customer_id"].cat.categories


def _days(lines: pd.DataFrame, *, last: int) -> pd.DataFrame:
    """Sum to customer-days, in order, with the gap to the day before and weights as of the last cutoff."""
    by = lines.groupby(lines["customer"] * DAYS + lines["day"])
    days = by[SUMS].sum()
    days["largest"] = by["amount"].max()
    days["customer"], days["day"] = np.divmod(days.index.to_numpy(), DAYS)
    days["gap"] = days["day"].diff().where(days["customer"].eq(days["customer"].shift()))
    days["gap_squares"], days["first_spend"] = days["gap"] ** 2, days["amount"].where(days["gap"].isna(), 0)
    for each in HALF_LIVES:
        days[f"days_{each}"] = np.exp2((days["day"] - last) / each)
        days[f"spend_{each}"] = days["amount"] * days[f"days_{each}"]
    return days


def _labels(lines: pd.DataFrame, cutoffs: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Sum to customer, category and the stretch between cutoffs."""
    lines = lines[lines["category"] >= 0]
    count = int(lines["category"].max()) + 1
    stretch = np.searchsorted(cutoffs, lines["day"], side="right")
    by = lines.groupby((lines["customer"] * count + lines["category"]) * len(cutoffs) + stretch)
    labels = pd.DataFrame({"bought": by.size(), "last": by["day"].max()})
    labels["pair"], labels["stretch"] = np.divmod(labels.index.to_numpy(), len(cutoffs))
    labels["customer"] = labels["pair"] // count
    return labels


def _frame(past: pd.DataFrame, labels: pd.DataFrame, cutoff: int, *, last: int) -> pd.DataFrame:
    """Give the features of one cutoff, by customer."""
    ever = _ever(past)
    scales = dict(zip(DECAYED, [2.0 ** ((last - cutoff) / each) for each in HALF_LIVES] * 2, strict=True))
    lately = {window: _within(past, since=cutoff - window).reindex(ever.index).fillna(0) for window in WINDOWS}
    features = {
        **_rhythm(ever, cutoff),
        **{f"purchase_days_{window}d": found["days"] for window, found in lately.items()},
        **{f"spend_{window}d": lately[window]["amount"] for window in (28, 91, 182)},
        "spend_trend": lately[28]["amount"] / _some(lately[91]["amount"]),
        "items_91d": lately[91]["items"],
        **{f"purchase_days_decayed_{each}d": ever[f"days_{each}"] * scales[f"days_{each}"] for each in HALF_LIVES},
        **{f"spend_decayed_{each}d": ever[f"spend_{each}"] * scales[f"spend_{each}"] for each in HALF_LIVES},
        **_labelled(labels, cutoff).reindex(ever.index).to_dict("series"),
        **_baskets(ever),
    }
    frame = pd.DataFrame(features)
    return frame.fillna({"categories_ever": 0, "categories_91d": 0})


def _ever(past: pd.DataFrame) -> pd.DataFrame:
    by = past.groupby("customer")
    ever = by[[*SUMS, *DECAYED, "gap_squares", "first_spend"]].sum()
    ever["days"], ever["first"], ever["last"] = by.size(), by["day"].min(), by["day"].max()
    ever["largest"], ever["gap_max"] = by["largest"].max(), by["gap"].max()
    return ever


def _within(past: pd.DataFrame, *, since: int) -> pd.DataFrame:
    by = past[past["day"] >= since].groupby("customer")
    return by[["amount", "items"]].sum().assign(days=by.size())


def _rhythm(ever: pd.DataFrame, cutoff: int) -> dict[str, pd.Series]:
    recency, tenure, silence = ever["last"] - ever["first"], cutoff - ever["first"], cutoff - ever["last"]
    mean = recency / _some(ever["days"] - 1)
    spread = (ever["gap_squares"] - recency * mean).clip(lower=0)
    return {
        "frequency": ever["days"] - 1,
        "recency_days": recency,
        "tenure_days": tenure,
        "monetary_value": ((ever["amount"] - ever["first_spend"]) / _some(ever["days"] - 1)).fillna(0),
        "days_since_last": silence,
        "recency_share": silence / tenure,
        "mean_day_spend": ever["amount"] / ever["days"],
        "purchase_days": ever["days"],
        "spend": ever["amount"],
        "gap_mean": mean,
        "gap_std": (spread / _some(ever["days"] - 2)) ** 0.5,
        "gap_max": ever["gap_max"],
        "silence_ratio": silence / mean,
    }


def _baskets(ever: pd.DataFrame) -> dict[str, pd.Series]:
    lines, spend = ever["lines"], ever["amount"]
    deviation = (ever["squares"] - spend.astype("float64") ** 2 / lines).clip(lower=0)
    return {
        "lines_per_day": lines / ever["days"],
        "discount_share": ever["discount"] / (spend + ever["discount"]),
        "discounted_lines_share": ever["discounted"] / lines,
        "orders_ever": ever["orders"],
        "items": ever["items"],
        "web_share": ever["web"] / lines,
        "line_amount_mean": spend / lines,
        "line_amount_std": (deviation / _some(lines - 1)) ** 0.5,
        "line_amount_max": ever["largest"],
    }


def _labelled(labels: pd.DataFrame, cutoff: int) -> pd.DataFrame:
    if labels["stretch"].any():
        by_pair = labels.groupby("pair")
        labels = by_pair.agg(bought=("bought", "sum"), last=("last", "max"), customer=("customer", "first"))
    labels = labels.assign(late=labels["last"] >= cutoff - 91, log=labels["bought"] * np.log(labels["bought"]))
    by = labels.groupby("customer")
    sums, most = by[["bought", "log", "late"]].sum(), by["bought"].max()
    return pd.DataFrame(
        {
            "categories_91d": sums["late"],
            "categories_ever": by.size(),
            "category_entropy": np.log(sums["bought"]) - sums["log"] / sums["bought"],
            "top_category_share": most / sums["bought"],
        }
    )


def _some(count: pd.Series) -> pd.Series:
    """Nothing in place of 0, to divide by."""
    return count.where(count > 0)

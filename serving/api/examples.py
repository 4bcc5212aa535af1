"""Requests and answers as they are, for the description: of a shop with a churn model and one of categories."""

from datetime import date
from typing import Any, Final

from serving.messages import (
    Answer,
    Bulk,
    ById,
    ByPayload,
    CustomerOffers,
    FeatureRow,
    ModelInfo,
    Models,
    Offer,
    OffersAnswer,
    OffersAsked,
    Reason,
    Refusal,
    Score,
    Transaction,
)

_AT: Final = ("7f1c9a2e-1", "2026-01-05T09:30:00.125Z")
_CUTOFF: Final = "2025-12-31T00:00:00"
_WHY: Final = Reason(
    1,
    "recency",
    "time since the last purchase",
    "raises",
    1.31,
    0.42,
    "last bought 97 days ago, usually every 21",
    True,
    ["days_since_last"],
)
_CHURN: Final = Score("C0000042", "shop_churn", "3", "churned", 91, _CUTOFF, 0.71, reasons=[_WHY])
_CLV: Final = Score(
    "C0000042",
    "shop_clv",
    "2",
    "future_spend",
    91,
    _CUTOFF,
    84.2,
    p_alive=0.63,
    expected_purchases=2.1,
    expected_value=40.1,
    clv=84.2,
    low=12.5,
    high=190.0,
    next_order=date(2026, 2, 3),
)
_UNKNOWN: Final = Refusal("nobody", "unknown", "not in the latest batch of shop_churn; score them by payload")
_SALE: Final = Transaction("2025-11-02T10:00:00", 19.9, category="tea")

REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "/v1/score": {
        "all models": ById(["C0000042", "nobody"]),
        "one model with reasons": ById(["C0000042"], ["shop_churn"], 3),
    },
    "/v1/score/payload": {
        "a history": ByPayload("new", "2026-01-01T00:00:00", [_SALE]),
        "features": ByPayload("new", features={"days_since_last": 97.0, "purchase_days": 5.0, "spend": 240.5}),
    },
    "/v1/bulk": {
        "two rows": Bulk([FeatureRow("a", {"days_since_last": 3.0}), FeatureRow("b", {"days_since_last": 80.0})])
    },
    "/v1/offers": {"the best three": OffersAsked(["C0000042"], top=3)},
}
ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "/v1/score": {"scores and a refusal": Answer(*_AT, [_CHURN, _CLV, _UNKNOWN])},
    "/v1/score/payload": {"a score": Answer(*_AT, [_CLV])},
    "/v1/bulk": {"a score": Answer(*_AT, [_CHURN])},
    "/v1/offers": {
        "offers": OffersAnswer(
            *_AT,
            [
                CustomerOffers(
                    "C0000042", "shop_cross_sell", "1", "bought_category", 91, _CUTOFF, [Offer(1, "wine", 0.31)]
                )
            ],
        )
    },
    "/v1/models": {
        "one model": Models(
            [
                ModelInfo(
                    "shop_churn",
                    "3",
                    "8d1f0c0e6a5b4c3d",
                    "shop",
                    "known",
                    "churned",
                    "binary",
                    91,
                    ["days_since_last", "purchase_days", "spend"],
                    "forest",
                    True,
                    2500,
                    _CUTOFF,
                )
            ]
        )
    },
}

"""Requests and answers as they are, for the description: of a shop with a churn model and one of categories."""

from datetime import date
from typing import Any, Final

from configs.registry import did_you_mean
from serving.api.errors import AWAY
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
PROBLEMS: Final[dict[int, dict[str, str]]] = {
    400: {"bad_request": "there are no rows"},
    401: {"unauthorized": "there is no API key; send it as `Authorization: Bearer aug_…`"},
    403: {"forbidden": "the key is not for 'bulk'; ask for another one"},
    404: {"unknown_model": did_you_mean("model", "shop_chrn", ["shop_churn", "shop_clv"])},
    405: {"method_not_allowed": "/v1/score does not answer GET; use POST"},
    408: {"timeout": "the request was not whole and answered within 10 seconds"},
    413: {"too_large": "the body is over 1048576 bytes; send less at a time"},
    415: {"unsupported_media_type": "content type 'text/plain' is not understood; send application/json"},
    422: {
        "invalid_history": "a time lies outside the years 1 to 9999 in UTC",
        "invalid_features": "shop_churn needs the columns ['spend'], which the rows do not have",
        "not_explaining": "shop_segments gives no reasons: its score is no sum over features",
        "not_of_pairs": "shop_churn tells of no categories; ask shop_cross_sell",
    },
    429: {"rate_limited": "over the rate of this key; ask again in 3 s"},
    500: {"internal": "the service failed; the log has this request's id"},
    503: {
        "not_ready": "there are no models yet: the registry does not answer; ask again in a few seconds",
        "store_away": AWAY,
        "busy": "too much is being sent to the service now; ask again in a second",
    },
}
"""What is said by each status and code."""

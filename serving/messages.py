"""What goes in and out of the service, typed: the schema of version 1."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

MAX_IDS, MAX_TRANSACTIONS, MAX_ROWS, MAX_MODELS, MAX_REASONS = 1_000, 10_000, 10_000, 50, 10
LONGEST, LARGEST = 200, 1e12
Text = Annotated[str, Meta(min_length=1, max_length=LONGEST)]
Finite = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Time = Annotated[
    str,
    Meta(
        min_length=10,
        max_length=40,
        pattern=r"^\d{4}-\d\d-\d\d",
        description="ISO time such as 2025-12-31T23:59:00Z; without an offset it is local time of the model's data",
    ),
]
Names = Annotated[list[Text], Meta(min_length=1, max_length=MAX_MODELS, description="registered names; all if null")]
Ids = Annotated[list[Text], Meta(min_length=1, max_length=MAX_IDS)]
Top = Annotated[int, Meta(ge=0, le=MAX_REASONS, description="so many reasons of each score, the weightiest first")]
Value = Finite | Text | None
RefusalCode = Literal[
    "unknown",
    "opted_out",
    "erased",
    "stale_features",
    "not_enough_history",
    "not_in_population",
    "lacks_data",
    "nothing_to_offer",
    "not_finite",
]
"""Why a customer has no score of a model."""


class Asked(Struct, forbid_unknown_fields=True, frozen=True):
    """A request; fields that nobody knows are refused."""


class ById(Asked, frozen=True):
    """Score customers whose features the latest batch holds."""

    customer_ids: Ids
    models: Names | None = None
    explain: Top = 0


class Transaction(Asked, frozen=True, omit_defaults=True):
    """A purchase (or a return) of the customer."""

    time: Time
    amount: Finite
    order_id: Text | None = None
    product_id: Text | None = None
    category: Text | None = None
    quantity: Finite | None = None
    discount: Finite | None = None
    channel: Text | None = None
    is_return: bool = False


class FeatureRow(Asked, frozen=True):
    """A customer's features, ready made; one left out is null."""

    customer_id: Text
    features: dict[Text, Value]


class ByPayload(Asked, frozen=True):
    """Score a customer from what comes along: the history, by the features' same definitions, or the features."""

    customer_id: Text
    cutoff: Time | None = None
    transactions: Annotated[list[Transaction], Meta(min_length=1, max_length=MAX_TRANSACTIONS)] | None = None
    features: dict[Text, Value] | None = None
    models: Names | None = None
    explain: Top = 0


class Bulk(Asked, frozen=True):
    """Score many feature rows; as Arrow the same columns: customer_id and one a feature.

    The cutoff is the instant that the features are of; models of lifetime value read it. As Arrow it is a column.
    Models of pairs read the columns category and cutoff too, of each customer a row of every category; of these the
    column eligible (true or false, all if it is not there) says which are asked about.
    """

    rows: Annotated[list[FeatureRow], Meta(min_length=1, max_length=MAX_ROWS)]
    cutoff: Time | None = None
    models: Names | None = None


class OffersAsked(Asked, frozen=True):
    """Ask what to offer customers next: the best of the categories that the model may still offer them."""

    customer_ids: Ids
    model: Text | None = None
    top: Annotated[int, Meta(ge=1, le=100)] = 3
    at_least: Annotated[float, Meta(ge=0, le=1)] = 0.0
    only: Annotated[list[Text], Meta(min_length=1, max_length=MAX_IDS)] | None = None
    exclude: Annotated[list[Text], Meta(max_length=MAX_IDS)] = []
    explain: Top = 0


class Reason(Struct, frozen=True, gc=False):
    """What moves a score: a concept, in a sentence. `points` are on the score's link (log-odds of a probability)."""

    rank: int
    concept: str
    title: str
    direction: Literal["raises", "lowers"]
    points: float
    share: float
    sentence: str
    movable: bool
    features: list[str]


class Score(Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="score"):
    """One score: the expected value of the model's target, or the code of a segment with its label.

    Models of lifetime value tell more of a customer, as in a batch; others leave that out.
    """

    customer_id: str
    model: str
    version: str
    target: str
    horizon_days: int
    cutoff: str | None
    score: float
    category: str | None = None
    label: str | None = None
    reasons: list[Reason] | None = None
    p_alive: Annotated[float, Meta(description="probability that the customer may still buy")] | None = None
    expected_purchases: Annotated[float, Meta(description="purchase days within the horizon")] | None = None
    expected_value: Annotated[float, Meta(description="of one purchase day, in the data's currency")] | None = None
    clv: Annotated[float, Meta(description="lifetime value within the horizon, in the data's currency")] | None = None
    low: Annotated[float, Meta(description="low end of the 90 % interval of clv")] | None = None
    high: Annotated[float, Meta(description="high end of it")] | None = None
    next_order: Annotated[date, Meta(description="when the next purchase is expected, if one is")] | None = None
    flags: Annotated[str, Meta(description="what to beware of")] | None = None


class Refusal(Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="refusal"):
    """Why there is no score: of a customer in all (`model` left out) or of one model."""

    customer_id: str
    refusal: RefusalCode
    reason: str
    model: str | None = None
    version: str | None = None
    cutoff: str | None = None


class Answer(Struct, frozen=True):
    """The answer: for each customer in the order asked, each model's score or refusal; of pairs the best first."""

    request_id: str
    scored_at: str
    results: list[Score | Refusal]


class Offer(Struct, frozen=True, omit_defaults=True):
    """A category to offer, with the probability that it is taken up within the horizon."""

    rank: int
    category: str
    score: float
    reasons: list[Reason] | None = None


class CustomerOffers(Struct, frozen=True, tag_field="kind", tag="offers"):
    """What to offer a customer, the best first; empty where nothing passes what was asked."""

    customer_id: str
    model: str
    version: str
    target: str
    horizon_days: int
    cutoff: str
    offers: list[Offer]


class OffersAnswer(Struct, frozen=True):
    """The answer: each customer's offers or refusal, in the order asked."""

    request_id: str
    scored_at: str
    results: list[CustomerOffers | Refusal]


class ModelInfo(Struct, frozen=True, omit_defaults=True):
    """A model that the service answers for."""

    name: str
    version: str
    artifact: str
    dataset: str
    population: str
    target: str
    kind: Literal["binary", "count", "amount", "none"]
    horizon_days: int
    features: list[str]
    engine: str
    explains: bool
    customers: int
    cutoff: str | None = None
    labels: list[str] = []
    categories: list[str] = []


class Models(Struct, frozen=True):
    """Everything the service answers for, as far as the key may ask."""

    models: list[ModelInfo]


class Problem(Struct, frozen=True):
    """Why a request has no answer: a code for programs, what is wrong and what to do for people."""

    error: str
    message: str
    request_id: str

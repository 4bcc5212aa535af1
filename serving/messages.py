"""What goes in and out of the service, typed."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


def _iso(value: Any) -> Any:
    """Let only text through that begins with a date: numbers, also as text, would be read as seconds since 1970."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("is no ISO time such as 2025-12-31T23:59:00Z")
    return value


def _utc(time: datetime) -> datetime:
    """Take a time with an offset to UTC; one without is the local time of the data that a model was trained on."""
    try:
        return time.astimezone(UTC) if time.tzinfo else time
    except OverflowError as error:
        raise ValueError("lies outside the years 1 to 9999 in UTC") from error


MAX_IDS, MAX_ROWS = 1_000, 10_000
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Time = Annotated[datetime, BeforeValidator(_iso), AfterValidator(_utc)]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e12, le=1e12)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ById(_Message):
    """Score customers whose features the latest batch holds."""

    customer_ids: list[Text] = Field(min_length=1, max_length=MAX_IDS)
    models: list[Text] | None = Field(default=None, min_length=1, description="registered names; all if left out")


class Transaction(_Message):
    """A purchase (or a return) of the customer."""

    time: Time = Field(
        description="ISO time; without an offset it is local time of the data that the model was trained on"
    )
    amount: Finite
    order_id: Text | None = None
    product_id: Text | None = None
    category: Text | None = None
    quantity: Finite | None = None
    discount: Finite | None = None
    channel: Text | None = None
    is_return: bool = False


class ByPayload(_Message):
    """Score a customer from the history that comes along, by the same definitions."""

    customer_id: Text
    cutoff: Time = Field(description="the instant to predict from; events at or after it are not looked at")
    transactions: list[Transaction] = Field(min_length=1, max_length=MAX_ROWS)
    models: list[Text] | None = Field(default=None, min_length=1, description="registered names; all if left out")


class Score(BaseModel):
    """One score: the expected value of the model's target, or the code of a segment with its label.

    Models of lifetime value tell more of a customer, as in a batch; others leave that null.
    """

    customer_id: str
    model: str
    version: str
    target: str
    horizon_days: int
    cutoff: datetime
    score: float
    category: str | None = None
    label: str | None = None
    p_alive: float | None = Field(default=None, description="probability that the customer may still buy")
    expected_purchases: float | None = Field(default=None, description="purchase days within the horizon")
    expected_value: float | None = Field(default=None, description="of one purchase day, in the data's currency")
    clv: float | None = Field(default=None, description="lifetime value within the horizon, in the data's currency")
    low: float | None = Field(default=None, description="low end of the 90 % interval of clv")
    high: float | None = Field(default=None, description="high end of it")
    next_order: date | None = Field(default=None, description="when the next purchase is expected, if one is")
    flags: str | None = Field(default=None, description="what to beware of; empty where there is nothing to say")


class Scores(BaseModel):
    """The answer: for pairs one score per category that could be offered, best first."""

    scores: list[Score]


class ModelInfo(BaseModel):
    """A model that the service answers for."""

    name: str
    version: str
    artifact: str
    dataset: str
    population: str
    target: str
    horizon_days: int
    cutoff: datetime | None = Field(description="of the features looked up by id; none if no batch was written")
    customers: int


class Models(BaseModel):
    """Everything the service answers for."""

    models: list[ModelInfo]


class Problem(BaseModel):
    """What is wrong, which value, and what to do."""

    error: str

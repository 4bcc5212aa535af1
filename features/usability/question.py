"""Questions that tables are to answer, and whether they suffice for it."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["binary", "count", "amount", "pairs", "uplift", "ended", "lapsed", "other"]
Verdict = Literal["yes", "thin", "no"]


@dataclass(frozen=True)
class Question:
    """What is to be predicted, over which horizon, of whom.

    `kind`: "binary" whether a customer buys within the horizon (or does not: churn), "count" how often, "amount" for
    how much, "pairs" which category not bought before is bought, "uplift" what a treatment changes; "ended" whether a
    customer whose contract runs at the cutoff has none any more when the horizon ends, "lapsed" whether the policy's
    grace is over then, too; of any "other" only the length of the history is judged.
    `active_days` asks only about customers with a purchase (for "uplift": a touch) within so many days before the
    cutoff, None about all that are known by then; for "pairs" it is how long a category must not have been bought.
    Of contracts it is not asked.
    """

    name: str
    horizon_days: int
    kind: Kind = "binary"
    active_days: int | None = None

    def __post_init__(self) -> None:
        """Refuse numbers of days that are none."""
        for days in (self.horizon_days, self.active_days):
            if days is not None and days < 1:
                raise ValueError(f"question {self.name!r}: days must be at least 1, not {days}")


@dataclass(frozen=True)
class Answer:
    """Whether the tables suffice for a question, why, and the numbers behind it.

    `cutoff` is the latest one whose horizon has closed (ISO); `customers` are those asked about then, `positives` those
    of them who bought within the horizon, or whose contracts were over where it ends; `rarer` the rarer of what a model
    must tell apart; `horizons` is how many horizons the history is long.
    """

    question: str
    verdict: Verdict
    reasons: tuple[str, ...]
    cutoff: str
    customers: int
    positives: int
    rarer: int
    horizons: float

    def line(self) -> str:
        """Say it in one line."""
        return f"{self.question}: {self.verdict}; {'; '.join(self.reasons)}"

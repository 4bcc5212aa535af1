"""The grade of a judged model, by a written rule, and the refusal of what is not fit for use.

Each check gives A, B or C; the grade is the worst of them. The bounds are below and in the README: they are a
convention, chosen so that A can be acted on customer by customer, B for ranking, C with a pilot only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import pandas as pd

from models.contract import TargetKind
from models.metrics import METRICS
from models.metrics.bootstrap import paired
from training.backtest import Backtested
from training.evaluate import POOLED
from training.splits import Splits

Letter = Literal["A", "B", "C", "unfit"]
LETTERS: Final[tuple[Letter, ...]] = ("A", "B", "C", "unfit")

RANKED: Final[dict[TargetKind, tuple[str, tuple[float, float, float]]]] = {
    "binary": ("roc_auc", (0.70, 0.60, 0.55)),
    "count": ("normalised_gini", (0.50, 0.30, 0.10)),
    "amount": ("normalised_gini", (0.50, 0.30, 0.10)),
}
"""How a kind of target is ranked by, and the least low end of its interval for A, B and C."""
TRUE: Final[dict[TargetKind, tuple[str, tuple[float, float]]]] = {
    "binary": ("ece", (0.03, 0.06)),
    "count": ("aggregate_bias", (0.05, 0.15)),
    "amount": ("aggregate_bias", (0.05, 0.15)),
}
"""What says that its numbers are true, and how far from zero it may be for A and B."""
FALL: Final = (0.02, 0.04)
"""How far below the mean of the parts the ranking metric of the worst part may lie for A and B."""
PARTS: Final = 3
"""Fewer parts tell nothing of stability: at most B."""
EVENTS: Final = (500, 200)
"""Customers of the test rows who had the outcome (of two, the rarer one) for A and B."""
LEAST_CUSTOMERS, LEAST_TRAINED, LEAST_TESTED, LEAST_CUTOFFS = 100, 50, 20, 2
"""What there must be for any model: customers to learn from, customers of each outcome among them and among the test
rows, and training cutoffs at the first origin."""


class NotFitForUse(ValueError):
    """There is no model to be had of these data; the message says why and what would help."""


@dataclass(frozen=True)
class Check:
    """One of the checks: what was looked at, its value, the letter, and a sentence."""

    name: str
    value: float
    letter: Letter
    told: str


@dataclass(frozen=True)
class Grade:
    """The worst letter of the checks, and the checks."""

    letter: Letter
    checks: tuple[Check, ...]

    def plain(self) -> dict[str, Any]:
        """Give it as JSON's values."""
        return {"letter": self.letter, "checks": [asdict(check) for check in self.checks]}


def check_sufficient(splits: Splits, *, kind: TargetKind) -> None:
    """Raise `NotFitForUse` where there are too few customers, outcomes or cutoffs to make and judge any model."""
    first = splits.parts[0].train.asked
    customers = first.X["customer_id"].nunique()
    lacking = []
    if customers < LEAST_CUSTOMERS:
        lacking.append(f"{customers} customers to learn from, and {LEAST_CUSTOMERS} are needed")
    if splits.rolling and kind != "none" and first.X["cutoff"].nunique() < LEAST_CUTOFFS:
        lacking.append(f"one training cutoff before {splits.parts[0].name}, and {LEAST_CUTOFFS} are needed")
    asked = [part.test.asked for part in splits.parts]
    tests = pd.concat([each.X[["customer_id"]].assign(y=each.y) for each in asked])
    for rows, least, where in (
        (first.X[["customer_id"]].assign(y=first.y), LEAST_TRAINED, "to learn from"),
        (tests, LEAST_TESTED, "to be tested on"),
    ):
        lacking += _outcomes(rows, kind, least=least, where=where)
    if lacking:
        raise NotFitForUse(
            "not fit for use: " + "; ".join(lacking) + ". A longer history, a longer horizon or a wider population "
            "would help"
        )


def grade(
    judged: Backtested, *, kind: TargetKind, baseline: Backtested | None, rolling: bool = True, seed: int = 0
) -> Grade:
    """Grade a judged model against the baseline, if it is another one; `rolling` says that its parts are cutoffs.

    Raises `NotFitForUse` where it ranks no better than chance.
    """
    if kind == "none":
        return Grade("B", (Check("outcome", float("nan"), "B", "nothing is predicted, so nothing can be refuted"),))
    checks = (
        _ranked(judged, kind),
        _gained(judged, baseline, kind, seed=seed),
        _true(judged, kind),
        _stable(judged, kind, rolling=rolling),
        _volume(judged, kind),
    )
    letter = LETTERS[max(LETTERS.index(check.letter) for check in checks)]
    if letter == "unfit":
        told = "; ".join(check.told for check in checks if check.letter == "unfit")
        raise NotFitForUse(
            f"not fit for use: {told}. Look for features that tell of the target, or ask another question"
        )
    return Grade(letter, checks)


def _outcomes(rows: pd.DataFrame, kind: TargetKind, *, least: int, where: str) -> Iterator[str]:
    """Say which outcomes too few customers have."""
    if kind == "none":
        return
    words = {True: "with a positive outcome", False: "with a negative outcome"}
    for positive in (True, False) if kind == "binary" else (True,):
        found = rows.loc[(rows["y"] > 0) == positive, "customer_id"].nunique()
        if found < least:
            yield f"{found} customers {words[positive]} {where}, and {least} are needed"


def _value(judged: Backtested, metric: str, end: str = "value") -> float:
    table = judged.metrics
    found = table.loc[(table["part"] == POOLED) & (table["metric"] == metric), end]
    return float(found.iloc[0])


def _letter(value: float, bounds: Sequence[float], *, higher: bool) -> Letter:
    for letter, bound in zip(LETTERS, bounds, strict=False):
        if value >= bound if higher else value <= bound:
            return letter
    return LETTERS[len(bounds)]


def _ranked(judged: Backtested, kind: TargetKind) -> Check:
    metric, bounds = RANKED[kind]
    low = _value(judged, metric, "low")
    letter = _letter(low, bounds, higher=True)
    told = f"{metric} is {_value(judged, metric):.3f}, and with other customers hardly below {low:.3f}"
    return Check("ranking", low, letter, told)


def _gained(judged: Backtested, baseline: Backtested | None, kind: TargetKind, *, seed: int) -> Check:
    metric, _ = RANKED[kind]
    if baseline is None or baseline.model == judged.model:
        return Check("gain over the baseline", 0.0, "B", "there is no simpler model that it could be held against")
    told = paired(
        METRICS[metric],
        judged.scored["actual"],
        judged.scored["score"],
        baseline.scored["score"],
        customers=judged.scored["customer_id"],
        draws=200,
        seed=seed,
    )
    letter: Letter = "A" if told.low > 0 else "B" if told.difference > 0 else "C"
    interval = f"[{told.low:+.3f}, {told.high:+.3f}]"
    text = f"{metric} lies {told.difference:+.3f} {interval} from that of {baseline.model}"
    return Check("gain over the baseline", told.difference, letter, text)


def _true(judged: Backtested, kind: TargetKind) -> Check:
    metric, bounds = TRUE[kind]
    value = _value(judged, metric)
    return Check("calibration", value, _letter(abs(value), bounds, higher=False), f"{metric} is {value:.3f}")


def _stable(judged: Backtested, kind: TargetKind, *, rolling: bool) -> Check:
    metric, _ = RANKED[kind]
    table = judged.metrics
    values = table.loc[(table["part"] != POOLED) & (table["metric"] == metric), "value"].dropna()
    fall = float(values.mean() - values.min()) if len(values) else float("nan")
    if not rolling:
        return Check("stability", fall, "B", "the data have no dates, so nothing tells how stable it is in time")
    if len(values) < PARTS:
        told = f"how stable it is cannot be told from {len(values)} part" + "s" * (len(values) != 1)
        return Check("stability", fall, "B", told)
    told = f"{metric} lies between {values.min():.3f} and {values.max():.3f} over {len(values)} parts"
    return Check("stability", fall, _letter(fall, FALL, higher=False), told)


def _volume(judged: Backtested, kind: TargetKind) -> Check:
    rows = judged.scored
    had = [rows["actual"] > 0, rows["actual"] <= 0] if kind == "binary" else [rows["actual"] > 0]
    events = min(int(rows.loc[each, "customer_id"].nunique()) for each in had)
    what = "the rarer outcome" if kind == "binary" else "an outcome above 0"
    return Check("volume", events, _letter(events, EVENTS, higher=True), f"{events} customers tested had {what}")

"""The gate: whether a challenger may take the champion's place, judged on rows that both predicted and neither learned.

It may where there are enough rows, it ranks no worse, and its numbers are no less true. The bounds are a convention.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from models.artifact import Artifact
from models.contract import TargetKind
from models.metrics import METRICS, Metric
from models.metrics.bootstrap import Paired, paired
from training.grade import RANKED, TRUE

LEAST_CUSTOMERS: Final = 200
LEAST_EVENTS: Final = 30
"""Customers, and customers of each outcome, below which nothing can be told."""
WORSE: Final = 0.01
"""How far below 0 the low end of the difference in ranking may lie; the difference itself may not."""
FALSER: Final = 0.01
"""How much further from zero the challenger's calibration error (or bias) may be."""


class NotPromoted(ValueError):
    """The gate keeps the champion; the message says why."""


@dataclass(frozen=True)
class Check:
    """One condition of the gate, and whether it holds."""

    name: str
    passed: bool
    told: str


@dataclass(frozen=True)
class Verdict:
    """What the gate says."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every condition holds."""
        return all(check.passed for check in self.checks)

    def plain(self) -> dict[str, Any]:
        """Give it as JSON's values."""
        return {"passed": self.passed, "checks": [asdict(check) for check in self.checks]}


def check_same_question(champion: Artifact, challenger: Artifact) -> None:
    """Raise `NotPromoted` that names what differs unless two models answer the same question about the same data."""
    old, new = _question(champion), _question(challenger)
    told = [f"{what} is {new[what]!r}, the champion's {old[what]!r}" for what in new if new[what] != old[what]]
    if told:
        raise NotPromoted(
            f"the challenger's {'; its '.join(told)}: a new question wants a new name, or --force with a reason"
        )


def _question(artifact: Artifact) -> dict[str, object]:
    """Give what a model is asked, in words and values."""
    return {
        "target": artifact.target,
        "kind": artifact.kind,
        "horizon_days": artifact.horizon_days,
        "lead_days": artifact.lead_days,
        "population": artifact.population,
        "population's definition": artifact.population_fingerprint,
        "categories": sorted(artifact.categories),
        "dataset": artifact.dataset,
    }


def verdict(champion: pd.DataFrame, challenger: pd.DataFrame, *, kind: TargetKind, seed: int = 0) -> Verdict:
    """Hold two models' scores of the same rows against what came.

    Both tables have actual, score, and columns that say what a row is about: customer_id, cutoff, category and the
    like. Those that both have tell rows apart; rows alike in all of them are told apart by their order, and rows that
    only one table has are left out. A kind without outcome (segments) has nothing to be judged by and passes.
    """
    if kind == "none":
        return Verdict((Check("outcome", True, "nothing is predicted, so nothing stands against it"),))
    both = _both(champion, challenger)
    enough = _enough(both, kind)
    if not enough.passed:
        return Verdict((enough,))
    return Verdict((enough, _ranked(both, kind, seed=seed), _true(both, kind)))


def _both(champion: pd.DataFrame, challenger: pd.DataFrame) -> pd.DataFrame:
    """Put the champion's score beside the challenger's, row by row."""
    keys = [key for key in challenger if key in champion and key not in ("actual", "score")]
    old, new = (each.assign(nth=each.groupby(keys, dropna=False).cumcount()) for each in (champion, challenger))
    asked = [*keys, "nth"]
    return new.merge(old[[*asked, "score"]], on=asked, suffixes=("", "_champion"), validate="one_to_one")


def _enough(both: pd.DataFrame, kind: TargetKind) -> Check:
    customers = both["customer_id"].nunique()
    told = f"{customers} customers were scored by both"
    if kind != "binary":
        return Check("data", customers >= LEAST_CUSTOMERS, f"{told}; {LEAST_CUSTOMERS} are needed")
    events = both.groupby(both["actual"] > 0)["customer_id"].nunique()
    fewest = int(events.min()) if len(events) == 2 else 0
    told = f"{told}, {fewest} of them with the rarer outcome; {LEAST_CUSTOMERS} and {LEAST_EVENTS} are needed"
    return Check("data", customers >= LEAST_CUSTOMERS and fewest >= LEAST_EVENTS, told)


def _ranked(both: pd.DataFrame, kind: TargetKind, *, seed: int) -> Check:
    metric = METRICS[RANKED[kind][0]]
    found = _difference(metric, both, seed=seed)
    interval = f"[{found.low:+.4f}, {found.high:+.4f}]"
    told = f"the challenger's {metric.name} lies {found.difference:+.4f} {interval} from the champion's"
    return Check("ranking", found.difference >= 0 and found.low >= -WORSE, told)


def _difference(metric: Metric, both: pd.DataFrame, *, seed: int) -> Paired:
    scores = both["score"], both["score_champion"]
    return paired(metric, both["actual"], *scores, customers=both["customer_id"], draws=500, seed=seed)


def _true(both: pd.DataFrame, kind: TargetKind) -> Check:
    metric = METRICS[TRUE[kind][0]]
    new, old = (abs(metric(both["actual"], both[score])) for score in ("score", "score_champion"))
    told = f"the challenger's {metric.name} is {new:.4f} from zero, the champion's {old:.4f}"
    return Check("calibration", new <= old + FALSER, told)

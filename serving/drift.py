"""`drift`: a batch's features and scores against what the artifact saw when it was fitted.

The population stability index over the artifact's own decile cells (of a text: over its levels), nulls apart:
Σ (aᵢ − eᵢ) · ln(aᵢ / eᵢ) with shares a (now) and e (then), each at least 1e-3 (Siddiqi 2006, ch. 9). What samples of
that size differ by anyhow is no drift. Features that grow with the calendar (`drift="elapsed"`) are reported, never
alarmed on.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from scipy.stats import chi2

from features.declaration import Declaration
from models.artifact import Artifact
from models.contract import eligible
from models.profile import Cells

WARN: Final = 0.10
ALERT: Final = 0.15
"""PSI from which a column is warned of, and alarmed on: a shift by half a standard deviation gives about 0.24."""
FLOOR: Final = 1e-3
"""Least share of a cell: an empty one must not give an infinite index."""
MISSING: Final = 0.02
"""Growth of the missing share that alarms."""
RARE: Final = 1e-5
"""How often chance alone may alarm on a column."""
FEWEST_ROWS: Final = 200
"""Fewer rows are not judged."""

Severity = Literal["ok", "warn", "alert", "reported"]


class ExitCode(IntEnum):
    """How a drift check ends a process; 1 and 2 stay the interpreter's own."""

    OK = 0
    WARN = 10
    ALERT = 20
    INSUFFICIENT = 30
    CONTRACT = 40


@dataclass(frozen=True)
class Finding:
    """One column: its PSI, its missing share then and now, and what to make of it."""

    column: str
    psi: float
    missing_then: float
    missing_now: float
    severity: Severity


@dataclass(frozen=True)
class Report:
    """What a drift check found, worst first."""

    model: str
    artifact: str
    trained_to: str
    cutoff: str
    rows: int
    findings: tuple[Finding, ...]
    problem: str = ""

    @property
    def code(self) -> ExitCode:
        """The worst of it as an exit code. Warnings count as such; whether they end a process is the caller's."""
        if self.problem:
            return ExitCode.CONTRACT if self.rows >= FEWEST_ROWS else ExitCode.INSUFFICIENT
        severities = {finding.severity for finding in self.findings}
        return ExitCode.ALERT if "alert" in severities else ExitCode.WARN if "warn" in severities else ExitCode.OK

    def plain(self) -> dict[str, Any]:
        """Give the report as JSON's values."""
        return {**asdict(self), "code": int(self.code), "status": self.code.name.lower()}


def psi(then: Cells, now: Cells) -> float:
    """Population stability index of two counts over the same cells, nulls apart; 0 if either is empty."""
    if not then.counts.sum() or not now.counts.sum():
        return 0.0
    expected = np.maximum(then.counts / then.counts.sum(), FLOOR)
    actual = np.maximum(now.counts / now.counts.sum(), FLOOR)
    return float(((actual - expected) * np.log(actual / expected)).sum())


def chance(then: Cells, now: Cells) -> tuple[float, float]:
    """Give the PSI and the growth of the missing share that samples of one population exceed with probability `RARE`.

    PSI / (1/n + 1/N) has about a χ² distribution with cells − 1 degrees of freedom (Yurdakul and Naranjo 2020).
    """
    cells = (then.counts.sum(), now.counts.sum())
    index = chi2.isf(RARE, max(len(then.counts) - 1, 1)) * sum(1 / max(rows, 1) for rows in cells)
    share = (then.missing + now.missing) / (then.rows + now.rows)
    growth = np.sqrt(chi2.isf(RARE, 1) * share * (1 - share) * (1 / then.rows + 1 / now.rows))
    return float(index), float(growth)


def drift(artifact: Artifact, frame: pd.DataFrame, *, declared: Mapping[str, Declaration]) -> Report:
    """Hold a frame against an artifact's profile. What cannot be judged is a `problem` of the report, not an error."""
    asked = frame[eligible(frame)]
    cutoff = f"{asked['cutoff'].max():%Y-%m-%d}" if len(asked) else ""
    missing = [name for name in artifact.features if name not in frame]
    problem = ""
    if len(asked) < FEWEST_ROWS:
        problem = f"{len(asked)} rows are too few to judge; {FEWEST_ROWS} are needed"
    elif missing:
        problem = f"the frame lacks the features {missing}; observe those that {artifact.name} was trained on"
    findings: tuple[Finding, ...] = ()
    if not problem:
        now = asked.assign(score=artifact.predict(frame)[eligible(frame)])
        found = [_finding(name, then, now[name], declared) for name, then in artifact.profile.items()]
        findings = tuple(sorted(found, key=lambda each: -each.psi))
    trained_to = f"{artifact.trained_to:%Y-%m-%d}"
    return Report(artifact.name, artifact.id, trained_to, cutoff, len(asked), findings, problem)


def _finding(name: str, then: Cells, column: pd.Series, declared: Mapping[str, Declaration]) -> Finding:
    now = then.count(column)
    value = psi(then, now)
    missing_then, missing_now = then.missing / then.rows, now.missing / now.rows
    severity: Severity = "ok"
    index, growth = chance(then, now)
    if name in declared and declared[name].drift != "level":
        severity = "reported"
    elif value >= max(ALERT, index) or missing_now - missing_then > max(MISSING, growth):
        severity = "alert"
    elif value >= max(WARN, index):
        severity = "warn"
    return Finding(name, value, missing_then, missing_now, severity)

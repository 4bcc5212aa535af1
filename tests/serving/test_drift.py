"""Drift: the index by hand, what alarms and what does not, and the report."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.library import FEATURES, POPULATIONS
from models.artifact import Artifact
from models.calibration import Calibration
from models.estimators import create
from models.profile import Cells, profile
from serving import drift as module
from serving.drift import ExitCode, Finding, Report, chance, drift, psi

ROWS = 1000
LEVEL = ["days_since_last", "mean_day_spend", "purchase_days_91d", "gap_mean", "discount_share", "spend_trend"]
Change = Callable[[pd.Series], pd.Series]


def _people(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Draw customers: six features that stay, of all shapes, and one that grows with the calendar."""
    rng = np.random.default_rng(seed)
    gaps = rng.gamma(2, 15, rows)
    drawn = {
        "customer_id": [f"c{number}" for number in range(rows)],
        "cutoff": pd.Timestamp("2025-07-01"),
        "days_since_last": rng.lognormal(3, 1, rows).round(),
        "mean_day_spend": rng.gamma(2, 20, rows),
        "purchase_days_91d": rng.poisson(1.5, rows).astype(np.float64),
        "gap_mean": np.where(rng.random(rows) < 0.2, np.nan, gaps),
        "discount_share": rng.beta(2, 8, rows),
        "spend_trend": rng.normal(0.3, 0.1, rows),
        "tenure_days": rng.uniform(0, 500, rows).round(),
    }
    return pd.DataFrame(drawn)


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    """Fit trees to drawn customers."""
    X = _people(0)
    names = [*LEVEL, "tenure_days"]
    odds = X["days_since_last"] / 20 - X["purchase_days_91d"]
    churned = pd.Series((np.random.default_rng(1).random(ROWS) < 1 / (1 + np.exp(-odds))).astype(np.float64))
    model = create("boosted", rounds=60, seed=0).fit(X, churned)
    return Artifact(
        name="watched",
        dataset="drawn",
        population="known",
        population_fingerprint=POPULATIONS["known"].fingerprint,
        target="churned",
        kind="binary",
        horizon_days=91,
        lead_days=0,
        features={name: FEATURES[name].fingerprint for name in names},
        categories=[],
        trained_to=pd.Timestamp("2025-07-01"),
        model_name="boosted",
        model=model,
        calibration=Calibration(),
        profile=profile(X[names].assign(score=model.predict(X))),
    )


def _checked(artifact: Artifact, frame: pd.DataFrame) -> Report:
    return drift(artifact, frame, declared=FEATURES)


def _severities(report: Report) -> dict[str, str]:
    return {finding.column: finding.severity for finding in report.findings}


def _cells(*counts: int, missing: int = 0) -> Cells:
    return Cells(np.arange(len(counts) - 1, dtype=np.float64), np.array(counts), missing)


def test_the_index_by_hand() -> None:
    """0.3 · ln(0.8 / 0.5) − 0.3 · ln(0.2 / 0.5)."""
    assert psi(_cells(50, 50), _cells(8, 2)) == pytest.approx(0.4158883, abs=1e-7)
    assert psi(_cells(50, 50), _cells(2, 8)) == pytest.approx(0.4158883, abs=1e-7)


def test_an_empty_cell_counts_as_a_thousandth() -> None:
    """0.5 · ln 2 − 0.499 · ln 0.002."""
    assert psi(_cells(1, 1), _cells(7, 0)) == pytest.approx(3.4476630, abs=1e-7)


def test_the_index_of_nothing_is_zero() -> None:
    assert psi(_cells(0, 0, missing=9), _cells(5, 5)) == 0
    assert psi(_cells(5, 5), _cells(0, 0, missing=9)) == 0


def _by_loops(then: list[float], now: list[float]) -> float:
    """Compute the index with plain loops: nine deciles of the sorted values, each cell up to and with its edge."""
    ranked = sorted(then)
    edges = sorted({ranked[(len(ranked) - 1) * tenth // 10] for tenth in range(1, 10)})

    def shares(values: list[float]) -> list[float]:
        counts = [0] * (len(edges) + 1)
        for value in values:
            place = 0
            while place < len(edges) and value > edges[place]:
                place += 1
            counts[place] += 1
        return [max(count / len(values), 0.001) for count in counts]

    return sum((a - e) * math.log(a / e) for a, e in zip(shares(now), shares(then), strict=True))


VALUES = st.lists(st.integers(-5, 30).map(float), min_size=1, max_size=60)


@given(then=VALUES, now=VALUES)
@settings(derandomize=True, deadline=None, max_examples=200)
def test_the_index_is_that_of_plain_loops(then: list[float], now: list[float]) -> None:
    cells = Cells.of(np.array(then))
    found = psi(cells, cells.count(np.array(now)))
    assert found == pytest.approx(_by_loops(then, now), abs=1e-12)
    assert found >= 0


def test_samples_of_one_population_stay_below_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RARE", 0.05)
    above = {"index": 0, "missing": 0}
    for seed in range(600):
        rng = np.random.default_rng(seed)
        then, now = (np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)) for rows in (400, 300))
        cells = Cells.of(then)
        found = cells.count(now)
        index, growth = chance(cells, found)
        above["index"] += psi(cells, found) > index
        above["missing"] += abs(found.missing / 300 - cells.missing / 400) > growth
    assert {name: 0.03 < count / 600 < 0.08 for name, count in above.items()} == dict.fromkeys(above, True)


def test_the_same_data_do_not_drift(artifact: Artifact) -> None:
    report = _checked(artifact, _people(0))
    assert report.code is ExitCode.OK
    assert {finding.psi for finding in report.findings} == {0.0}
    assert _severities(report)["tenure_days"] == "reported"
    assert (report.rows, report.problem) == (ROWS, "")
    assert {finding.column for finding in report.findings} == {*LEVEL, "tenure_days", "score"}


@pytest.mark.parametrize("rows", [200, ROWS])
def test_a_hundred_healthy_samples_raise_no_alert(artifact: Artifact, rows: int) -> None:
    codes = [_checked(artifact, _people(seed, rows)).code for seed in range(100, 200)]
    assert set(codes) <= {ExitCode.OK, ExitCode.WARN}
    assert codes.count(ExitCode.WARN) <= 1


CHANGES: dict[str, Change] = {
    "half a standard deviation up": lambda column: column + column.std() / 2,
    "nothing but zero": lambda column: column * 0,
    "cents for euros": lambda column: column * 100,
    "euros for cents": lambda column: column / 100,
    "one value for all": lambda column: column.where(column.isna(), column.median()),
    "a burst of missing values": lambda column: column.where(np.arange(len(column)) % 5 != 0),
    "all missing": lambda column: column * np.nan,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("name", LEVEL)
def test_a_fault_of_one_column_alerts(artifact: Artifact, name: str, change: Change) -> None:
    """On a fresh sample, not on the one that was learned from."""
    frame = _people(1)
    report = _checked(artifact, frame.assign(**{name: change(frame[name])}))
    severities = _severities(report)
    assert severities.pop(name) == "alert"
    assert report.code is ExitCode.ALERT
    assert "alert" not in {severities[other] for other in LEVEL if other != name}


def test_a_small_shift_warns(artifact: Artifact) -> None:
    frame = _people(0)
    report = _checked(artifact, frame.assign(spend_trend=frame["spend_trend"] + 0.034))
    assert _severities(report)["spend_trend"] == "warn"
    assert report.code is ExitCode.WARN


def test_what_grows_with_the_calendar_is_reported_only(artifact: Artifact) -> None:
    frame = _people(0)
    report = _checked(artifact, frame.assign(tenure_days=frame["tenure_days"] * np.nan))
    assert _severities(report)["tenure_days"] == "reported"
    frame["tenure_days"] += 91
    finding = next(each for each in _checked(artifact, frame).findings if each.column == "tenure_days")
    assert (finding.psi > 0.15, finding.severity) == (True, "reported")


def test_the_worst_comes_first(artifact: Artifact) -> None:
    frame = _people(1)
    report = _checked(artifact, frame.assign(gap_mean=frame["gap_mean"] * 100))
    values = [finding.psi for finding in report.findings]
    assert values == sorted(values, reverse=True)
    assert report.findings[0].column == "gap_mean"


def test_drifted_scores_alert(artifact: Artifact) -> None:
    """The features may look right by themselves."""
    frame = _people(1)
    late = frame.sort_values("days_since_last", ignore_index=True)
    late["purchase_days_91d"] = np.sort(late["purchase_days_91d"])[::-1]
    severities = _severities(_checked(artifact, late))
    assert severities.pop("score") == "alert"
    assert set(severities.values()) == {"ok", "reported"}


def test_a_new_share_of_missing_values_is_told(artifact: Artifact) -> None:
    frame = _people(1)
    frame.loc[:59, "spend_trend"] = np.nan
    found = next(each for each in _checked(artifact, frame).findings if each.column == "spend_trend")
    assert (found.missing_then, found.missing_now, found.severity) == (0.0, 0.06, "alert")


@pytest.mark.parametrize(("rows", "code"), [(0, 30), (1, 30), (199, 30), (200, 0)])
def test_few_rows_are_not_judged(artifact: Artifact, rows: int, code: int) -> None:
    report = _checked(artifact, _people(3, 200).head(rows))
    assert int(report.code) == code
    assert bool(report.problem) == bool(code)
    assert not (report.problem and report.findings)


def test_a_missing_column_breaks_the_contract(artifact: Artifact) -> None:
    report = _checked(artifact, _people(1).drop(columns=["gap_mean", "discount_share"]))
    assert report.code is ExitCode.CONTRACT
    assert report.problem == (
        "the frame lacks the features ['gap_mean', 'discount_share']; observe those that watched was trained on"
    )
    assert _checked(artifact, _people(1, 100).drop(columns="gap_mean")).code is ExitCode.INSUFFICIENT


def test_pairs_that_nobody_asks_about_do_not_count(artifact: Artifact) -> None:
    frame = _people(1).assign(eligible=np.arange(ROWS) < 300)
    frame.loc[300:, LEVEL] = 0.0
    report = _checked(artifact, frame)
    assert (report.rows, report.code) == (300, ExitCode.OK)


def test_a_report_as_json() -> None:
    finding = Finding("spend", 0.3, 0.0, 0.1, "alert")
    report = Report("churn", "abc", "2025-07-01", "2025-10-01", 500, (finding,))
    plain = report.plain()
    assert (plain["code"], plain["status"], plain["rows"]) == (20, "alert", 500)
    assert plain["findings"] == (
        {"column": "spend", "psi": 0.3, "missing_then": 0.0, "missing_now": 0.1, "severity": "alert"},
    )


def _plans(seed: int, shares: dict[str | None, float]) -> pd.Series:
    levels = np.array(list(shares), dtype=object)
    return pd.Series(np.random.default_rng(seed).choice(levels, ROWS, p=list(shares.values())), dtype="str")


PLANS: dict[str | None, float] = {"gold": 0.5, "iron": 0.3, None: 0.2}


@pytest.mark.parametrize(
    ("now", "severity"),
    [
        (PLANS, "ok"),
        ({"gold": 0.7, "iron": 0.1, None: 0.2}, "alert"),
        ({"gold": 0.45, "iron": 0.25, "new": 0.1, None: 0.2}, "alert"),
        ({"gold": 0.4, "iron": 0.25, None: 0.35}, "alert"),
    ],
)
def test_text_drifts_by_its_levels_and_its_nulls(
    now: dict[str | None, float], severity: str, artifact: Artifact
) -> None:
    """The second has other shares, the third a level that was not there, the fourth more nulls."""
    then = Cells.of(_plans(20, PLANS))
    watched = replace(artifact, profile={"plan": then})
    plans = _plans(21, now)
    (finding,) = _checked(watched, _people(2).assign(plan=plans)).findings
    assert (finding.column, finding.severity) == ("plan", severity)
    assert finding.missing_now == plans.isna().mean()
    e, a = (
        [(column == level).sum() / column.notna().sum() for level in ("gold", "iron", "new")]
        for column in (_plans(20, PLANS), plans)
    )
    by_hand = sum(
        (max(y, 1e-3) - max(x, 1e-3)) * math.log(max(y, 1e-3) / max(x, 1e-3)) for x, y in zip(e, a, strict=True)
    )
    assert finding.psi == pytest.approx(by_hand, abs=1e-12)

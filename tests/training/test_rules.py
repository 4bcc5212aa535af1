"""docs/judging.md says the bounds that the code has."""

import re
from pathlib import Path

import pytest

from training import calibrate, choose, gate, grade, leaks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "judging.md"
TEXT = re.sub(r"\s+", " ", PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("start", "bounds"),
    [
        ("| ranking: low end of the interval of ROC-AUC |", grade.RANKED["binary"][1]),
        ("| … of the normalised Gini, for counts and amounts |", grade.RANKED["amount"][1]),
        ("| calibration: ECE |", grade.TRUE["binary"][1]),
        ("| … aggregate bias, for counts and amounts |", grade.TRUE["amount"][1]),
        ("| stability: how far the worst part's ranking lies below the mean of the parts |", grade.FALL),
        ("| volume: customers tested who had the outcome (of two, the rarer) |", grade.EVENTS),
    ],
)
def test_each_row_of_the_grade_has_its_bounds(start: str, bounds: tuple[float, ...]) -> None:
    cells = TEXT.partition(start)[2].split("|")[: len(bounds)]
    assert [float(re.findall(r"\d+(?:\.\d+)?", cell)[0]) for cell in cells] == list(bounds)


@pytest.mark.parametrize(
    "said",
    [
        f"fewer than {grade.PARTS} parts",
        f"fewer than {grade.LEAST_CUSTOMERS} customers to learn from, fewer than {grade.LEAST_TRAINED} of them",
        f"fewer than {grade.LEAST_TESTED} such in the test rows, fewer than {grade.LEAST_CUTOFFS} training cutoffs",
        f"{gate.LEAST_CUSTOMERS} customers were scored by both; of a yes-or-no target {gate.LEAST_EVENTS} of them with",
        f"interval not below −{gate.WORSE:.2f}",
        f"no more than {gate.FALSER:.2f} further from zero",
        f"AUC above {leaks.PLAUSIBLE:.2f} (`plausible_auc`)",
        f"(|φ| from {leaks.PHI})",
        f"gains at least {choose.WORTH:.1%} of it".replace("%", " %"),
    ],
)
def test_other_bounds_are_said_as_they_are(said: str) -> None:
    assert said in TEXT


def test_a_year_is_whole_weeks() -> None:
    assert calibrate.YEAR.days % 7 == 0

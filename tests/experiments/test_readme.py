"""The README's tables: made where they are marked, and nothing else is touched."""

import json
from pathlib import Path

import pytest

from experiments import readme as made
from experiments import study
from experiments.readme import MARKED, README, readme, study_table

FOUND = {
    "cutoffs": {"train": ["2024-01-01", "2024-02-01"], "test": ["2024-03-01", "2024-04-01"]},
    "models": {
        "base_rate": {"roc_auc": {"value": 0.5, "low": 0.5, "high": 0.5}},
        "boosted": {"roc_auc": {"value": 0.8, "low": None, "high": None}},
    },
}
TABLE = """\
| model | ROC-AUC |
| --- | --- |
| `base_rate` | 0.500 [0.500, 0.500] |
| `boosted` | 0.800 |

Trained on 2 cutoffs up to 2024-02-01, tested on 2024-03-01, 2024-04-01: `augury study small`.
"""
BEFORE = (
    "# Augury\n\ntext $1 \\1\n\n<!-- study: small -->\nold\n<!-- end -->\n\n<!-- study: other -->\n<!-- end -->\nend\n"
)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a page, and the results of two studies."""
    monkeypatch.setattr(study, "STUDIES", tmp_path / "studies")
    for name in ("small", "other"):
        (tmp_path / "studies" / name).mkdir(parents=True)
        (tmp_path / "studies" / name / "results.json").write_text(json.dumps(FOUND))
    (tmp_path / "README.md").write_text(BEFORE)
    return tmp_path / "README.md"


def test_marked_places_are_filled_and_the_rest_is_left(page: Path) -> None:
    readme(check=False, path=page)
    other = TABLE.replace("study small", "study other")
    assert page.read_text() == BEFORE.replace("old\n", TABLE).replace("other -->\n", f"other -->\n{other}")
    assert study_table("small") == TABLE


def test_a_second_time_nothing_changes_and_the_check_passes(page: Path) -> None:
    with pytest.raises(
        ValueError, match=r"the tables of .*README.md differ from the committed results; run `augury readme`"
    ):
        readme(check=True, path=page)
    assert page.read_text() == BEFORE
    readme(check=False, path=page)
    once = page.read_text()
    readme(check=True, path=page)
    readme(check=False, path=page)
    assert page.read_text() == once


def test_results_that_changed_are_noticed(page: Path, tmp_path: Path) -> None:
    readme(check=False, path=page)
    path = tmp_path / "studies" / "small" / "results.json"
    path.write_text(path.read_text().replace("0.8", "0.9"))
    with pytest.raises(ValueError, match="differ from the committed results"):
        readme(check=True, path=page)


def test_results_that_are_missing_are_named_and_the_page_is_left(page: Path, tmp_path: Path) -> None:
    (tmp_path / "studies" / "other" / "results.json").unlink()
    with pytest.raises(OSError, match=r"studies/other/results.json"):
        readme(check=False, path=page)
    assert page.read_text() == BEFORE


def test_a_benchmark_is_told_in_multiples_of_each_cases_first(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "BENCHMARKS", tmp_path)
    rows = [
        {"case": "few", "system": "augury", "cpu_s": 2.0, "peak_mb": 1234},
        {"case": "few", "system": "other", "cpu_s": 5.0, "peak_mb": 99},
        {"case": "many", "system": "augury", "cpu_s": 0.5, "peak_mb": 7},
    ]
    (tmp_path / "features.json").write_text(json.dumps({"rows": rows, "machine": {"cores": 2}}))
    page.write_text("<!-- benchmark: features -->\n<!-- end -->\n")
    readme(check=False, path=page)
    assert page.read_text().splitlines()[1:6] == [
        "| case | system | CPU s | ratio | peak MB |",
        "| --- | --- | --- | --- | --- |",
        "| few | augury | 2.00 | 1.00 | 1,234 |",
        "| few | other | 5.00 | 2.50 | 99 |",
        "| many | augury | 0.50 | 1.00 | 7 |",
    ]


def test_the_readmes_own_marks_are_found() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(MARKED.findall(text)) == text.count("<!-- study:") + text.count("<!-- benchmark:")

"""The README's tables: made where they are marked, and nothing else is touched."""

import json
from pathlib import Path

import pytest

from experiments import readme as made
from experiments import study
from experiments.readme import MARKED, README, readme, study_table

FOUND = {
    "judged": ["2024-03-01", "2024-04-01"],
    "learned": "2 cutoffs up to 2024-02-01",
    "champion": "boosted",
    "grade": {"letter": "B", "checks": []},
    "models": {
        "base_rate": {"roc_auc": {"value": 0.5, "low": 0.5, "high": 0.5}},
        "boosted": {"roc_auc": {"value": 0.8, "low": None, "high": None}},
    },
    "parts": {
        "2024-03-01": {"boosted": {"roc_auc": {"value": 0.7904, "low": 0.7, "high": 0.9}}},
        "2024-04-01": {"boosted": {"roc_auc": {"value": 0.81, "low": 0.7, "high": 0.9}}},
    },
}
TABLE = """\
| model | ROC-AUC |
| --- | --- |
| `base_rate` | 0.500 [0.500, 0.500] |
| **`boosted`** | 0.800 |

Tested on 2024-03-01, 2024-04-01; the champion, grade B, learned from 2 cutoffs up to 2024-02-01; its ROC-AUC there \
was 0.790, 0.810: `augury study small`.
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


def test_of_one_part_nothing_more_is_told(page: Path, tmp_path: Path) -> None:
    (tmp_path / "studies" / "small" / "results.json").write_text(json.dumps({**FOUND, "parts": {}}))
    assert study_table("small").endswith("up to 2024-02-01: `augury study small`.\n")


def test_repeats_of_folds_are_counted(page: Path, tmp_path: Path) -> None:
    table = {**FOUND, "judged": ["repeat 1", "repeat 2"], "learned": "900 customers"}
    (tmp_path / "studies" / "small" / "results.json").write_text(json.dumps(table))
    assert "Tested on 2 repeats of folds; the champion, grade B, learned from 900 customers: `" in study_table("small")


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
    path.write_text(path.read_text().replace("0.8,", "0.9,"))
    with pytest.raises(ValueError, match="differ from the committed results"):
        readme(check=True, path=page)


def test_results_that_are_missing_are_named_and_the_page_is_left(page: Path, tmp_path: Path) -> None:
    (tmp_path / "studies" / "other" / "results.json").unlink()
    with pytest.raises(OSError, match=r"studies/other/results.json"):
        readme(check=False, path=page)
    assert page.read_text() == BEFORE


def test_a_benchmark_is_told_in_multiples_of_each_cases_best_peer(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "BENCHMARKS", tmp_path)
    cells = [
        ("few", "limit", "reading", 0.011, 90, 0),
        ("few", "ours", "augury", 2.0, 1234, 40),
        ("few", "peer", "slow", 50.0, 99, 40),
        ("few", "peer", "fast", 4.0, 150, 4),
        ("hidden", "ours", "augury", 0.5, 7, 40),
        ("large", "ours", "augury", 123.4, 7100, 40),
    ]
    names = ("case", "kind", "system", "cpu_s", "peak_mb", "features")
    rows = [{**dict(zip(names, each, strict=True)), "asked": 40, "shown": each[0] != "hidden"} for each in cells]
    (tmp_path / "features.json").write_text(json.dumps({"rows": rows, "machine": {"cores": 2}}))
    page.write_text("<!-- benchmark: features -->\n<!-- end -->\n")
    readme(check=False, path=page)
    assert page.read_text().splitlines()[1:9] == [
        "| system | few | large |",
        "| --- | --- | --- |",
        "| augury | 2.00 s (0.50×), 1.2 GB | 123 s, 7.1 GB |",
        "| slow | 50.0 s (12.50×), 0.1 GB | – |",
        "| fast (4 of 40 features) | 4.00 s (1.00×), 0.1 GB | – |",
        "| reading | 0.01 s (0.00×), 0.1 GB | – |",
        "",
        "CPU seconds of a process that is warm (as a multiple of the best peer's), peak memory; on 2 shared "
        "cores: `python -m experiments.benchmarks.features`.",
    ]


def test_the_readmes_own_marks_are_found() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(MARKED.findall(text)) == text.count("<!-- study:") + text.count("<!-- benchmark:")

"""A study from its TOML to `results.json`, and whether two results are the same."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from configs.study import Study
from experiments import study
from experiments.study import Prepared, differences, prepare, results, results_file, task_of, write_results
from features.history import History
from training import provenance
from training.judge import Judged
from training.splits import Splits

CHURN = Study.model_validate(
    {
        "title": "Small",
        "dataset": "simulated",
        "population": "known",
        "target": "churned",
        "horizon_days": 28,
        "features": ["rfm", "spend_91d"],
        "champion": "boosted",
        "cutoffs": {"first": "2024-10-01", "step_days": 28, "test": ["2024-12-08", "2025-01-05"]},
        "models": {"base_rate": {}, "boosted": {"rounds": 10}},
        "seed": 4,
    }
)


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def prepared(simulated: History, said: list[str]) -> Prepared:
    return prepare("small", CHURN, step=said.append, history=simulated)


@pytest.fixture(scope="module")
def judged(prepared: Prepared, said: list[str]) -> Judged:
    return prepared.judge(step=said.append)


@pytest.fixture(scope="module")
def found(prepared: Prepared, judged: Judged) -> dict[str, Any]:
    return results(prepared, judged, seconds=3.0)


def test_a_study_becomes_a_task(prepared: Prepared) -> None:
    task = prepared.task
    assert (task.population.name, task.target and task.target.name, task.horizon_days) == ("known", "churned", 28)
    assert [each.name for each in task.features][-1] == "spend_91d"
    assert {each.family for each in task.features[:-1]} == {"rfm"}
    assert task.setting == ""
    said = CHURN.model_copy(update={"setting": "noncontractual"})
    assert task_of(said, task.history).setting == "noncontractual"
    assert task.categories == []
    assert [part.name for part in prepared.splits.parts] == ["2024-12-08", "2025-01-05"]


def test_each_step_is_said_before_it_is_taken(judged: Judged, said: list[str]) -> None:
    assert said == ["observe 10 features", "train base_rate", "train boosted"]
    assert list(judged.models) == ["base_rate", "boosted"]


def test_models_get_their_parameters_the_seed_and_where_they_come_from(judged: Judged) -> None:
    artifact = judged.models["boosted"].artifact
    params = artifact.model.get_params()
    assert (params["rounds"], params["seed"], params["kind"]) == (10, 4, "binary")
    assert artifact.name == "small"
    assert artifact.provenance == {
        "data": artifact.provenance["data"],
        "dataset": "simulated",
        "zone": "UTC",
        **provenance.provenance(),
    }


def test_other_parameters_take_the_place_of_the_studys(prepared: Prepared) -> None:
    other = prepared.judge({"boosted": {"rounds": 3}}, step=lambda what: None)
    assert other.best.artifact.model.get_params()["rounds"] == 3


def test_one_of_the_models_may_be_asked_for(prepared: Prepared) -> None:
    models = {"boosted": {"rounds": 3}, "rfm_logistic": {}}
    asked = prepared.judge(models, step=lambda what: None, champion="rfm_logistic")
    assert (asked.champion, prepared.study.champion) == ("rfm_logistic", "boosted")


def test_results_say_what_came_of_what(found: dict[str, Any], judged: Judged, simulated: History) -> None:
    assert list(found) == [
        *("study", "data", "commit", "versions", "seconds", "judged", "learned", "champion", "grade", "left_out"),
        *("calibration", "models", "parts"),
    ]
    assert found["study"] == "small"
    assert found["data"] == {"name": "small", "fingerprint": simulated.fingerprint}
    assert (found["commit"], found["versions"]) == (provenance.commit(), provenance.versions())
    assert 3 <= found["seconds"] < 60
    assert (found["judged"], found["learned"]) == (["2024-12-08", "2025-01-05"], "3 cutoffs up to 2024-12-08")
    assert (found["champion"], found["grade"]) == ("boosted", judged.grade.plain())
    assert list(found["models"]) == ["base_rate", "boosted"]
    assert list(found["parts"]) == ["2024-12-08", "2025-01-05"]
    for part, models in {"all": found["models"], **found["parts"]}.items():
        for model, metrics in models.items():
            table = judged.models[model].metrics
            rows = table[table["part"] == part]
            assert list(metrics) == rows["metric"].tolist()
            for row in rows.to_dict("records"):
                expected = {end: pytest.approx(row[end], abs=1e-6) for end in ("value", "low", "high")}
                assert metrics[row["metric"]] == expected


def test_of_a_single_part_there_are_no_parts(prepared: Prepared, judged: Judged) -> None:
    single = replace(prepared, splits=Splits(prepared.splits.parts[1:], prepared.splits.final))
    assert results(single, judged, seconds=1.0)["parts"] == {}


def test_what_is_undefined_is_left_out_or_null(prepared: Prepared, judged: Judged) -> None:
    rows = [("all", "roc_auc", float("nan"), 0.1, 0.2), ("all", "brier", 0.25, float("nan"), float("inf"))]
    table = pd.DataFrame(rows, columns=["part", "metric", "value", "low", "high"])
    odd = replace(judged, models={"boosted": replace(judged.best, metrics=table)})
    made = results(prepared, odd, seconds=1.0)
    assert made["models"] == {"boosted": {"brier": {"value": 0.25, "low": None, "high": None}}}


def test_results_are_written_as_json(found: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STUDIES", tmp_path)
    path = results_file("small")
    assert path == tmp_path / "small" / "results.json"
    assert results_file("elsewhere/small.toml") == Path("elsewhere/small/results.json")
    write_results(found, path)
    assert json.loads(path.read_text()) == found
    assert path.read_text().endswith("}\n")
    assert differences(found, json.loads(path.read_text())) == []


def test_a_metric_may_lie_half_a_hundredth_off(found: dict[str, Any]) -> None:
    for off, told in ((0.0049, 0), (-0.0049, 0), (0.0051, 1), (-0.0051, 1)):
        other = copy.deepcopy(found)
        other["models"]["boosted"]["roc_auc"]["value"] += off
        assert len(differences(other, found)) == told
    large = copy.deepcopy(found)
    large["models"]["boosted"]["mae"] = {"value": 1000.0, "low": None, "high": None}
    for value, told in ((1004.9, 0), (1005.1, 1)):
        other = copy.deepcopy(large)
        other["models"]["boosted"]["mae"]["value"] = value
        assert len(differences(other, large)) == told


def test_what_differs_is_named(found: dict[str, Any]) -> None:
    other = copy.deepcopy(found)
    other["data"]["fingerprint"] = "0"
    other["judged"] = []
    other["champion"] = "base_rate"
    other["models"]["boosted"]["brier"]["value"] = 0.5
    del other["models"]["boosted"]["roc_auc"]
    other["models"]["rfm_logistic"] = {"brier": {"value": 0.1, "low": None, "high": None}}
    told = differences(other, found)
    assert [line.partition(":")[0] for line in told] == [
        "data",
        "judged",
        "champion",
        "boosted brier",
        "boosted roc_auc",
        "rfm_logistic brier",
    ]
    assert told[3] == f"boosted brier: 0.5 now, {found['models']['boosted']['brier']['value']} committed"
    assert told[5] == "rfm_logistic brier: 0.1 now, None committed"


def test_other_versions_seconds_and_commits_are_no_difference(found: dict[str, Any]) -> None:
    other = {**copy.deepcopy(found), "versions": {}, "seconds": 900.0, "commit": "abc"}
    for metric in other["models"]["boosted"].values():
        metric["low"] = metric["high"] = None
    assert differences(other, found) == []


def test_pairs_are_of_the_categories_most_bought_before_the_first_cutoff(simulated: History) -> None:
    asked = CHURN.model_copy(
        update={
            "population": "new_category_91d",
            "target": "bought_category",
            "features": ["affinity"],
            "categories": 3,
            "models": {"popularity": {}},
        }
    )
    made = prepare("pairs", asked, step=lambda step: None, history=simulated)
    assert len(made.task.categories) == 3
    assert set(made.splits.parts[0].train.X["category"]) == set(made.task.categories)


def test_the_dataset_is_loaded_where_none_is_at_hand() -> None:
    said: list[str] = []
    elsewhere = CHURN.model_copy(update={"dataset": "cdnow_sample", "features": ["frequency"]})
    with pytest.raises(ValueError, match="lies beyond the data of cdnow_sample, which end at 1998-07-01"):
        prepare("elsewhere", elsewhere, step=said.append)
    assert said == ["load cdnow_sample", "observe 1 features"]

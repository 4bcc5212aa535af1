"""Studies: each one we ship reads and speaks of things that there are; what does not hang together is refused."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from configs.study import FOLDER, read_study, study_names
from configs.toml import ConfigError
from features.datasets import known
from features.library import POPULATIONS, TARGETS, chosen
from models.estimators import MODELS, create

GOOD = """
title = "Who leaves"
dataset = "cdnow"
population = "known"
target = "churned"
horizon_days = 91
features = ["rfm"]
champion = "boosted"
baseline = "base_rate"

[cutoffs]
first = 1997-05-01
step_days = 28
test = [1998-03-31]

[models.base_rate]
[models.boosted]
rounds = 50
"""


def refused(tmp_path: Path, *changes: tuple[str, str]) -> str:
    """Give what is said of a study in which texts were replaced."""
    text = GOOD
    for was, becomes in changes:
        assert was in text
        text = text.replace(was, becomes)
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_study(str(path))
    assert str(error.value).startswith(f"{path}:\n")
    return str(error.value)


def test_the_studies_are_these() -> None:
    assert study_names() == [
        "cdnow_churn",
        "cdnow_clv",
        "complete_journey_churn",
        "complete_journey_clv",
        "complete_journey_cross_sell",
        "complete_journey_segments",
    ]
    assert [path.suffix for path in FOLDER.iterdir()] == [".toml"] * 6


@pytest.mark.parametrize("name", study_names())
def test_a_study_we_ship_speaks_of_things_that_there_are(name: str) -> None:
    study = read_study(name)
    assert study.dataset in known()
    assert POPULATIONS[study.population].by == ("category" if study.categories else None)
    features = [each.name for each in chosen(study.features)]
    assert features
    kind = TARGETS[study.target].kind if study.target else "none"
    for model, params in study.models.items():
        create(model, setting={"kind": kind, "horizon_days": study.horizon_days, "seed": study.seed}, **params)
        assert kind in MODELS[model].kinds
        assert set(MODELS[model].requires) <= {*features, "category"}
    assert study.cutoffs.first < min(study.cutoffs.test)


def test_a_study_is_read_by_path_with_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD)
    study = read_study(str(tmp_path / "mine.toml"))
    assert (study.title, study.champion, study.baseline) == ("Who leaves", "boosted", "base_rate")
    assert (study.cutoffs.first, study.cutoffs.test) == (date(1997, 5, 1), [date(1998, 3, 31)])
    assert study.models == {"base_rate": {}, "boosted": {"rounds": 50}}
    assert (study.seed, study.categories) == (0, None)


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("dataset =", "data_set =", "unknown key 'data_set'; did you mean 'dataset'?"),
        ("dataset =", "data_set =", "the key 'dataset' is missing"),
        ("step_days", "step_day", "unknown key 'cutoffs.step_day'; did you mean 'cutoffs.step_days'"),
        ("step_days = 28", "step_days = 0", "cutoffs.step_days = 0: input should be greater than 0"),
        ("1997-05-01", '"May"', "cutoffs.first = 'May':"),
        ("[1998-03-31]", "[]", "cutoffs.test = []: list should have at least 1 item"),
        ('["rfm"]', "[]", "features = []: list should have at least 1 item"),
        ("91", "-91", "horizon_days = -91: input should be greater than 0"),
        ('champion = "boosted"', 'champion = "bosted"', "'bosted' is not among the models ['base_rate', 'boosted']"),
        ('baseline = "base_rate"', 'baseline = "rfm"', "'rfm' is not among the models ['base_rate', 'boosted']"),
        ("horizon_days = 91\n", "", "a target needs horizon_days, and horizon_days a target"),
        ('target = "churned"\n', "", "a target needs horizon_days, and horizon_days a target"),
    ],
)
def test_what_does_not_hang_together_is_refused(was: str, becomes: str, told: str, tmp_path: Path) -> None:
    assert told in refused(tmp_path, (was, becomes))


def test_a_refusal_of_the_whole_study_is_readable(tmp_path: Path) -> None:
    """It is about no single key: neither the whole file nor pydantic's own words are repeated."""
    line = refused(tmp_path, ('champion = "boosted"', 'champion = "bosted"')).splitlines()[1]
    assert line == "- 'bosted' is not among the models ['base_rate', 'boosted']"


def test_an_unknown_study_is_told_with_near_ones() -> None:
    with pytest.raises(LookupError, match="unknown study 'cdnow_chrun'; did you mean 'cdnow_churn'"):
        read_study("cdnow_chrun")


def test_a_study_needs_a_model(tmp_path: Path) -> None:
    said: Any = refused(tmp_path, ("[models.base_rate]\n[models.boosted]\nrounds = 50", "[models]"))
    assert "models = {}: dictionary should have at least 1 item" in said

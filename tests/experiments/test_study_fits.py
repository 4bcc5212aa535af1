"""Studies whose parts do not fit each other, and those that point to a dataset file beside them."""

from pathlib import Path

import pandas as pd
import pytest

from configs.study import Study, read_study
from configs.toml import ConfigError
from experiments.runs import question
from experiments.study import Prepared, prepare
from features.datasets import load
from features.history import History

PLAIN = {
    "title": "Small",
    "dataset": "simulated",
    "population": "known",
    "target": "churned",
    "horizon_days": 28,
    "features": ["rfm"],
    "models": {"boosted": {"rounds": 3}},
    "champion": "boosted",
    "cutoffs": {"first": "2024-10-01", "step_days": 28, "test": ["2025-01-05"]},
}


def _prepared(history: History, **changed: object) -> Prepared:
    return prepare("small", Study.model_validate({**PLAIN, **changed}), step=lambda what: None, history=history)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"categories": 5}, "population 'known' is per customer; leave `categories` out"),
        ({"population": "new_category_91d"}, "'new_category_91d' is per customer and category; set `categories`"),
        (
            {"target": "bought_category"},
            "'known' is per customer, but target 'bought_category' is per customer and",
        ),
        (
            {"population": "new_category_91d", "categories": 5},
            "'new_category_91d' is per customer and category, but target 'churned' is per customer;",
        ),
    ],
)
def test_customers_and_pairs_are_not_mixed(simulated: History, changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _prepared(simulated, **changed)


def test_a_parameter_of_another_type_is_refused(simulated: History) -> None:
    for params, message in (
        ({"rounds": "20"}, "model 'boosted': rounds = '20' must be of type int"),
        ({"rounds": 2.5}, "model 'boosted': rounds = 2.5 must be of type int"),
        ({"rounds": True}, "model 'boosted': rounds = True must be of type int"),
        ({"learning_rate": "fast"}, "model 'boosted': learning_rate = 'fast' must be of type float"),
    ):
        with pytest.raises(ValueError, match=message):
            _prepared(simulated, models={"boosted": params}).judge(step=lambda what: None)
    fast = _prepared(simulated, models={"boosted": {"rounds": 2, "learning_rate": 1}})
    assert fast.judge(step=lambda what: None).best.seconds > 0


def test_a_test_cutoff_stands_there_once(tmp_path: Path) -> None:
    text = 'title = "T"\ndataset = "d"\npopulation = "known"\nfeatures = ["rfm"]\nchampion = "segments"\n'
    text += "[cutoffs]\nfirst = 2024-01-01\nstep_days = 7\ntest = [2025-01-05, 2025-01-05]\n[models.segments]\n"
    (tmp_path / "twice.toml").write_text(text)
    with pytest.raises(ConfigError, match="a test cutoff stands there twice: 2025-01-05, 2025-01-05"):
        read_study(str(tmp_path / "twice.toml"))


def test_a_dataset_file_is_looked_for_beside_its_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sales.csv").write_text("customer_id,time,amount\na,2024-01-01,1\n")
    (tmp_path / "shop.toml").write_text('[tables.transactions]\ncsv = "sales.csv"\n')
    study = 'title = "T"\ndataset = "shop.toml"\npopulation = "known"\nfeatures = ["rfm"]\nchampion = "segments"\n'
    study += "[cutoffs]\nfirst = 2024-01-01\nstep_days = 7\ntest = [2025-01-05]\n[models.segments]\n"
    (tmp_path / "mine.toml").write_text(study)
    monkeypatch.chdir("/")
    found = read_study(str(tmp_path / "mine.toml")).dataset
    assert found == str(tmp_path / "shop.toml")
    assert load(found).end == pd.Timestamp("2024-01-02")


def test_trials_of_another_question_do_not_count(simulated: History) -> None:
    changed: tuple[dict[str, object], ...] = (
        {},
        {"horizon_days": 35},
        {"features": ["gaps"]},
        {"models": {"boosted": {"rounds": 4}}},
        {"seed": 1},
    )
    asked = {question(_prepared(simulated, **each), "boosted") for each in changed}
    assert len(asked) == len(changed)


def test_trials_of_the_same_question_count_whatever_else_is_said(simulated: History) -> None:
    campaign = {"contact_cost": 1.0, "value": 10.0}
    changed: tuple[dict[str, object], ...] = ({}, {"title": "Other"}, {"campaign": campaign}, {"calibration": "none"})
    assert len({question(_prepared(simulated, **each), "boosted") for each in changed}) == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"campaign": {"contact_cost": 1, "value_from": "spend_91"}},
            "campaign.value_from: unknown feature that is a number",
        ),
        (
            {"campaign": {"contact_cost": 1, "value": 9}, "target": "orders"},
            "a campaign acts on a probability; leave it",
        ),
    ],
)
def test_a_campaign_that_cannot_be_reckoned_with_is_told_before_anything_is_trained(
    simulated: History, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        _prepared(simulated, **changed)


def test_a_text_is_no_target(simulated: History) -> None:
    study = {"target": "customers.region", "cutoffs": None, "folds": {"count": 2}, "horizon_days": None}
    told = "customers.region is text: a target is one of its values, as in customers.region=VALUE"
    with pytest.raises(ValueError, match=told):
        _prepared(simulated, population="listed", **study)

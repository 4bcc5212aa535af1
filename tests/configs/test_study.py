"""Studies: each one we ship reads and speaks of things that there are; what does not hang together is refused."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from configs.study import FOLDER, Study, read_study, study_names
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


CUTOFFS = """[cutoffs]
first = 1997-05-01
step_days = 28
test = [1998-03-31]
"""
EITHER = "for data with dates, or [folds], for a table without"

TABLE = """
title = "Who leaves"
dataset = "telco"
population = "listed"
target = "customers.Churn=Yes"
features = ["customers.*"]
group = "customers.gender"
calibration = "sigmoid"

[folds]
count = 4
repeats = 3

[models.boosted]
[models.base_rate]

[allowed]
"customers.tenure" = "it is known at any time"

[campaign]
contact_cost = 1.5
value = 100
"""


def refused(tmp_path: Path, *changes: tuple[str, str], text: str = GOOD) -> str:
    """Give what is said of a study in which texts were replaced."""
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
        "cdnow_churn_half_year",
        "cdnow_clv",
        "cdnow_clv_half_year",
        "complete_journey_campaign",
        "complete_journey_churn",
        "complete_journey_clv",
        "complete_journey_clv_half_year",
        "complete_journey_contribution",
        "complete_journey_cross_sell",
        "complete_journey_price_tier",
        "complete_journey_segments",
        "complete_journey_spend_fall",
        "complete_journey_upsell",
        "simulated_lapse",
        "telco_churn",
    ]
    assert [path.suffix for path in FOLDER.iterdir()] == [".toml"] * 16


@pytest.mark.parametrize("name", study_names())
def test_a_study_we_ship_speaks_of_things_that_there_are(name: str) -> None:
    study = read_study(name)
    assert study.dataset in known()
    assert POPULATIONS[study.population].by == ("category" if study.categories else None)
    if study.folds is not None:
        assert study.target is not None
        features, kind = study.features, "binary" if "=" in study.target else "amount"
        assert all(each.removeprefix("-").startswith("customers.") for each in [*features, study.target])
    else:
        features = [each.name for each in chosen(study.features)]
        kind = TARGETS[study.target].kind if study.target else "none"
    assert features
    for model, params in study.models.items():
        made = create(model, setting={"kind": kind, "horizon_days": study.horizon_days, "seed": study.seed}, **params)
        assert study.learn_days is None or model in ("clv", "clv_blend")  # the others predict what they have learned
        assert kind in MODELS[model].kinds
        assert set(MODELS[model].requires) <= {*features, "category"}
        assert study.target in (getattr(made, "answers", ()) or (study.target,))
    assert study.cutoffs is None or study.cutoffs.first < min(study.cutoffs.test)


def test_a_study_is_read_by_path_with_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD)
    study = read_study(str(tmp_path / "mine.toml"))
    assert study.cutoffs is not None
    assert study.folds is None
    assert (study.title, study.champion, study.baseline) == ("Who leaves", "boosted", "base_rate")
    assert (study.cutoffs.first, study.cutoffs.test) == (date(1997, 5, 1), [date(1998, 3, 31)])
    assert study.models == {"base_rate": {}, "boosted": {"rounds": 50}}
    assert (study.seed, study.categories, study.learn_days) == (0, None, None)


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
        (
            "[1998-03-31]",
            "[1998-03-31, 1998-01-31, 1998-03-31]",
            "a test cutoff stands there twice: 1998-03-31, 1998-01",
        ),
        (
            "horizon_days = 91",
            "horizon_days = 91\nlead_days = -1",
            "lead_days = -1: input should be greater than or equ",
        ),
        (
            "horizon_days = 91",
            'horizon_days = 91\ntune = ["boosted", "segments"]',
            "'segments' is not among the models",
        ),
        (
            "horizon_days = 91",
            "horizon_days = 91\nplausible_auc = 0.5",
            "plausible_auc = 0.5: input should be greater than",
        ),
        (
            "horizon_days = 91",
            "horizon_days = 91\nplausible_auc = 1.1",
            "plausible_auc = 1.1: input should be less than",
        ),
        (
            "[models.base_rate]",
            '[allowed]\nspend = " "\n\n[models.base_rate]',
            "allowed.spend: give the reason; it goes on ",
        ),
        (
            "horizon_days = 91",
            "horizon_days = 91\nlearn_days = 92",
            "learn_days is 92 and horizon_days 91: what is learned from is at most as long as what is predicted",
        ),
        ("horizon_days = 91", "horizon_days = 91\nlearn_days = 0", "learn_days = 0: input should be greater than 0"),
        ("[models.base_rate]", "[folds]\n\n[models.base_rate]", f"say either [cutoffs], {EITHER}"),
        (CUTOFFS, "", f"say either [cutoffs], {EITHER}"),
        (CUTOFFS, "[folds]\n", "a table without dates has no horizon; leave horizon_days and lead_days out"),
        (
            '"churned"',
            '"customers.gone=yes"',
            "customers.gone=yes has no time: it would be known at every cutoff; say [folds]",
        ),
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


def read(tmp_path: Path, text: str, *changes: tuple[str, str]) -> Study:
    for was, becomes in changes:
        assert was in text
        text = text.replace(was, becomes)
    (tmp_path / "mine.toml").write_text(text)
    return read_study(str(tmp_path / "mine.toml"))


def test_a_table_is_split_into_folds(tmp_path: Path) -> None:
    study = read(tmp_path, TABLE)
    assert study.cutoffs is None
    assert study.folds is not None
    assert (study.folds.count, study.folds.repeats) == (4, 3)
    assert (study.champion, study.baseline, study.tune, study.horizon_days, study.lead_days) == (None,) * 4 + (0,)
    assert (study.group, study.calibration, study.plausible_auc) == ("customers.gender", "sigmoid", 0.9)
    assert study.allowed == {"customers.tenure": "it is known at any time"}
    bare = read(tmp_path, TABLE, ("count = 4\nrepeats = 3\n", ""))
    assert bare.folds is not None
    assert (bare.folds.count, bare.folds.repeats) == (5, 1)


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("count = 4", "count = 1", "folds.count = 1: input should be greater than or equal to 2"),
        ("repeats = 3", "repeats = 0", "folds.repeats = 0: input should be greater than 0"),
        ('target = "customers.Churn=Yes"\n', "", "folds need a target, such as customers.COLUMN=VALUE"),
        ('group = "customers.gender"', "horizon_days = 28", "a table without dates has no horizon; leave horizon_days"),
        ('group = "customers.gender"', "lead_days = 7", "a table without dates has no horizon; leave horizon_days and"),
        ("contact_cost = 1.5", "contact_cost = -1", "campaign.contact_cost = -1: input should be greater than or eq"),
        ("contact_cost = 1.5\n", "", "the key 'campaign.contact_cost' is missing"),
        ("value = 100", "value = 0", "campaign.value = 0: input should be greater than 0"),
        ("value = 100", "value = 100\nacceptance = 0", "campaign.acceptance = 0: input should be greater than 0"),
        ("value = 100", "value = 100\nacceptance = 1.1", "campaign.acceptance = 1.1: input should be less than or eq"),
        ("value = 100", "value = 100\nmargin = 0", "campaign.margin = 0: input should be greater than 0"),
        ("value = 100", "value = 100\noffer_cost = -1", "campaign.offer_cost = -1: input should be greater than or eq"),
        ("value = 100", "value = 100\ncustomers = 0", "campaign.customers = 0: input should be greater than 0"),
        ("value = 100", "value = 100\nbudget = 0", "campaign.budget = 0: input should be greater than 0"),
        ("value = 100\n", "", "say what a customer is worth: either value, or value_from, the name of a feature"),
        ("value = 100", 'value = 100\nvalue_from = "spend"', "say what a customer is worth: either value, or value_f"),
        (
            "value = 100",
            "value = 100\ncustomers = 9\nbudget = 9",
            "say either customers, how many may be contacted, or budget, how much may be spent",
        ),
    ],
)
def test_folds_and_campaigns_that_do_not_hang_together_are_refused(
    was: str, becomes: str, told: str, tmp_path: Path
) -> None:
    assert told in refused(tmp_path, (was, becomes), text=TABLE)


def test_a_campaign_is_read_with_its_defaults(tmp_path: Path) -> None:
    told = read(tmp_path, TABLE).campaign
    assert told is not None
    assert (told.contact_cost, told.offer_cost, told.acceptance, told.value, told.margin) == (1.5, 0, 1, 100, 1)
    assert (told.value_from, told.customers, told.budget, told.wins) == (None, None, None, False)
    other = read(
        tmp_path, TABLE, ("value = 100", 'value_from = "spend_365d"\nmargin = 0.3\ncustomers = 7\nwins = true')
    )
    assert other.campaign is not None
    assert (other.campaign.value_from, other.campaign.margin, other.campaign.customers) == ("spend_365d", 0.3, 7)
    assert other.campaign.wins


def test_what_is_only_described_needs_a_name(tmp_path: Path) -> None:
    described = ('target = "churned"\nhorizon_days = 91\n', "")
    assert read(tmp_path, GOOD, described).target is None
    nameless = refused(tmp_path, described, ('champion = "boosted"\n', ""))
    assert "without a target nothing can be judged: name the champion" in nameless
    assert read(tmp_path, GOOD, ('champion = "boosted"\n', ""), ('baseline = "base_rate"\n', "")).champion is None


def test_a_lead_and_what_is_tuned_are_read(tmp_path: Path) -> None:
    study = read(tmp_path, GOOD, ("horizon_days = 91", 'horizon_days = 91\nlead_days = 14\ntune = ["boosted"]'))
    assert (study.lead_days, study.tune) == (14, ["boosted"])


def test_a_dataset_file_starts_at_the_studys_folder(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD, ('"cdnow"', '"data/shop.toml"')).dataset == str(tmp_path / "data" / "shop.toml")
    assert read(tmp_path, GOOD).dataset == "cdnow"


def test_folds_are_of_labels_without_time() -> None:
    said = {"title": "T", "dataset": "d", "population": "known", "features": ["rfm"], "models": {"boosted": {}}}
    with pytest.raises(ValueError, match="folds are of tables without dates, and churned comes with time; say"):
        Study.model_validate({**said, "target": "churned", "folds": {}})


def test_a_study_may_say_whether_customers_are_under_contract(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    assert read_study("cdnow_clv").setting is None
    for said in ("contractual", "noncontractual"):
        path.write_text(f'setting = "{said}"\n{GOOD}', encoding="utf-8")
        assert read_study(str(path)).setting == said
    path.write_text(f'setting = "shop"\n{GOOD}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"setting.*'contractual' or 'noncontractual'"):
        read_study(str(path))

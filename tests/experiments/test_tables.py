"""A table without dates through the command line: one row a customer, numbers and texts, from training to serving."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from configs.settings import Settings
from models.registry import ModelRegistry
from models.registry.runs import read_record
from serving.block import Held
from serving.live.live import Live
from serving.live.snapshot import Snapshot
from serving.messages import Refusal
from serving.scorer import Scorer
from serving.store.opened import store_of

Answer = subprocess.CompletedProcess[str]
Augury = Callable[..., Answer]

STUDY = """
title = "Subscribers: who leaves"
dataset = "subscribers.toml"
population = "listed"
target = "customers.left=yes"
features = ["customers.*"]
baseline = "base_rate"
group = "customers.region"

[folds]
count = 3

[models.base_rate]
[models.engineered_logistic]
[models.boosted]
rounds = 30

[campaign]
contact_cost = 1.0
offer_cost = 5.0
acceptance = 0.3
value_from = "customers.charges"
margin = 6.0
"""


def subscribers(rows: int = 1500, *, seed: int = 0) -> pd.DataFrame:
    """Draw subscribers of whom those on monthly plans leave, the longer they stay the less; some labels are unknown."""
    rng = np.random.default_rng(seed)
    plan = rng.choice(["monthly", "yearly"], rows)
    months = rng.integers(1, 60, rows)
    log_odds = np.where(plan == "monthly", 0.4, -1.6) - 0.04 * months
    left = np.where(rng.random(rows) < 1 / (1 + np.exp(-log_odds)), "yes", "no").astype(object)
    left[rng.random(rows) < 0.02] = None
    charges = pd.Series(np.round(rng.gamma(4, 15, rows), 2)).mask(rng.random(rows) < 0.05)
    region = rng.choice(np.array(["north", "south", "west", None]), rows)
    ids = rng.permutation(np.arange(10_000, 10_000 + 7 * rows))[:rows].astype(str)
    return pd.DataFrame(
        {"subscriber": ids, "plan": plan, "months": months, "charges": charges, "region": region, "left": left}
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay the table, its dataset file and the study."""
    made = tmp_path_factory.mktemp("subscribers")
    subscribers().to_parquet(made / "subscribers.parquet", index=False)
    (made / "subscribers.toml").write_text(
        '[table]\nparquet = "subscribers.parquet"\ncolumns.customer_id = "subscriber"\n', encoding="utf-8"
    )
    (made / "leaving.toml").write_text(STUDY, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def registry(var: Path) -> ModelRegistry:
    return ModelRegistry(Settings.read({"AUGURY_VAR": str(var)}).mlflow)


@pytest.fixture(scope="module")
def trained(augury: Augury, folder: Path) -> Answer:
    return augury("train", folder / "leaving.toml")


def test_it_is_judged_in_folds_of_the_customers_whose_label_is_known(trained: Answer, registry: ModelRegistry) -> None:
    assert trained.returncode == 0
    record = read_record(registry, registry.load("leaving").run_id)
    labelled = int(subscribers()["left"].notna().sum())
    assert (record["judged"], [part["test_rows"] for part in record["parts"]]) == ("folds", [labelled])
    assert record["learned"]["rows"] == labelled
    assert record["models"][record["champion"]]["metrics"]["all"]["roc_auc"]["value"] > 0.7
    assert [each["name"] for each in record["features"]] == [
        f"customers.{column}" for column in ("plan", "months", "charges", "region")
    ]
    assert {row["group"] for row in record["fairness"]["rows"]} == {"all", "north", "south", "west", "unknown"}
    assert record["money"]["best"]["contacted"] > 0


def test_everybody_is_scored_with_reasons_and_by_id_the_same(
    augury: Augury, trained: Answer, registry: ModelRegistry, var: Path
) -> None:
    """Those without a label too: they are asked about, though nothing was learned from them."""
    settings = Settings.read({"AUGURY_VAR": str(var)})
    assert augury("score", "leaving", "--reasons", 2).returncode == 0
    scores = pd.read_parquet(settings.scored("leaving") / "scores.parquet")
    assert sorted(scores["customer_id"]) == sorted(subscribers()["subscriber"])
    said = pd.read_parquet(settings.scored("leaving") / "reasons.parquet")["sentence"]
    assert said.str.contains("Plan: monthly").any()
    block = store_of(settings.store).open("leaving")
    assert block is not None
    live = Live(registry.load("leaving"), Held.of(block))
    ids = scores["customer_id"].iloc[[3, 700, 1499]].tolist()
    expected = scores.set_index("customer_id").loc[ids, "score"].to_list()
    rows = [row for row in asyncio.run(live.rows(ids)) if row is not None]
    for compute in (False, True):
        assert live.answers(ids, rows, compute=compute).columns["score"] == expected
    bought = pd.DataFrame({"time": [pd.Timestamp("2025-01-01")], "amount": [1.0]})
    scorer = Scorer(Snapshot({"leaving": live}))
    (refusal,) = asyncio.run(scorer.by_history("new", bought, cutoff=datetime(2025, 2, 1, tzinfo=UTC)))
    assert isinstance(refusal, Refusal)
    assert refusal.refusal == "lacks_data"


def test_the_same_table_does_not_drift_and_one_of_other_plans_does(
    augury: Augury, trained: Answer, folder: Path, tmp_path: Path
) -> None:
    assert json.loads(augury("drift", "leaving", "--json").stdout)["status"] == "ok"
    other = subscribers(seed=1).assign(plan="monthly")
    other.to_parquet(tmp_path / "subscribers.parquet", index=False)
    (tmp_path / "subscribers.toml").write_text((folder / "subscribers.toml").read_text())
    moved = augury("drift", "leaving", "--dataset", tmp_path / "subscribers.toml", "--json")
    assert moved.returncode == 20
    found = {each["column"]: each["severity"] for each in json.loads(moved.stdout)["findings"]}
    assert (found["customers.plan"], found["customers.months"]) == ("alert", "ok")


def test_a_column_that_knows_the_answer_is_named_and_goes_in_on_the_record_alone(
    augury: Augury, folder: Path, registry: ModelRegistry, tmp_path: Path
) -> None:
    table = subscribers()
    status = table["left"].map({"yes": "closed", "no": "open"}).where(np.arange(len(table)) % 40 > 0)
    table.assign(status=status).to_parquet(tmp_path / "subscribers.parquet", index=False)
    (tmp_path / "subscribers.toml").write_text((folder / "subscribers.toml").read_text())
    study = tmp_path / "leaking.toml"
    study.write_text(STUDY)
    blocked = augury("train", study)
    assert blocked.returncode == 1
    assert "augury: 'customers.status' would leak the label" in blocked.stderr
    assert "leaking" not in registry.names()
    study.write_text(STUDY + '\n[allowed]\n"customers.status" = "checked: as of last year"\nmodel = "the same"\n')
    allowed = augury("train", study)
    assert allowed.returncode == 0
    run = registry.client.get_run(registry.load("leaking").run_id)
    assert "customers.status" in run.data.tags["allowed"]
    assert "checked: as of last year" in run.data.tags["allowed"]
    assert {each["feature"] for each in read_record(registry, run.info.run_id)["leaks"]} == {
        "customers.status",
        "model",
    }

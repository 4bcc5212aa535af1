"""The benchmark of choosing models while customers change: what is planted, what is chosen by, and what is written."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from experiments.benchmarks.selection.drift import MIXES, Drift, drifted, plan
from experiments.benchmarks.selection.run import promise, ways
from experiments.benchmarks.selection.shop import Shop, shop
from experiments.benchmarks.selection.ways import Choice, auc, by_judging, by_random_rows, met
from experiments.benchmarks.selection.worker import outcome
from features.datasets.simulator import START, simulate
from models.estimators.rfm_logistic import RfmLogistic

DAYS = 400
SIMULATED = simulate(600, days=DAYS, seed=3)
LINES, CUSTOMERS = SIMULATED.tables["transactions"], SIMULATED.tables["customers"]
STILL = Drift(
    start=START + pd.Timedelta(days=200),
    end=START + pd.Timedelta(days=DAYS),
    segment="channel",
    value="web",
    thinned=0.0,
    age_band="55+",
    slowed=1.0,
    discounted=0.0,
)
MODELS: dict[str, dict[str, Any]] = {"base_rate": {}, "rfm_logistic": {}, "boosted": {"rounds": 20}}


def changed(**strengths: Any) -> pd.DataFrame:
    return drifted(LINES, CUSTOMERS, replace(STILL, **strengths), seed=7)


def orders(lines: pd.DataFrame) -> pd.Series:
    return lines["order_id"].str.split("-").str[0]


@pytest.fixture(scope="module")
def small() -> Shop:
    return shop(1, population="known", customers=500, days=DAYS, origins=2)


def test_without_strength_nothing_changes() -> None:
    pd.testing.assert_frame_equal(changed(), LINES)


@pytest.mark.parametrize("strengths", [{"thinned": 0.9}, {"slowed": 2.0}, {"discounted": 0.9}])
def test_what_is_before_the_start_stays(strengths: dict[str, float]) -> None:
    made = changed(**strengths)
    pd.testing.assert_frame_equal(made[made["time"] < STILL.start], LINES[LINES["time"] < STILL.start])
    assert len(made[made["time"] >= STILL.start]) != 0
    assert not made.equals(LINES)


def test_orders_of_the_segment_dwindle_and_no_others() -> None:
    made = changed(thinned=0.8)
    lost = LINES[~orders(LINES).isin(orders(made))]
    assert set(lost["channel"]) == {"web"}
    assert len(made) + len(lost) == len(LINES)  # orders are lost whole, with what came back of them
    shares = []
    for since, until in ((200, 267), (267, 333), (333, 400)):
        late = (LINES["time"] - START).dt.days.between(since, until - 1) & ~LINES["is_return"]
        web = orders(LINES[late & (LINES["channel"] == "web")]).unique()
        shares.append(np.isin(web, orders(lost)).mean())
    assert shares == pytest.approx([0.8 / 6, 0.8 / 2, 0.8 * 5 / 6], abs=0.1)


def test_what_is_brought_back_after_the_start_was_bought_before_it() -> None:
    made = changed(thinned=1000.0)
    lost = LINES[~orders(LINES).isin(orders(made))]
    assert lost.groupby(orders(lost))["time"].min().min() >= STILL.start
    late = made[(made["time"] > STILL.start + pd.Timedelta(days=1)) & (made["channel"] == "web")]
    assert len(late) > 0
    assert late["is_return"].all()


def test_the_rhythm_of_an_age_band_is_stretched_from_the_start_on() -> None:
    bands = dict(zip(CUSTOMERS["customer_id"], CUSTOMERS["age_band"], strict=True))
    expected = []
    for line in LINES.to_dict("records"):
        seconds = (line["time"] - STILL.start).total_seconds()
        if bands[line["customer_id"]] == "55+" and seconds > 0:
            seconds = seconds * 2.5 // 1
        if seconds < 200 * 86_400:
            expected.append((STILL.start + pd.Timedelta(seconds=seconds), line["order_id"], line["product_id"]))
    made = changed(slowed=2.5)
    assert sorted(zip(made["time"], made["order_id"], made["product_id"], strict=True)) == sorted(expected)
    assert made["time"].is_monotonic_increasing


def test_a_discount_is_off_what_is_paid_and_off_what_is_paid_back() -> None:
    made = changed(discounted=0.9)
    keys = ["order_id", "product_id", "is_return"]
    both = made.merge(LINES, on=keys, suffixes=("", "_before"), validate="one_to_one")
    assert len(both) == len(LINES)
    new = both[both["amount"] != both["amount_before"]]
    sold, back = new[~new["is_return"]], new[new["is_return"]]
    assert len(back) > 0
    assert (sold["discount_before"] == 0).all()
    np.testing.assert_allclose(sold["amount"] + sold["discount"], sold["amount_before"], atol=1e-9)
    np.testing.assert_allclose(new["amount"], 0.7 * new["amount_before"], atol=0.0051)
    assert (back["discount"] == 0).all()
    bought = set(zip(sold["order_id"], sold["product_id"], strict=True))
    assert {(order.removesuffix("-R"), product) for order, product in back[keys[:2]].itertuples(index=False)} <= bought
    late = both[
        (both["time"] > STILL.end - pd.Timedelta(days=20)) & ~both["is_return"] & (both["discount_before"] == 0)
    ]
    assert (late["discount"] > 0).mean() == pytest.approx(0.9 * 0.95, abs=0.08)


def test_kinds_take_turns_and_begin_about_the_middle() -> None:
    plans = [plan(seed, start=START, days=1000) for seed in range(14)]
    for seed, each in enumerate(plans):
        strong = (("thinned", each.thinned > 0), ("slowed", each.slowed > 1), ("discounted", each.discounted > 0))
        assert tuple(kind for kind, there in strong if there) == MIXES[seed % 7]
        assert 400 <= (each.start - START).days <= 600
        assert (each.end - START).days == 1000
    assert plan(3, start=START, days=1000) == plans[3]
    assert len({each.start for each in plans}) > 7


def test_the_unseen_origin_comes_a_horizon_after_those_that_are_chosen_by(small: Shop) -> None:
    names = [part.name for part in small.origins.parts]
    days = [(pd.Timestamp(name) - START).days for name in [*names, small.unseen.name]]
    assert days == [DAYS - 3 * 56, DAYS - 2 * 56, DAYS - 56]
    for part in (*small.origins.parts, small.unseen):
        assert part.train.X["cutoff"].max() == pd.Timestamp(part.name) - pd.Timedelta(days=56)
        assert set(part.test.X["cutoff"]) == {pd.Timestamp(part.name)}
    assert small.origins.final is small.origins.parts[-1]


def test_rolling_origins_choose_by_the_mean_and_the_last_one_by_itself(small: Shop) -> None:
    chosen = by_judging(small, models=MODELS, seed=0)
    aucs = []
    for part in small.origins.parts:
        fitted = RfmLogistic().fit(part.train.X, part.train.y)
        aucs.append(roc_auc_score(part.test.y, fitted.predict(part.test.X)))
    assert chosen["rolling origins"].aucs["rfm_logistic"] == pytest.approx(np.mean(aucs), abs=1e-9)
    assert chosen["last origin"].aucs["rfm_logistic"] == pytest.approx(aucs[-1], abs=1e-9)
    for choice in chosen.values():
        assert choice.promised == max(choice.aucs.values())
        assert choice.aucs["base_rate"] == 0.5


def test_a_random_fifth_of_the_known_rows_tests_the_rest(small: Shop) -> None:
    known = small.unseen.train
    tested = np.random.default_rng(5).random(len(known.X)) < 0.2
    fitted = RfmLogistic().fit(known.X[~tested], known.y[~tested])
    expected = roc_auc_score(known.y[tested], fitted.predict(known.X[tested]))
    found = by_random_rows(small, models={"rfm_logistic": {}}, seed=5)
    assert found.chosen == "rfm_logistic"
    assert found.promised == pytest.approx(expected, abs=1e-9)


def test_regret_is_what_the_chosen_model_lacks_to_the_best(small: Shop) -> None:
    scored = met(small, models=MODELS, seed=0)
    assert scored["actual"].tolist() == small.unseen.test.y.tolist()
    found = {name: roc_auc_score(scored["actual"], scored[name]) for name in MODELS}
    assert {name: auc(scored["actual"], scored[name]) for name in MODELS} == pytest.approx(found, abs=1e-12)
    best = max(found, key=found.__getitem__)
    told = outcome(Choice.of({"base_rate": 0.6, best: 0.55}), scored, found, seed=0)
    assert (told["chosen"], told["best"], told["promised"]) == ("base_rate", best, 0.6)
    assert told["regret"] == pytest.approx(found[best] - 0.5, abs=6e-5)
    assert told["optimism"] == pytest.approx(0.1, abs=1e-9)
    assert told["low"] < told["regret"] < told["high"]


def test_of_equal_models_the_first_is_chosen() -> None:
    assert Choice.of({"b": 0.7, "a": 0.7, "c": 0.6}).chosen == "b"


def test_the_promise_counts_seeds_within_the_bar() -> None:
    def row(population: str, regret: float, low: float, optimism: float) -> dict[str, Any]:
        told = {"chosen": "boosted", "regret": regret, "low": low, "optimism": optimism}
        other = {**told, "regret": 0.5}
        return {"population": population, "ways": {"rolling origins": told, "last origin": other}}

    regrets = (0.0, 0.002, 0.0021, 0.001, 0.001)
    rows = [row("known", regret, regret - 0.002, 0.01) for regret in regrets]
    rows += [row("active_182d", 0.003, 0.001, sign * 0.01) for sign in (1, -1)]
    known, last, active, _ = ways(rows)
    assert (known["seeds"], known["within"], known["worst"], known["beyond chance"]) == (5, 4, 0.0021, 1)
    assert known["regret"] == pytest.approx(0.00122)
    assert (active["within"], active["optimism"], active["optimism off"]) == (0, 0.0, 0.01)
    assert (last["way"], last["within"], last["chosen"]) == ("last origin", 0, {"boosted": 5})
    assert promise(rows)["kept"] == {"known": True, "active_182d": False}


def test_the_command_writes_numbers_and_picture_and_prints_a_table(tmp_path: Path) -> None:
    flags = ["--seeds", "1", "--populations", "known", "--customers", "400", "--days", "400", "--origins", "2"]
    command = [sys.executable, "-m", "experiments.benchmarks.selection", *flags]
    environment = {**os.environ, "AUGURY_VAR": str(tmp_path), "COLUMNS": "120"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "known, rolling origins" in done.stdout
    found = json.loads((tmp_path / "benchmarks" / "selection.json").read_text())
    assert {"machine", "versions", "commit", "load"} < set(found)
    (row,) = found["rows"]
    assert list(row["ways"]) == ["rolling origins", "last origin", "random rows"]
    assert (row["drift"]["slowed"], row["drift"]["discounted"]) == (1.0, 0.0)
    assert row["drift"]["thinned"] >= 0.4
    assert len(row["churned"]) == 3
    for told in row["ways"].values():
        assert told["regret"] == pytest.approx(max(row["met"].values()) - row["met"][told["chosen"]], abs=2e-4)
        assert told["promised"] == max(told["aucs"].values())
    assert (tmp_path / "benchmarks" / "selection.png").read_bytes().startswith(b"\x89PNG")

"""What a batch observes: buckets of customers, and questions at times of their own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.engine import buckets
from features.engine.door import admit
from features.frame import frame
from features.history import History
from features.library import POPULATIONS, chosen
from models.artifact import Artifact
from models.calibration import Calibration
from models.estimators import create
from models.profile import profile
from models.registry import Registered
from serving.batch import batch_frame
from serving.batch.destinations import Folders
from serving.batch.groups import of_history
from serving.batch.question import Asked
from serving.batch.run import run
from tests.serving.batch.conftest import CUTOFF, Clock

KEYS = ["customer_id", "cutoff", "category"]


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    by = [*(key for key in KEYS if key in frame), *(["score"] if "score" in frame else [])]
    times = dict.fromkeys(frame.select_dtypes("datetime"), "datetime64[us]")
    return frame.astype(times).sort_values(by, ignore_index=True)


@pytest.mark.parametrize("name", ["shop_churn", "shop_clv", "shop_cross_sell"])
def test_customers_in_buckets_are_scored_as_in_one(
    name: str,
    champions: dict[str, Registered],
    history: History,
    frames: dict[str, pd.DataFrame],
    expected: dict[str, pd.DataFrame],
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(buckets, "ROWS", 700)
    groups = of_history(history, [champions[name]], cutoff=CUTOFF)
    run(groups, Asked(size=60), to=Folders(lambda _: tmp_path / "out"), clock=clock)
    scores = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    assert not scores["customer_id"].is_monotonic_increasing, "there are several buckets"
    pd.testing.assert_frame_equal(_sorted(scores), _sorted(expected[name]), check_exact=True)
    found = pd.read_parquet(tmp_path / "out" / "frame.parquet")
    pd.testing.assert_frame_equal(_sorted(found), _sorted(frames[name]), check_exact=True)
    owners = [set(pd.read_parquet(part)["customer_id"]) for part in (tmp_path / "out" / "scores.parquet").iterdir()]
    assert sum(map(len, owners)) == len(set().union(*owners)), "a customer is in two blocks"


@pytest.fixture(scope="module")
def touched(sales: pd.DataFrame) -> History:
    """Let the shop write to each customer three times in the last months, about two campaigns."""
    ids = sorted(sales["customer_id"].unique())
    days = pd.to_timedelta([(7 * place) % 110 + 0.5 for place in range(3 * len(ids))], unit="D")
    touches = pd.DataFrame({"customer_id": ids * 3, "time": pd.Timestamp("2025-12-30") - days})
    return admit(
        "shop",
        {
            "transactions": sales,
            "touches": touches.assign(campaign="A", channel=pd.Series(["mail", "web", None] * 150, dtype="str")),
        },
    )


@pytest.fixture(scope="module")
def redeemed(touched: History) -> Registered:
    """Fit a few trees on who was touched; what came of it does not matter here."""
    population, features = POPULATIONS["touched"], chosen(["rfm", "touches_received_91d", "top_category"], touched)
    seen = frame(touched, [CUTOFF, CUTOFF + pd.Timedelta(days=30)], population=population, features=features)
    names = [each.name for each in features]
    model = create("boosted", rounds=15).fit(seen[["customer_id", "cutoff", *names]], pd.Series(seen.index % 3 == 0.0))
    said: dict[str, Any] = {"name": "redeemed", "dataset": "shop", "target": "redeemed", "kind": "binary"}
    about: dict[str, Any] = {
        "horizon_days": 40,
        "lead_days": 0,
        "categories": [],
        "trained_to": CUTOFF,
        "model_name": "boosted",
    }
    artifact = Artifact(
        **said,
        **about,
        population="touched",
        population_fingerprint=population.fingerprint,
        features={each.name: each.fingerprint for each in features},
        model=model,
        calibration=Calibration(),
        profile=profile(seen[names]),
    )
    return Registered(artifact, "1")


@pytest.mark.parametrize("size", [9, 100_000])
def test_questions_at_times_of_their_own_come_customer_by_customer(
    size: int, touched: History, redeemed: Registered, clock: Clock, tmp_path: Path
) -> None:
    groups = of_history(touched, [redeemed], cutoff=touched.end)
    (told,) = run(groups, Asked(size=size), to=Folders(lambda _: tmp_path / "out"), clock=clock)
    observed = batch_frame(touched, redeemed, cutoff=touched.end)
    assert observed["cutoff"].nunique() > 20
    scores = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    assert scores["customer_id"].is_monotonic_increasing
    assert (told["rows"], told["customers"]) == (len(observed), observed["customer_id"].nunique())
    assert told["cutoff"] == observed["cutoff"].max().isoformat()
    at_once = redeemed.artifact.score(observed, version="1")
    pd.testing.assert_frame_equal(_sorted(scores), _sorted(at_once), check_exact=True)


def test_another_horizon_asks_other_questions(touched: History, redeemed: Registered, churn: Registered) -> None:
    longer = replace(redeemed.artifact, name="longer", horizon_days=60)
    assert len(of_history(touched, [redeemed, Registered(longer, "1")], cutoff=touched.end)) == 2
    twin = replace(churn.artifact, name="twin", horizon_days=60)
    assert len(of_history(touched, [churn, Registered(twin, "1")], cutoff=touched.end)) == 1

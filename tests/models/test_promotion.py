"""The champion moves and comes back: on the record, and byte for byte."""

import io
import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from models.registry import ModelRegistry, NotRegistered
from models.registry.promotion import Move, champion_of, promote, roll_back
from training.backtest import Backtested
from training.splits import Split

AT = datetime(2025, 3, 1, 12, tzinfo=UTC)
NAME = "small_churn"


@pytest.fixture
def own(own_store: str, trained: Backtested, tmp_path: Path) -> ModelRegistry:
    """Register three versions, the second as challenger: none is champion."""
    registry = ModelRegistry(own_store)
    experiment = registry.client.create_experiment("own", artifact_location=(tmp_path / "files").as_uri())
    for number in ("1", "2", "3"):
        run_id = registry.client.create_run(experiment).info.run_id
        changed = replace(
            trained.artifact,
            calibration=trained.artifact.calibration.with_shift(float(number) / 10),
            provenance={"commit": number},
        )
        assert registry.add(changed, run_id=run_id, alias="challenger" if number == "2" else None) == number
    return registry


def tags(registry: ModelRegistry, version: str) -> dict[str, Any]:
    found = registry.client.get_model_version(NAME, version).tags
    return {key: json.loads(value) for key, value in found.items() if key != "artifact_id"}


def scored(registry: ModelRegistry, X: pd.DataFrame) -> bytes:
    """Give the bytes of the Parquet file that the champion's scores make."""
    found = registry.load(NAME)
    file = io.BytesIO()
    found.artifact.score(X, version=found.version).to_parquet(file, index=False)
    return file.getvalue()


def aliases(registry: ModelRegistry) -> dict[str, str]:
    return {key: str(value) for key, value in registry.client.get_registered_model(NAME).aliases.items()}


def test_the_first_champion_follows_nobody(own: ModelRegistry) -> None:
    assert champion_of(own, NAME) is None
    assert champion_of(own, "unknown") is None
    with pytest.raises(NotRegistered, match=f"model '{NAME}' has no champion to roll back from"):
        roll_back(own, NAME, at=AT, reason="none")
    assert promote(own, NAME, "1", at=AT, record={"forced": False}) == Move(NAME, None, "1")
    assert champion_of(own, NAME) == "1"
    assert aliases(own) == {"champion": "1", "challenger": "2"}
    assert tags(own, "1") == {
        "promoted": {"at": "2025-03-01T12:00:00+00:00", "former": None, "forced": False},
        "former_champion": None,
    }
    with pytest.raises(NotRegistered, match=f"version 1 of {NAME} is its first champion: there is none to go back to"):
        roll_back(own, NAME, at=AT, reason="none")
    assert champion_of(own, NAME) == "1"


def test_a_registry_that_cannot_be_asked_has_not_no_champion(own: ModelRegistry) -> None:
    """Else a second champion would be made while the store is away."""
    promote(own, NAME, "1", at=AT, record={})
    for table in ("registered_model_aliases", "registered_models"):
        with sqlite3.connect(own.uri.removeprefix("sqlite:///")) as store:
            store.execute(f"ALTER TABLE {table} RENAME TO gone_{table}")
        with pytest.raises(MlflowException):
            champion_of(own, NAME)


def test_a_challenger_takes_the_place_and_gives_it_back(own: ModelRegistry, churn_data: Split) -> None:
    """Scores after the roll-back are those of before, byte for byte; a second one has nothing to go back to."""
    X = churn_data.test.X
    promote(own, NAME, "1", at=AT, record={})
    before = scored(own, X)
    judged = {"verdict": {"passed": False}, "forced": True, "reason": "die Zahlen täuschen"}
    assert promote(own, NAME, "2", at=AT, record=judged) == Move(NAME, "1", "2")
    assert aliases(own) == {"champion": "2"}  # it is the challenger no more
    assert tags(own, "2") == {"promoted": {"at": AT.isoformat(), "former": "1", **judged}, "former_champion": "1"}
    assert scored(own, X) != before
    assert roll_back(own, NAME, at=AT, reason="it missed the spring") == Move(NAME, "2", "1")
    assert aliases(own) == {"champion": "1"}
    assert scored(own, X) == before
    assert tags(own, "2")["rolled_back"] == {"at": AT.isoformat(), "to": "1", "reason": "it missed the spring"}
    assert "rolled_back" not in tags(own, "1")
    with pytest.raises(NotRegistered, match="version 1 of small_churn is its first champion"):
        roll_back(own, NAME, at=AT, reason="again")


def test_each_roll_back_goes_one_champion_back(own: ModelRegistry) -> None:
    for version in ("1", "2", "3"):
        promote(own, NAME, version, at=AT, record={})
    assert roll_back(own, NAME, at=AT, reason="a") == Move(NAME, "3", "2")
    assert roll_back(own, NAME, at=AT, reason="b") == Move(NAME, "2", "1")
    with pytest.raises(NotRegistered, match="there is none to go back to"):
        roll_back(own, NAME, at=AT, reason="c")
    assert promote(own, NAME, "3", at=AT, record={}) == Move(NAME, "1", "3")
    assert roll_back(own, NAME, at=AT, reason="d") == Move(NAME, "3", "1")


def test_another_challenger_stays_one(own: ModelRegistry) -> None:
    promote(own, NAME, "3", at=AT, record={})
    assert aliases(own) == {"champion": "3", "challenger": "2"}


def test_the_champion_cannot_follow_itself(own: ModelRegistry) -> None:
    promote(own, NAME, "1", at=AT, record={})
    with pytest.raises(ValueError, match=f"version 1 of {NAME} is the champion already"):
        promote(own, NAME, "1", at=AT, record={})
    assert tags(own, "1")["former_champion"] is None

"""The choice between ways to calibrate: by the mean over parts, if it is worth it; or the one that is asked for."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import expit, logit

from models.calibration import Calibration
from models.contract import TargetKind
from models.estimators.base_rate import BaseRate
from tests.training.made import examples
from training.choose import WORTH, check_asked, choose
from training.fit import Fitted
from training.splits import Split

ROWS = 1000


def part(rate: float, said: float, **ways: float) -> Fitted:
    """Make a part in which `rate` of the rows came true, all were given `said`, and each way moves that by log-odds."""
    actual = (np.arange(ROWS) < rate * ROWS).astype(float)
    scored = pd.DataFrame({"actual": actual, "score": said})
    none = examples([pd.Timestamp("2025-01-05")], rows=1)
    split = Split("one", none, none, None)
    named = {name: Calibration("sigmoid", intercept=shift) for name, shift in ways.items()}
    return Fitted("base_rate", BaseRate(), split, none, scored, {"none": Calibration(), **named})


def loss(rate: float, said: float, shift: float = 0.0) -> float:
    p = expit(logit(said) + shift)
    return float(-rate * np.log(p) - (1 - rate) * np.log(1 - p))


def test_the_least_mean_loss_over_the_parts_is_chosen_and_not_the_best_of_one() -> None:
    parts = [part(0.5, 0.3, one=0.8, other=0.3), part(0.5, 0.3, one=0.8, other=0.3), part(0.4, 0.3, one=0.8, other=0.4)]
    method, losses = choose(parts, asked="choose")
    assert method == "one"
    told: dict[str, list[float]] = {"none": [0, 0, 0], "one": [0.8, 0.8, 0.8], "other": [0.3, 0.3, 0.4]}
    for name, shifts in told.items():
        expected = [loss(rate, 0.3, shift) for rate, shift in zip([0.5, 0.5, 0.4], shifts, strict=True)]
        assert losses[name] == pytest.approx(np.mean(expected))
    assert loss(0.4, 0.3, 0.4) < loss(0.4, 0.3, 0.8)  # on the last part alone the other is better


@pytest.mark.parametrize(("gain", "method"), [(1.05, "one"), (0.95, "none")])
def test_it_must_gain_a_share_of_the_loss(gain: float, method: str) -> None:
    """The shift is found at which the loss is just so much less."""
    before = loss(0.4, 0.3)
    shift = brentq(lambda shift: before - loss(0.4, 0.3, shift) - gain * WORTH * before, 0, 0.3)
    assert choose([part(0.4, 0.3, one=shift)] * 3, asked="choose")[0] == method


@pytest.mark.parametrize(("gaining", "method"), [(3, "one"), (2, "none"), (1, "none")])
def test_it_must_gain_in_more_than_half_of_the_parts(gaining: int, method: str) -> None:
    """Where it gains it gains much, so the mean is better in any case."""
    parts = [part(0.9, 0.3, one=2.0)] * gaining + [part(0.3, 0.3, one=0.01)] * (4 - gaining)
    chosen, losses = choose(parts, asked="choose")
    assert losses["one"] < losses["none"] * (1 - WORTH)
    assert chosen == method


def test_what_is_right_stays_as_it_is() -> None:
    assert choose([part(0.3, 0.3, one=0.2, other=-0.2)] * 3, asked="choose")[0] == "none"


def test_a_way_that_is_asked_for_is_taken_though_it_is_worse() -> None:
    parts = [part(0.3, 0.3, sigmoid=1.0)] * 2
    method, losses = choose(parts, asked="sigmoid")
    assert method == "sigmoid"
    assert losses["sigmoid"] > losses["none"]
    assert choose([part(0.9, 0.3, sigmoid=2.0)] * 2, asked="none")[0] == "none"


def test_only_what_each_part_has_can_be_chosen() -> None:
    parts = [part(0.6, 0.3, sigmoid=1.0, isotonic=1.2), part(0.6, 0.3, isotonic=1.2), part(0.6, 0.3, isotonic=1.2)]
    method, losses = choose(parts, asked="choose")
    assert (method, set(losses)) == ("isotonic", {"none", "isotonic"})
    with pytest.raises(
        ValueError, match="calibration 'sigmoid' could not be fitted in each part; there are none, isotonic"
    ):
        choose(parts, asked="sigmoid")
    assert choose([part(0.6, 0.3)] * 2, asked="choose") == ("none", {})


def test_what_cannot_be_asked_for_is_told() -> None:
    for asked in ("choose", "none", "sigmoid", "isotonic", "sigmoid+season", "none+season"):
        check_asked(asked, kind="binary")
    for asked in ("platt", "choose+season", "", "+season"):
        with pytest.raises(ValueError, match="is none of choose, none, sigmoid, isotonic"):
            check_asked(asked, kind="binary")
    kinds: list[TargetKind] = ["count", "amount", "none"]
    for kind in kinds:
        check_asked("choose", kind=kind)
        check_asked("none", kind=kind)
        with pytest.raises(ValueError, match="calibration 'sigmoid' is of probabilities, and the target is no yes or"):
            check_asked("sigmoid", kind=kind)

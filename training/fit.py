"""`fit`: one model fitted on one split, and what it says of the rows that test it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.calibration import Calibration
from models.contract import Model, eligible, keys_of
from models.estimators import create
from training.calibrate import NONE, calibrations
from training.splits import Split
from training.task import Examples, Task


class NotFitted(ValueError):
    """A model that can do the task, but could not be fitted to these rows; the message says where and why."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model, what it has learned from, and its predictions as they are before they are calibrated.

    `scored` has customer_id, cutoff, (category,) part, actual and score for the test rows that are asked about.
    `calibrations` gives the ways to calibrate it, each fitted on what was known before the test.
    """

    model_name: str
    model: Model
    split: Split
    learned: Examples
    scored: pd.DataFrame
    calibrations: Mapping[str, Calibration]

    def calibrated(self, method: str) -> pd.DataFrame:
        """Give the test rows that are asked about with the scores that a way to calibrate makes of the model's."""
        return self.scored.assign(score=self.calibrations[method].apply(self.scored["score"].to_numpy()))


def fit(
    task: Task, split: Split, *, model: str, params: Mapping[str, Any], calibration: str = NONE, seed: int = 0
) -> Fitted:
    """Fit a model on a split.

    Raises `ValueError` where it cannot predict the target or lacks a feature, `NotFitted` where the rows do not let it.
    """
    made = unfitted(task, model=model, params=params, seed=seed)
    check(task, made, name=model, features=split.train.X)
    learned = split.learned_by(made)
    ways = {NONE: Calibration()}
    try:
        told = scored(made.fit(learned.X, learned.y), split)
        if calibration != NONE and task.kind == "binary":
            ways |= calibrations(task, split, made, lambda: unfitted(task, model=model, params=params, seed=seed))
    except ValueError as error:
        raise NotFitted(f"{model} could not be fitted for {split.name}: {error}") from error
    return Fitted(model, made, split, learned, told, ways)


def unfitted(task: Task, *, model: str, params: Mapping[str, Any], seed: int) -> Model:
    """Make a model for a task."""
    setting = {
        "kind": task.kind,
        "horizon_days": task.horizon_days,
        "lead_days": task.lead_days,
        "learn_days": task.learned_days,
        "elapsed": task.elapsed,
        "seed": seed,
    }
    return create(model, setting=setting, **params)


def check(task: Task, model: Model, *, name: str, features: pd.DataFrame) -> None:
    """Raise `ValueError` where a model cannot do a task, that says why and what to do.

    It is `NotFitted` where only the lead, or what there is to learn from, is none for it: others may do.
    """
    asked = task.target.name if task.target else ""
    if task.kind not in model.kinds:
        what = f"the {task.kind} {asked!r}" if asked else "no target"
        raise ValueError(
            f"model {name!r} predicts {', '.join(model.kinds)}, not {what}; choose another model or target"
        )
    answers = getattr(model, "answers", ())
    if answers and asked not in answers:
        raise ValueError(f"model {name!r} tells of {', '.join(answers)} alone, not of {asked!r}; choose another model")
    if task.texts and not model.requires and not getattr(model, "takes_text", False):
        raise ValueError(
            f"the features {task.texts} are texts, which model {name!r} cannot use; leave them out, ask for one of "
            "their values as COLUMN=VALUE, or choose a model that takes text"
        )
    if model.learns != "outcome" and task.population.anchored:
        raise ValueError(
            f"model {name!r} learns from all customers at one instant, and {task.population.name!r} asks at many"
        )
    if task.lead_days and task.target and model.learns != "outcome":
        raise NotFitted(
            f"model {name!r} tells of the {task.horizon_days} days from the cutoff on and cannot leave out the first "
            f"{task.lead_days} (lead_days): set lead_days to 0, or choose a model that learns from outcomes"
        )
    if getattr(model, "noncontractual", False):
        _check_setting(task, model, name)
    missing = [needed for needed in model.requires if needed not in features]
    if missing:
        raise ValueError(f"model {name!r} needs the features {missing}; add them to the study's features")
    if task.carried and model.learns != "past" and "learn_days" not in model.get_params():
        raise NotFitted(
            f"model {name!r} predicts what it has learned, {task.learned_days} of the {task.horizon_days} days asked "
            "about; leave learn_days out, or choose a model that carries the one to the other, such as clv_blend"
        )


def _check_setting(task: Task, model: Model, name: str) -> None:
    """Refuse a model of customers who leave unseen where they are under contract, unless a person says they are not.

    Purchases that look like payments do not speak against a model of purchases at regular opportunities.
    """
    if task.setting == "noncontractual" or (not task.setting and task.found_setting.verdict != "contractual"):
        return
    if not task.setting and task.found_setting.by_payments and getattr(model, "at_opportunities", False):
        return
    why = "that is said (setting)" if task.setting else task.found_setting.sentence
    raise ValueError(
        f"model {name!r} is of customers who may leave at any time, unseen, and these are under contract: {why}. Use "
        "shifted_beta_geometric or beta_discrete_weibull, or a model that learns from outcomes, of the population "
        "'members' or 'subscribers', which need the table of subscriptions; where it is no contract say "
        'setting = "noncontractual", which goes on record'
    )


def scored(model: Model, split: Split) -> pd.DataFrame:
    """Predict the test rows that are asked about: keys, part, actual and score."""
    X = split.test.X
    table = X[keys_of(X)].assign(part=split.name, actual=split.test.y, score=model.predict(X))
    table = table[eligible(X)].reset_index(drop=True)
    odd = int((~np.isfinite(table["score"])).sum())
    if odd:
        raise ValueError(f"{odd} of {len(table)} predictions are no numbers")
    return table

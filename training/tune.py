"""The one door to Optuna: a model's parameters, tuned inside the training cutoffs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import optuna
import pandas as pd

from models.contract import Span, TargetKind, eligible
from models.estimators import MODELS, create
from models.metrics import METRICS
from training.task import Examples, Split, Task

JUDGED: Final[dict[TargetKind, str]] = {"binary": "log_loss", "count": "normalised_gini", "amount": "normalised_gini"}
"""What a trial is judged by: absolute errors would reward predicting zero."""


def tune(
    task: Task,
    data: Split,
    *,
    model: str,
    params: dict[str, Any],
    trials: int,
    seed: int = 0,
    storage: str | None = None,
    study_name: str | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Find parameters on the latest training cutoff, fitting on those whose horizon has closed by then.

    The test cutoffs are never looked at. With a `storage` (an SQLAlchemy URL) the study is kept: of the `trials`
    asked for only those that are not there yet are run. The model's own parameters are the first trial, so tuning
    cannot end below them. Raises `ValueError` for a model that is not tunable and for too few training cutoffs.
    """
    setting = {"kind": task.kind, "horizon_days": task.horizon_days, "seed": seed}
    own = create(model, setting=setting, **params).get_params()
    spans = {name: _reaching(span, own[name]) for name, span in getattr(MODELS[model], "tunable", {}).items()}
    if not spans:
        raise ValueError(f"model {model!r} has nothing to tune; tune one that names its `tunable` parameters")
    earlier, latest = inner_split(task, data)
    metric = METRICS[JUDGED[task.kind]]
    asked = eligible(latest.X)
    actual = latest.y.to_numpy(dtype=float)[asked]

    def judged(trial: optuna.Trial) -> float:
        tried = {**params, **{name: _suggest(trial, name, span) for name, span in spans.items()}}
        fitted = create(model, setting=setting, **tried).fit(earlier.X, earlier.y)
        return metric(actual, fitted.predict(latest.X)[asked])

    with _quiet():
        search = optuna.create_study(
            storage=storage,
            study_name=study_name,
            load_if_exists=True,
            direction="maximize" if metric.better == "higher" else "minimize",
            sampler=optuna.samplers.TPESampler(seed=seed),
        )
        search.enqueue_trial({name: own[name] for name in spans}, skip_if_exists=True)
        done = sum(trial.state.is_finished() for trial in search.trials)
        search.optimize(judged, n_trials=max(0, trials - done), callbacks=[lambda _, trial: told(trial.number + 1)])
        return {**params, **search.best_params}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from telling every trial; the caller is told."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def inner_split(task: Task, data: Split) -> tuple[Examples, Examples]:
    """Split the training examples: the latest cutoff, and those whose horizon has closed by it."""
    X = data.train.X
    latest = X["cutoff"].max()
    closed = (X["cutoff"] + pd.Timedelta(days=task.horizon_days) <= latest).to_numpy()
    if not closed.any():
        raise ValueError(
            f"no training cutoff has a horizon that closes by the latest one ({latest:%Y-%m-%d}); tuning needs two such"
            " cutoffs: set an earlier `first`"
        )
    last = (X["cutoff"] == latest).to_numpy()
    return _part(data.train, closed), _part(data.train, last)


def _part(examples: Examples, kept: "pd.Series[bool] | Any") -> Examples:
    return Examples(examples.X[kept].reset_index(drop=True), examples.y[kept].reset_index(drop=True))


def _suggest(trial: optuna.Trial, name: str, span: Span) -> float:
    if isinstance(span.low, int) and isinstance(span.high, int):
        return trial.suggest_int(name, span.low, span.high, log=span.log)
    return trial.suggest_float(name, span.low, span.high, log=span.log)


def _reaching(span: Span, own: float) -> Span:
    """Widen a span so that it holds a model's own value."""
    return replace(span, low=min(span.low, own), high=max(span.high, own))

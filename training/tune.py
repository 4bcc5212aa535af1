"""The one door to Optuna: a model's parameters, tuned inside what the first part of the splits learns from."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna

from configs.process import gone, owner
from configs.whole import new_file
from models.contract import Span, TargetKind, eligible
from models.estimators import MODELS
from models.metrics import METRICS
from training.fit import check, unfitted
from training.splits import Split
from training.task import Task

JUDGED: Final[dict[TargetKind, str]] = {"binary": "log_loss", "count": "normalised_gini", "amount": "normalised_gini"}
"""What a trial is judged by: absolute errors would reward predicting zero."""
PARTS: Final = 3
"""Inner splits that a trial is judged on."""
OWNER: Final = "owner"
"""The attribute of a trial that names the process that runs it."""
_DONE: Final = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)


def tune(
    task: Task,
    split: Split,
    *,
    model: str,
    params: Mapping[str, Any],
    trials: int,
    seed: int = 0,
    storage: str | None = None,
    study_name: str | None = None,
    told: Callable[[int, float], None] = lambda done, best: None,
) -> dict[str, Any]:
    """Find parameters on inner splits of what a split learns from; its test rows are never looked at.

    Dated rows are split in time order (each of the latest training cutoffs is predicted from what had closed by then),
    tables into folds. A trial that is behind the median of the others after an inner split is pruned. With a `storage`
    (an SQLAlchemy URL) the study is kept: of the `trials` asked for only those that are not there yet are run, and one
    that was cut off by the end of its process is run again. The model's own parameters are the first trial, so tuning
    cannot end below them. `told` hears how many trials are done, and the best value. Raises `ValueError` for a model
    that is not tunable and for too few training cutoffs.
    """
    made = unfitted(task, model=model, params=params, seed=seed)
    check(task, made, name=model, features=split.train.X)
    own = made.get_params()
    spans = {name: _reaching(span, own[name]) for name, span in getattr(MODELS[model], "tunable", {}).items()}
    if not spans:
        raise ValueError(f"model {model!r} has nothing to tune; tune one that names its `tunable` parameters")
    judge = _Judge(task, tuple(inner_splits(split, seed=seed)), model, params, spans, seed)
    with _quiet():
        search = _opened(task, storage, study_name, seed=seed)
        search.enqueue_trial({name: own[name] for name in spans}, skip_if_exists=True)
        _take_up_again(search)
        done = sum(trial.state in _DONE for trial in search.trials)
        search.sampler = optuna.samplers.TPESampler(seed=seed + done)
        for number in range(done, trials):
            search.optimize(judge, n_trials=1)
            told(number + 1, search.best_value)
        return {**params, **search.best_params}


def storage_at(path: Path) -> str:
    """Give the URL of a file that keeps searches; where it is not there yet it is made, whole or not at all."""
    if not path.exists():
        with _quiet(), new_file(path) as draft:
            optuna.storages.RDBStorage(f"sqlite:///{draft}").engine.dispose()
    return f"sqlite:///{path}"


def inner_splits(split: Split, *, seed: int) -> list[Split]:
    """Give the inner splits that trials are judged on. Raises `ValueError` where there is none."""
    found = split.inner(PARTS, seed=seed)
    if not found:
        latest = split.train.X["cutoff"].max()
        raise ValueError(
            f"no training cutoff has a horizon that closes by the latest one ({latest:%Y-%m-%d}); tuning needs two such"
            " cutoffs: set an earlier `first`"
        )
    return found


class _Judge:
    """What Optuna asks for a trial's value: the mean over the inner splits, told split by split."""

    def __init__(
        self,
        task: Task,
        splits: tuple[Split, ...],
        model: str,
        params: Mapping[str, Any],
        spans: Mapping[str, Span],
        seed: int,
    ) -> None:
        self.task, self.splits, self.model, self.params, self.spans, self.seed = (
            task,
            splits,
            model,
            params,
            spans,
            seed,
        )

    def __call__(self, trial: optuna.Trial) -> float:
        trial.set_user_attr(OWNER, owner())
        tried = {**self.params, **{name: _suggest(trial, name, span) for name, span in self.spans.items()}}
        values: list[float] = []
        for step, split in enumerate(self.splits):
            values.append(self._value(split, tried))
            trial.report(float(np.mean(values)), step)
            if step + 1 < len(self.splits) and trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(values))

    def _value(self, split: Split, params: Mapping[str, Any]) -> float:
        made = unfitted(self.task, model=self.model, params=params, seed=self.seed)
        learned = split.learned_by(made)
        fitted = made.fit(learned.X, learned.y)
        asked = eligible(split.test.X)
        actual = split.test.y.to_numpy(dtype=float)[asked]
        return METRICS[JUDGED[self.task.kind]](actual, fitted.predict(split.test.X)[asked])


def _opened(task: Task, storage: str | None, name: str | None, *, seed: int) -> optuna.Study:
    higher = METRICS[JUDGED[task.kind]].better == "higher"
    return optuna.create_study(
        storage=storage,
        study_name=name,
        load_if_exists=True,
        direction="maximize" if higher else "minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=8, n_warmup_steps=0),
    )


def _take_up_again(search: optuna.Study) -> None:
    """Run trials anew that a process began which has ended since."""
    for trial in search.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        if OWNER not in trial.user_attrs or gone(trial.user_attrs[OWNER]):
            search.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            search.enqueue_trial({**trial.system_attrs.get("fixed_params", {}), **trial.params})


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from telling every trial; the caller is told."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _suggest(trial: optuna.Trial, name: str, span: Span) -> float:
    if isinstance(span.low, int) and isinstance(span.high, int):
        return trial.suggest_int(name, span.low, span.high, log=span.log)
    return trial.suggest_float(name, span.low, span.high, log=span.log)


def _reaching(span: Span, own: float) -> Span:
    """Widen a span so that it holds a model's own value."""
    return replace(span, low=min(span.low, own), high=max(span.high, own))

"""Augury: the history at the door (measured apart), then who is known, then their features."""

from collections.abc import Callable

import pandas as pd

from experiments.benchmarks.features.question import Question
from features.engine.door import admit
from features.engine.run import Engine
from features.engine.scan import scan_files
from features.frame import frame
from features.history import History
from features.library import POPULATIONS, chosen


def prepare(question: Question, *, engine: Engine) -> Callable[[], pd.DataFrame]:
    """Let the history in."""
    history = admitted(question)
    return lambda: answer(history, question, engine=engine)


def answer(history: History, question: Question, *, engine: Engine) -> pd.DataFrame:
    """Give the frame of who is known at each cutoff; with `to` only who that is."""
    return frame(
        history,
        [pd.Timestamp(cutoff) for cutoff in question.cutoffs],
        population=POPULATIONS["known"],
        features=chosen(list(question.names)),
        engine=engine,
        to=question.to,
    )


def admitted(question: Question) -> History:
    """Let the files in as a history, checked and hashed, that stays where it is."""
    files = scan_files("transactions", "read_parquet", question.files, {})
    return admit("benchmark", {"transactions": files}, end=pd.Timestamp(question.cutoffs[-1]))

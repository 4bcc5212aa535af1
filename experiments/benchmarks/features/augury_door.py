"""What letting the history in costs, once a data set: every column checked, every value hashed."""

from collections.abc import Callable

from experiments.benchmarks.features.augury import admitted
from experiments.benchmarks.features.question import Question
from features.history import History


def prepare(question: Question) -> Callable[[], History]:
    """Nothing is prepared."""
    return lambda: admitted(question)

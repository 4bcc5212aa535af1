"""What a metric is, and where all of them are found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from numpy.typing import ArrayLike

from configs.registry import Registry
from models.contract import TargetKind
from models.metrics.inputs import check_binary, codes, numbers

Better = Literal["higher", "lower", "zero"]
"""Which value is good: a high one, a low one, or one near zero."""

F = TypeVar("F", bound=Callable[..., float])


@dataclass(frozen=True)
class Metric:
    """A metric with what must be known to choose, call and read it.

    `kinds` are the targets it applies to, `better` says which value is good. A `grouped` metric judges one ranked
    list a customer and so needs to know which rows belong together.
    """

    name: str
    function: Callable[..., float]
    kinds: tuple[TargetKind, ...]
    better: Better
    grouped: bool

    def __call__(self, actual: ArrayLike, predicted: ArrayLike, groups: ArrayLike | None = None) -> float:
        """Compute the metric; NaN where the data leave it undefined (the metric's docstring says when).

        `actual` and `predicted` hold one value a row. `groups` holds a customer id a row: rows of one customer form
        one ranked list; metrics that are not grouped do not look at it. `ValueError` unless all are 1-D, of one
        length, not empty, finite and without missing ids; if a grouped metric has no `groups`; or if a metric of
        binary targets meets an actual other than 0 and 1.
        """
        actual, predicted = numbers(actual, predicted)
        if self.kinds == ("binary",):
            check_binary(actual)
        if not self.grouped:
            return self.function(actual, predicted)
        if groups is None:
            raise ValueError(f"{self.name} judges one ranked list a customer; give groups, a customer id for each row")
        return self.function(actual, predicted, codes("groups", groups, len(actual)))


METRICS: Registry[Metric] = Registry("metric")


def metric(*, kinds: tuple[TargetKind, ...], better: Better, grouped: bool = False) -> Callable[[F], F]:
    """Register a function `(actual, predicted)`, or `(actual, predicted, groups)` if `grouped`, under its name.

    It gets checked float arrays, and `groups` as whole numbers; see `Metric` for the meaning of the arguments.
    """

    def register(function: F) -> F:
        name = function.__name__
        METRICS.add(name, Metric(name, function, kinds, better, grouped))
        return function

    return register


def metrics_of(kind: TargetKind, grouped: bool) -> list[Metric]:
    """List the metrics of a kind of target; the grouped ones are among them only if `grouped`."""
    return [each for each in METRICS.values() if kind in each.kinds and (grouped or not each.grouped)]

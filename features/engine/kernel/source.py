"""Where a view's answers come from: sorted events, split by what the rows asked may see of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.engine.kernel.answers import Answers
from features.engine.kernel.asked import Asked
from features.engine.kernel.columns import Columns
from features.engine.kernel.loops import Array, Bools

Texts = Mapping[str, Sequence[str]]
"""What codes stand for, by the value they are of."""
Part = tuple[Bools, Answers, Texts]
"""Some of the rows asked, and what answers them."""


@dataclass(frozen=True)
class Source:
    """The events of a view."""

    columns: Columns
    texts: Texts

    def parts(self, asked: Asked) -> Iterator[Part]:
        """Split what is asked: whoever has an event that came to be known late is asked on their own."""
        late = asked.late(self.columns.store)
        yield ~late, Answers(self.columns, asked if not late.any() else asked.some(~late)), self.texts
        if late.any():
            some = asked.some(late)
            alone = self.columns.store.spread(*some.bounds(self.columns.store), some.cutoff)
            yield late, Answers(Columns(alone), some.alone()), self.texts


def merged(parts: Sequence[Part], answers: Sequence[Array]) -> Array:
    """Put the parts' answers together."""
    if len(parts) == 1:
        return answers[0]
    made = np.empty(len(parts[0][0]), answers[0].dtype)
    for (rows, *_), answer in zip(parts, answers, strict=True):
        made[rows] = answer
    return made

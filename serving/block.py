"""A model's batch as a block of the store: each customer's features, and what the batch answered."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import pandas as pd

from models.artifact import Artifact
from models.contract import eligible, keys_of
from models.registry import Registered
from serving.reasons import TERM
from serving.store.layout import Layout, Matrix
from serving.store.store import Block, Generation, Store
from serving.suppression import check_block_name

ANSWER: Final = "answer."
"""Begins the names of the columns that hold what the batch answered."""
GOLDEN: Final = 64
"""So many customers of a batch a model must answer as the batch did, before it goes live."""


def row_frame(
    artifact: Artifact, frame: pd.DataFrame, scores: pd.DataFrame, terms: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Put a batch's features and answers side by side: features first, in the artifact's order, then keys, answers.

    Rows that were not asked about (pairs) have no answer. `terms` are `serving.reasons`'s, if reasons were asked for.
    """
    keys = [name for name in ("customer_id", "cutoff", "category", "eligible") if name in frame]
    known = {*keys_of(frame), "label", "model", "version"}
    asked = frame.index[eligible(frame)]
    told = scores[[name for name in scores if name not in known]].set_axis(asked).add_prefix(ANSWER)
    made = frame[[*artifact.features, *keys]].join(told)
    return made if terms is None else made.join(terms.set_axis(asked))


def write_block(
    store: Store,
    registered: Registered,
    frame: pd.DataFrame,
    scores: pd.DataFrame,
    terms: pd.DataFrame | None = None,
    *,
    about: dict[str, Any],
) -> Generation:
    """Write what a batch observed and answered, whole, and make it what the service answers from.

    `frame` and `scores` are those of `Artifact.score`; `about` is what the batch's manifest says.
    """
    rows = row_frame(registered.artifact, frame, scores, terms)
    return write_rows(store, registered, Layout.of(rows), [rows], about=about)


def write_rows(
    store: Store, registered: Registered, layout: Layout, parts: Iterable[pd.DataFrame], *, about: dict[str, Any]
) -> Generation:
    """Write parts of `row_frame` as they come; no customer may be in two of them. `layout` knows all of their texts."""
    golden: list[str] = []

    cutoff = pd.Timestamp(about["cutoff"])

    def rows() -> Iterator[tuple[str, bytes]]:
        for part in parts:
            told["cutoffs_differ"] |= bool((part["cutoff"] != cutoff).any())
            for customer_id, row in layout.encode(part):
                if len(golden) < GOLDEN:
                    golden.append(customer_id)
                yield customer_id, row

    artifact = registered.artifact
    check_block_name(artifact.name)
    told = {
        **about,
        "model": artifact.name,
        "version": registered.version,
        "artifact": artifact.id,
        "population": [artifact.population, artifact.population_fingerprint],
        "features": dict(artifact.features),
        "categories": list(artifact.categories),
        "layout": layout.plain(),
        "golden": golden,
        "cutoffs_differ": False,
    }
    return store.write(artifact.name, rows(), columns=layout.names, about=told)


@dataclass(frozen=True, eq=False)
class Held:
    """A block that is open for reading, and what its rows are."""

    block: Block
    layout: Layout

    @classmethod
    def of(cls, block: Block) -> Self:
        """Read what a block says of itself."""
        return cls(block, Layout.restore(block.generation.about["layout"]))

    @property
    def generation(self) -> Generation:
        """Which writing it is."""
        return self.block.generation

    @cached_property
    def cutoff(self) -> pd.Timestamp:
        """The instant that the features are of."""
        return pd.Timestamp(self.generation.about["cutoff"])

    @cached_property
    def cutoffs_differ(self) -> bool:
        """Whether rows have cutoffs of their own, as those of a population that is asked at times of its own."""
        return bool(self.generation.about["cutoffs_differ"])

    def lacks(self, artifact: Artifact) -> str | None:
        """Say what an artifact needs that the block does not have as it was trained on; None where it has all."""
        about = self.generation.about
        other = [name for name, print_ in artifact.features.items() if about["features"].get(name) != print_]
        if other:
            return f"the batch has not the features {other} of version {about['version']}'s successor"
        if about["population"] != [artifact.population, artifact.population_fingerprint]:
            return f"the batch is of the population {about['population'][0]!r}, not {artifact.population!r}"
        if list(artifact.categories) != about["categories"]:
            return "the batch is of other categories"
        return None

    def answered_by(self, artifact: Artifact) -> bool:
        """Tell whether the batch's answers are this very artifact's."""
        return bool(self.generation.about["artifact"] == artifact.id)

    def frame(self, customer_ids: Iterable[str], matrix: Matrix) -> pd.DataFrame:
        """Give rows as `Artifact.score` takes them: keys and features."""
        names = [name for name in self.layout.names if not name.startswith((ANSWER, TERM))]
        frame = self.layout.frame(matrix, names)
        frame.insert(0, "customer_id", pd.Series(list(customer_ids), dtype="str"))
        if "eligible" in frame:
            frame["eligible"] = frame["eligible"] == 1
        return frame

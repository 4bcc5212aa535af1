"""Features by customer id: the frame of the latest batch, in memory."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import pandas as pd

from models.artifact import Artifact, ArtifactError
from serving.batch import FRAME, MANIFEST, asked


@dataclass(frozen=True)
class Lookup:
    """A batch's frame, ordered by customer, and whom it holds."""

    frame: pd.DataFrame
    cutoff: pd.Timestamp

    @classmethod
    def read(cls, folder: Path, artifact: Artifact) -> Self | None:
        """Read the features that a batch wrote for an artifact; None where there was no batch yet.

        Raises `ArtifactError` where the batch was written for other features or categories.
        """
        if not (folder / MANIFEST).is_file():
            return None
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["asked"] != asked(artifact):
            raise ArtifactError(
                f"the batch at {folder} was written for another {artifact.name}; run `augury score` anew"
            )
        frame = pd.read_parquet(folder / FRAME)
        ordered = frame.sort_values("customer_id", kind="stable", ignore_index=True)
        return cls(ordered, pd.Timestamp(manifest["cutoff"]))

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where each customer's rows lie."""
        sizes = self.frame.groupby("customer_id", sort=False).size()
        ends = sizes.cumsum()
        return {
            str(name): slice(int(end - size), int(end))
            for name, size, end in zip(sizes.index, sizes, ends, strict=True)
        }

    def rows(self, customer_ids: Sequence[str]) -> pd.DataFrame:
        """Take the rows of those customers whom the batch holds, in the order asked."""
        held = [self.places[customer_id] for customer_id in customer_ids if customer_id in self.places]
        places = [place for each in held for place in range(each.start, each.stop)]
        return self.frame.iloc[places].reset_index(drop=True)
